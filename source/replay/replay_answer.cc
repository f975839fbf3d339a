#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/llm/answer_reader.h"
#include "source/llm/error.h"
#include "source/llm/text.h"
#include "source/replay/replay.h"

namespace omni::replay {
namespace {

constexpr size_t kMaxEventBytes = size_t{8} * 1024 * 1024;
// What an answer without an id or a time is given.
constexpr std::string_view kId = "replay";
constexpr int64_t kNow = 1'700'000'000;

// Lines of JSON are many values, a document is one; everything else that streams is no JSON.
Form form_of(std::string_view text) {
  const std::string_view whole = trim(text);
  if (whole.empty() || whole.front() != '{') return Form::kStream;
  const size_t line = whole.find('\n');
  if (line == std::string_view::npos) return Form::kPlain;
  llm::JsonProgress first;
  first.feed(whole.substr(0, line));
  return first.is_whole() ? Form::kStream : Form::kPlain;
}

// The client's side: follows the events and keeps what it would get.
class Client {
 public:
  Client(const Options& options, Form wanted)
      : options_(options), is_stream_(wanted == Form::kStream) {
    llm::AnswerOptions how;
    how.stream = is_stream_;
    how.model = options.model;
    how.fallback_id = kId;
    how.now = kNow;
    how.is_json_array = options.is_json_array;
    encoder_ = llm::make_answer_encoder(options.to, how);
  }

  void put(const llm::Event& event) {
    using Kind = llm::Event::Kind;
    if (is_over_) return;
    is_over_ = event.kind == Kind::kDone || event.kind == Kind::kFailed;
    if (event.kind == Kind::kFailed) note(event.error->message);
    if (event.kind == Kind::kFailed && !is_stream_) return give_up(*event.error);
    encoder_->put(event, out_.output);
  }

  // The gateway's own error, unless the answer has ended.
  void fail(std::string_view code, std::string message) {
    if (std::exchange(is_over_, true)) return;
    note(message);
    give_up({.status = 502, .code = std::string(code), .message = std::move(message)});
  }

  Outcome& outcome() { return out_; }

 private:
  void note(std::string_view why) {
    out_.has_failed = true;
    out_.notes.push_back(fmt::format("the answer failed: {}", why));
  }

  // An open stream gets an error as its last event, who waits for a document gets that instead.
  void give_up(const llm::Error& error) {
    if (!is_stream_) {
      out_.output = llm::render_error(options_.to, error);
    } else if (!options_.is_json_array) {
      out_.output += llm::render_stream_error(options_.to, error);
    } else {
      llm::Event event;
      event.kind = llm::Event::Kind::kFailed;
      event.error = &error;
      encoder_->put(event, out_.output);
    }
  }

  const Options& options_;
  const bool is_stream_;
  std::unique_ptr<llm::AnswerEncoder> encoder_;
  bool is_over_ = false;
  Outcome out_;
};

absl::Status read_plain(const Options& options, std::string_view answer, Client& client) {
  llm::AnswerReader reader(options.from, {.id_seed = kId}, kMaxEventBytes);
  return reader.whole(answer, [&](const llm::Event& event) { client.put(event); });
}

absl::Status read_stream(const Options& options, std::string_view answer, Client& client) {
  const auto emit = [&](const llm::Event& event) { client.put(event); };
  llm::AnswerReader reader(options.from, {.id_seed = kId}, kMaxEventBytes);
  const size_t step = options.piece_bytes > 0 ? options.piece_bytes : answer.size();
  for (size_t at = 0; at < answer.size(); at += step)
    OMNI_RETURN_IF_ERROR(reader.feed(Buffer(answer.substr(at, step)), emit));
  // What the end leaves open is half an event, and said to be incomplete.
  reader.finish(emit).IgnoreError();
  return absl::OkStatus();
}

}  // namespace

Outcome replay_answer(const Options& options, std::string_view answer) {
  const Form form = options.given.value_or(form_of(answer));
  Client client(options, options.wanted.value_or(form));
  const absl::Status status = form == Form::kPlain ? read_plain(options, answer, client)
                                                   : read_stream(options, answer, client);
  if (!status.ok())
    client.fail("upstream_invalid_answer",
                fmt::format("The provider's answer makes no sense: {}", message(status)));
  client.fail("upstream_stream_incomplete",
              "The provider's stream ended before the answer was complete.");
  return std::move(client.outcome());
}

}  // namespace omni::replay
