// Answers of /api/chat, whole or as lines of a stream, into events
// (github.com/ollama/ollama, docs/api.md).
#pragma once

#include "source/base/strings.h"
#include "source/llm/codec.h"
#include "source/llm/part_tracker.h"

namespace omni::llm::ollama {

// A plain answer is what a stream's only line would be.
class ChatDecoder final : public AnswerDecoder {
 public:
  explicit ChatDecoder(const DecoderOptions& options);

  absl::Status event(const sse::Event& event, Emit emit) override;
  absl::Status whole(std::string_view body, Emit emit) override;
  // `done` is the only end.
  void finish(Emit) override {}

 private:
  struct Line;

  absl::Status read(std::string_view data, Line& line);
  absl::Status tell(const Line& line, Emit emit);
  absl::Status message(const json::Skimmed& value, Emit emit);
  absl::Status text(PartKind kind, const json::Skimmed& value, Emit emit);
  absl::Status logprobs(const json::Skimmed& row, Emit emit);
  absl::Status image(const json::Skimmed& value, Emit emit);
  absl::Status call(const json::Skimmed& value, Emit emit);
  absl::Status end(std::string_view reason, Emit emit);

  PartTracker tracker_;
  StringSet custom_;  // Names, as they stand between quotes, of tools that take free text.
  Usage usage_;
  int64_t calls_ = 0;
  bool has_text_ = false;  // It is what was told last.
  bool is_over_ = false;
};

}  // namespace omni::llm::ollama
