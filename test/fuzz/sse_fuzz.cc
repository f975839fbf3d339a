// Any split of a stream of events gives the same events, and the bytes stay what they were. (Which
// frame the LF of a split CR LF lies in may differ: it is an empty line to every reader.)
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/llm/openai/answer.h"
#include "source/sse/framer.h"

namespace {

constexpr size_t kLimit = 1 << 20;

void note(std::string& events, std::string_view frame) {
  std::string joined;
  const omni::sse::Event event = omni::sse::parse_frame(frame, joined);
  if (event.has_data) events.append(event.type).append("|").append(event.data).append("\x1e");
}

std::string events_of(std::string_view text) {
  std::string out;
  omni::sse::Framer framer(kLimit);
  omni::Buffer in(text), kept;
  OMNI_CHECK(framer.feed(
      in,
      [&](std::string_view frame) {
        note(out, frame);
        return true;
      },
      kept));
  OMNI_CHECK(kept.to_string() + std::string(framer.tail()) == text);
  return out;
}

struct Seen {
  std::string events;
  std::string kept;  // Events of what was not left out.
};

// Pieces of `step` bytes, leaving some events out.
Seen read(std::string_view text, size_t step) {
  Seen out;
  omni::sse::Framer framer(kLimit), looker(kLimit);
  omni::Buffer kept;
  size_t looked = 0, framed = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min(step, text.size() - at);
    omni::Buffer in(text.substr(at, size));
    at += size;
    OMNI_CHECK(looker.look(in, [&](std::string_view) {
      ++looked;
      return true;
    }));
    OMNI_CHECK(framer.feed(
        in,
        [&](std::string_view frame) {
          ++framed;
          note(out.events, frame);
          std::string event;
          note(event, frame);
          return event.size() % 3 != 1;
        },
        kept));
    OMNI_CHECK(looked == framed);
  }
  out.kept = events_of(kept.to_string());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2048) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string events = events_of(text);
  const Seen whole = read(text, std::max<size_t>(size, 1));
  OMNI_CHECK(whole.events == events);
  for (const size_t step : {1, 2, 3, 7, 64}) {
    const Seen split = read(text, step);
    OMNI_CHECK(split.events == whole.events);
    OMNI_CHECK(split.kept == whole.kept);
  }
  omni::llm::openai::StreamWatch watch(size % 2 == 0 ? 1 : 2);
  omni::sse::Framer framer(kLimit);
  omni::Buffer in(text), kept;
  framer.feed(
      in,
      [&](std::string_view frame) {
        watch.see(frame);
        return true;
      },
      kept);
  watch.see_last(framer.tail());
  return 0;
}
