// Reading a call and rendering it for another model changes nothing but what was asked for.
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/llm/call.h"

namespace {

using omni::Buffer;

constexpr std::string_view kOther = "provider/other-model";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  omni::llm::Call call;
  const auto refused = call.read(Buffer(text), size % 2 == 0 ? "text/event-stream" : "");
  OMNI_CHECK(call.is_read() == !refused);
  if (refused) {
    OMNI_CHECK(refused->status == 400 && !refused->message.empty());
    return 0;
  }
  const std::string body(call.body());
  const std::string other = call.render_same_dialect(kOther, false).to_string();
  // One run of bytes differs: the model's value.
  size_t same = 0;
  while (same < body.size() && same < other.size() && body[same] == other[same]) ++same;
  size_t end = 0;
  while (end < body.size() - same && end < other.size() - same &&
         body[body.size() - 1 - end] == other[other.size() - 1 - end])
    ++end;
  OMNI_CHECK(other.size() - same - end <= kOther.size() + 2);
  for (const bool with_usage : {false, true}) {
    omni::llm::Call again;
    const auto refused_again = again.read(call.render_same_dialect(kOther, with_usage), "");
    OMNI_CHECK(!refused_again);
    OMNI_CHECK(again.model() == kOther);
    OMNI_CHECK(again.wants_stream() == call.wants_stream());
    OMNI_CHECK(again.choices() == call.choices());
    OMNI_CHECK(!with_usage || !call.wants_stream() || again.asked_for_usage());
  }
  OMNI_CHECK(call.body() == body);
  return 0;
}
