// Events into Chat Completions answers and streams.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "source/llm/codec.h"

namespace omni::llm::openai {

// data: chunks, one a delta, [DONE] at the end. Tool calls are numbered as they begin.
class ChatStreamEncoder final : public AnswerEncoder {
 public:
  explicit ChatStreamEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  struct Choice {
    bool has_begun = false;
    int tool_calls = 0;
    int thoughts = 0;
    bool is_custom = false;
    std::string thought;  // Of the open reasoning part: a signature needs its text beside it.
  };

  Choice& choice(int index);
  void start(const Event& event);
  void began(const Event& event, std::string& out);
  void delta(const Event& event, std::string& out);
  void signature(const Event& event, std::string& out);
  void logprobs(const Event& event, std::string& out);
  // Opens and closes a chunk around what stands inside `delta`.
  void open(int choice, std::string& out);
  void close(std::string_view finish_reason, std::string& out);
  void usage(std::string& out);

  const bool include_usage_;
  const std::string model_, fallback_id_;
  const int64_t now_;
  std::string prefix_;  // Of every chunk, up to the choice's index.
  std::deque<Choice> choices_;
  Usage usage_;
};

// One chat.completion, written when the answer is done.
class ChatEncoder final : public AnswerEncoder {
 public:
  explicit ChatEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  struct Choice {
    std::string content, refusal, reasoning, details, tool_calls, images;
    std::string logprobs, entries;  // As they came, where they came at once; all of the text's.
    int logprob_count = 0;
    std::string thought;
    bool has_content = false;
    StopReason stop = StopReason::kEnd;
  };

  Choice& choice(int index);
  void began(const Event& event);
  void delta(const Event& event);
  void ended(const Event& event);
  void write(std::string& out);
  void write(const Choice& choice, int index, std::string& out);

  const std::string model_, fallback_id_;
  const int64_t now_;
  std::string id_, said_model_;
  int64_t created_ = 0;
  std::deque<Choice> choices_;
  Usage usage_;
};

}  // namespace omni::llm::openai
