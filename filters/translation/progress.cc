#include "filters/translation/progress.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace omni::filters {
namespace {

constexpr std::string_view kData = "data:", kDone = "data: [DONE]";

}  // namespace

Progress::Progress(Dispatcher& dispatcher, int64_t began_ns, Send send)
    : dispatcher_(dispatcher),
      began_ns_(began_ns),
      send_(std::move(send)),
      timer_(dispatcher.make_timer([this] {
        timer_->arm(kEvery);
        send_(Buffer(event(false)));
      })) {
  timer_->arm(kEvery);
}

std::string Progress::event(bool is_last) {
  const int64_t elapsed = (dispatcher_.clock().since_start_ns() - began_ns_) / 1'000'000;
  return fmt::format("event: progress\ndata: {{\"tokens_generated\":{},\"elapsed_ms\":{}{}}}\n\n",
                     lines_, elapsed, is_last ? ",\"done\":true" : "");
}

// Strict parsers read nothing behind `[DONE]`.
void Progress::pass(Buffer& bytes) {
  if (bytes.empty() || is_over_) return;
  const std::string_view text = bytes.flatten();
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at);
    if (line.substr(0, kDone.size()) == kDone) {
      std::string out(text.substr(0, at));
      out += event(true);
      out += line;
      is_over_ = true;
      stop();
      bytes = Buffer(out);
      return;
    }
    if (line.substr(0, kData.size()) == kData) ++lines_;
    const size_t end = line.find('\n');
    if (end == std::string_view::npos) break;
    at += end + 1;
  }
}

Buffer Progress::finish() {
  stop();
  return std::exchange(is_over_, true) ? Buffer() : Buffer(event(true));
}

}  // namespace omni::filters
