// Reading OpenAI chat answers without re-encoding them: what they say about success, completeness
// and usage (platform.openai.com/docs/api-reference/chat).
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/json/skim.h"
#include "source/llm/usage.h"

namespace omni::llm::openai {

// Usage from a `usage` object: prompt_tokens includes cached ones, completion_tokens reasoning.
absl::Status read_usage(const json::Skimmed& value, Usage& usage);

// A whole answer that is not a stream. OK when it is a success object: one with `choices`, which
// may not be an error.
absl::Status read_answer(std::string_view body, Usage& usage);

// Follows a stream frame by frame.
class StreamWatch {
 public:
  enum class Frame : uint8_t {
    kEmpty,      // Nothing a client would show: a role, a comment, an empty delta.
    kContent,    // Text, a tool call, reasoning or a refusal.
    kFinish,     // A finish reason.
    kUsageOnly,  // Usage and no choices: the chunk that include_usage asks for.
    kDone,       // [DONE].
    kError,      // An error object instead of a chunk.
    kGarbage,    // Data that is not JSON.
  };

  explicit StreamWatch(int choices) : choices_(choices) {}
  // For a stream whose first frames somebody has read: content follows, and `usage` was told.
  StreamWatch(int choices, const Usage& usage)
      : choices_(choices), has_content_(true), usage_(usage) {}

  // Reads one frame of the stream. Before the first content every frame is parsed; afterwards only
  // those that may finish or count, and others are called kContent.
  Frame see(std::string_view frame);
  // The same for a frame that may have broken off: it is parsed whatever came before.
  Frame see_last(std::string_view frame) { return look(frame, false); }

  // The upstream's own terminal event was seen: [DONE], or a finish reason for every choice.
  bool is_complete() const { return done_ || finished_.size() >= static_cast<size_t>(choices_); }
  bool is_done() const { return done_; }
  const Usage& usage() const { return usage_; }
  // The data of the last kError frame.
  const std::string& error() const { return error_; }

 private:
  // What one chunk says.
  struct Chunk {
    Frame found = Frame::kEmpty;
    bool has_choices = false, has_usage = false, has_error = false;
  };

  Frame look(std::string_view frame, bool may_skip);
  Frame parse(std::string_view data);
  absl::Status read_chunk(std::string_view data, Chunk& chunk);
  absl::Status read_choice(const json::Skimmed& choice, Frame& found);

  int choices_;
  bool has_content_ = false;
  bool done_ = false;
  std::vector<int64_t> finished_;  // Choice indexes.
  Usage usage_;
  std::string error_;
  std::string joined_;
};

}  // namespace omni::llm::openai
