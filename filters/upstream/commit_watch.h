// Watches the beginning of an upstream's stream for the moment from which it counts as an answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "api/exchange.h"
#include "source/llm/answer_reader.h"
#include "source/llm/openai/answer.h"
#include "source/sse/framer.h"

namespace omni::filters {

// Of any dialect. Nothing it looks at is changed or kept.
class CommitWatch {
 public:
  enum class Verdict : uint8_t {
    kWait,    // Nothing that a client would show yet.
    kGood,    // Text, a tool call, reasoning, a refusal, or a finish.
    kError,   // The stream says that it failed: error().
    kBroken,  // It cannot be read, or one event is larger than `max_event_bytes`.
  };

  // `to_the_end`: the whole stream will be looked at, not only its beginning.
  CommitWatch(Dialect dialect, int choices, std::string_view id_seed, size_t max_event_bytes,
              bool to_the_end);

  Verdict look(const Buffer& bytes);
  // The input has ended: true when the answer is complete by its dialect's own rule.
  bool finish();
  const llm::Error& error() const { return error_; }
  // Hands on what was read, so that nobody reads it again.
  void report(Answer& answer) const;

 private:
  Verdict look_at_chat(const Buffer& bytes);
  void see(const llm::Event& event);

  // OpenAI's chunks, which need no events to be told apart.
  struct Chat {
    Chat(int choices, size_t max_event_bytes) : framer(max_event_bytes), stream(choices) {}
    sse::Framer framer;
    llm::openai::StreamWatch stream;
    int frames = 0, empty_frames = 0;
    std::optional<int> frames_before_content;
  };
  std::optional<Chat> chat_;
  std::unique_ptr<llm::AnswerReader> reader_;
  bool is_good_ = false, is_done_ = false, has_error_ = false;
  llm::Error error_;
};

// A whole plain answer of `dialect`. OK when it is a success object; reads its usage.
absl::Status read_plain_answer(Dialect dialect, std::string_view body, llm::Usage& usage);
// How many bytes of text such an answer holds, thoughts and calls included.
uint64_t text_bytes_of(Dialect dialect, std::string_view body);

}  // namespace omni::filters
