// Chat Completions answers and streams into events
// (platform.openai.com/docs/api-reference/chat/streaming).
#pragma once

#include <string>
#include <vector>

#include "source/llm/codec.h"
#include "source/llm/part_tracker.h"

namespace omni::llm::openai {

// Forgiving where servers of this dialect differ: members in any order, deltas without a role, tool
// calls without index or id, usage on every chunk, more content behind a finish reason.
class ChatDecoder final : public AnswerDecoder {
 public:
  explicit ChatDecoder(const DecoderOptions& options)
      : tracker_(options.id_seed), choices_(options.choices) {
    tracker_.expect_free_text(options.request);
    tracker_.expect_renamed(options.request, kOpenaiNames);
  }

  absl::Status event(const sse::Event& event, Emit emit) override;
  absl::Status whole(std::string_view body, Emit emit) override;
  void finish(Emit emit) override;

 private:
  struct Chunk;
  struct Finish {
    int choice = 0;
    StopReason reason = StopReason::kEnd;
  };

  absl::Status read(std::string_view data, Chunk& chunk);
  absl::Status tell(const Chunk& chunk, Emit emit);
  absl::Status choice(const json::Skimmed& value, Emit emit);
  absl::Status delta(int choice, const json::Skimmed& value, Emit emit);
  absl::Status content(int choice, const json::Skimmed& value, Emit emit);
  absl::Status content_item(int choice, const json::Skimmed& value, Emit emit);
  absl::Status text(int choice, PartKind kind, const json::Skimmed& value, Emit emit);
  absl::Status thought(int choice, const json::Skimmed& value, Emit emit);
  absl::Status thought_signature(const json::Skimmed& value, Signature& out);
  absl::Status tool_calls(int choice, const json::Skimmed& value, Emit emit);
  absl::Status tool_call(int choice, const json::Skimmed& value, int position, Emit emit);
  void note_finish(int choice, StopReason reason);
  absl::Status stop_all(Emit emit);
  void done(Emit emit);

  PartTracker tracker_;
  const int choices_;
  std::vector<Finish> finishes_;  // Told at the end: some servers send content behind them.
  Usage usage_;
  bool is_over_ = false, is_whole_ = false;
};

}  // namespace omni::llm::openai
