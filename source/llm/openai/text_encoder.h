// Events into text completions and their streams
// (platform.openai.com/docs/api-reference/completions/object).
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "source/llm/codec.h"

namespace omni::llm::openai {

// A stream is data: events of the same object, [DONE] at the end. Thoughts and calls, which the
// object has no place for, are left out; a refusal is text.
class TextEncoder final : public AnswerEncoder {
 public:
  explicit TextEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  struct Choice {
    std::string text, logprobs;
    size_t offset = 0;  // Characters so far, for the offsets of tokens.
    bool has_begun = false;
    StopReason stop = StopReason::kEnd;
  };

  // The prompt goes first where the client wants it back.
  Choice& choice(int index, std::string& out);
  void start(const Event& event);
  void delta(const Event& event, std::string& out);
  void logprobs(const Event& event, std::string& out);
  void piece(int index, std::string_view text, std::string_view logprobs, std::string_view finish,
             std::string& out);
  void done(std::string& out);
  void append_choice(int index, std::string_view text, std::string_view logprobs,
                     std::string_view finish, std::string& out);

  const bool is_stream_, include_usage_;
  const std::string model_, fallback_id_, echo_;
  const int64_t now_;
  std::string prefix_;  // {"id":... of every object, up to the choices.
  std::deque<Choice> choices_;
  Usage usage_;
};

// The logprobs of a chat as text completions write them; `offset` counts characters and moves on.
std::string text_logprobs(std::string_view chat, size_t& offset);

}  // namespace omni::llm::openai
