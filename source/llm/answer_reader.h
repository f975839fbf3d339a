// An upstream's bytes into events: framing and decoding in one.
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>

#include "source/buffer/buffer.h"
#include "source/llm/codec.h"
#include "source/sse/framer.h"

namespace omni::llm {

// Streams come as server-sent events, Ollama's as lines of JSON. Any split of the bytes gives the
// same events.
class AnswerReader {
 public:
  // An event beyond `max_event_bytes` is an error.
  AnswerReader(Dialect dialect, const DecoderOptions& options, size_t max_event_bytes);

  // Looks at `in` and leaves it as it is. Not OK: what cannot be read; nothing may follow.
  absl::Status feed(const Buffer& in, Emit emit);
  // The same, and moves whole events from `in` to `out`, so that what follows begins between two.
  absl::Status pass(Buffer& in, Emit emit, Buffer& out);
  // The input has ended: what was not whole when the line end behind it was missing is, if it
  // reads.
  absl::Status finish_pass(Emit emit, Buffer& out);
  // The input has ended. The blank line or line end behind the last event may be missing.
  absl::Status finish(Emit emit);
  // A plain answer, all of it. Not OK when it is none of the dialect's.
  absl::Status whole(std::string_view body, Emit emit) { return decoder_->whole(body, emit); }

 private:
  absl::Status feed_lines(const Buffer& in, Emit emit, Buffer* out);
  absl::Status line(std::string_view line, Emit emit);
  absl::Status frame(std::string_view frame, Emit emit);

  const bool is_lines_;
  const size_t max_event_bytes_;
  std::unique_ptr<AnswerDecoder> decoder_;
  sse::Framer framer_;
  std::string tail_;    // Of a line.
  std::string joined_;  // Of an event with several data lines.
};

}  // namespace omni::llm
