// GenerateContentResponse, whole or as a stream's chunks, into events
// (ai.google.dev/api/generate-content#v1beta.GenerateContentResponse).
#pragma once

#include <string>
#include <vector>

#include "source/base/strings.h"
#include "source/llm/codec.h"
#include "source/llm/part_tracker.h"
#include "source/llm/tool_names.h"

namespace omni::llm::gemini {

// A signature on a text or an image is told as reasoning without text in front of it; one on an
// empty text stands for itself, where it came. There is no terminal event: a stream is complete
// when every candidate has its finishReason.
class ContentDecoder final : public AnswerDecoder {
 public:
  explicit ContentDecoder(const DecoderOptions& options);

  absl::Status event(const sse::Event& event, Emit emit) override;
  absl::Status whole(std::string_view body, Emit emit) override;
  void finish(Emit emit) override;

 private:
  struct Chunk;
  struct Said;
  struct Finish {
    int choice = 0;
    StopReason reason = StopReason::kEnd;
  };

  absl::Status read(std::string_view data, Chunk& chunk);
  absl::Status tell(const Chunk& chunk, Emit emit);
  absl::Status candidate(const json::Skimmed& value, Emit emit);
  absl::Status content(int choice, const json::Skimmed& value, Emit emit);
  absl::Status part(int choice, const json::Skimmed& value, Emit emit);
  absl::Status text(int choice, const Said& said, Emit emit);
  absl::Status call(int choice, const Said& said, Emit emit);
  absl::Status media(int choice, const Said& said, Emit emit);
  absl::Status opaque(int choice, const json::Skimmed& value, Emit emit);
  // A part of its own for a signature, or the open one.
  absl::Status signature(int choice, Text proof, bool is_own_part, Emit emit);
  absl::Status grounding(int choice, RawJson raw, Emit emit);
  absl::Status logprobs(int choice, const json::Skimmed& result, Emit emit);
  void note_finish(int choice, StopReason reason);
  absl::Status stop_all(Emit emit);
  bool is_complete() const;
  void fail(std::string_view data, Emit emit);
  void done(Emit emit);

  PartTracker tracker_;
  const int choices_;
  const RenamedTools names_;
  StringSet custom_;              // Names, as they stand between quotes, of tools of free text.
  std::vector<Finish> finishes_;  // Told at the end: content and usage may come behind them.
  std::vector<PartKind> last_;    // Of each choice, what was told last.
  Usage usage_;
  int64_t calls_ = 0;
  bool is_over_ = false, is_blocked_ = false;
};

}  // namespace omni::llm::gemini
