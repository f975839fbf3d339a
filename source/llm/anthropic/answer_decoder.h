// Messages answers and streams into events (docs.claude.com/en/docs/build-with-claude/streaming).
#pragma once

#include <string>
#include <vector>

#include "source/llm/codec.h"
#include "source/llm/part_tracker.h"

namespace omni::llm::anthropic {

class MessagesDecoder final : public AnswerDecoder {
 public:
  // The vendor opens one at a time.
  static constexpr size_t kMaxOpenBlocks = 64;

  explicit MessagesDecoder(const DecoderOptions& options) : tracker_(options.id_seed) {
    tracker_.expect_free_text(options.request);
    tracker_.expect_renamed(options.request, kAnthropicNames);
  }

  absl::Status event(const sse::Event& event, Emit emit) override;
  absl::Status whole(std::string_view body, Emit emit) override;
  void finish(Emit emit) override;

 private:
  // An open content block, by the index the upstream gave it.
  struct Block {
    int64_t index = 0;
    enum class Kind : uint8_t { kText, kThinking, kTool, kOther } kind = Kind::kOther;
    std::string input;  // Told with the block's begin; counts when no fragment follows.
    bool has_fragments = false;
  };
  struct Message;

  absl::Status message_start(const json::Skimmed& message, Emit emit);
  absl::Status read_message(json::Skimmer& from, Message& out);
  absl::Status blocks(const json::Skimmed& content, Emit emit);
  absl::Status block_start(int64_t index, const json::Skimmed& value, Emit emit);
  absl::Status block_delta(int64_t index, const json::Skimmed& value, Emit emit);
  absl::Status block_stop(int64_t index, Emit emit);
  absl::Status message_delta(const json::Skimmed& value);
  absl::Status signature(bool is_redacted, Text value, Emit emit);
  absl::Status stop(Emit emit);
  absl::Status read_usage(const json::Skimmed& value);
  void tell_usage(Emit emit);
  void done(Emit emit);
  // Null when no block of that index is open.
  Block* find_block(int64_t index);

  PartTracker tracker_;
  std::vector<Block> blocks_;
  Usage usage_;
  // The vendor counts what was cached apart from the rest.
  int64_t uncached_ = -1;
  StopReason reason_ = StopReason::kEnd;
  bool has_reason_ = false, is_over_ = false;
  std::string stop_sequence_;
};

}  // namespace omni::llm::anthropic
