// Events into answers of /api/chat and /api/generate, and their streams.
#pragma once

#include <string>

#include "source/llm/codec.h"

namespace omni::llm::ollama {

// A stream is lines of JSON: one a delta, a call when its arguments are whole, and one last line
// with done:true. A plain answer is that last line with all of the message in it. The dialect knows
// one choice: others are left out. /api/generate has `response` and `thinking` in place of a
// message.
class ChatEncoder final : public AnswerEncoder {
 public:
  ChatEncoder(const AnswerOptions& options, bool is_generate);

  void put(const Event& event, std::string& out) override;

 private:
  void start(const Event& event);
  void began(const Event& event, std::string& out);
  void delta(const Event& event, std::string& out);
  void ended(const Event& event, std::string& out);
  void logprobs(const Event& event, std::string& out);
  void end(std::string& out);
  // {"model":...,"created_at":...,"message":{"role":"assistant","content":CONTENT,MORE},"done":
  // or, of /api/generate, {...,"response":CONTENT,MORE,"done":
  void open(std::string_view content, std::string_view more, std::string& out);
  void line(std::string_view content, std::string_view more, std::string& out);
  void append_counts(std::string& out) const;

  const bool is_stream_, is_generate_;
  const std::string model_;
  const int64_t now_;
  std::string names_;                  // "model":...,"created_at":... of every line.
  std::string arguments_, id_, name_;  // Of the open call.
  bool is_custom_ = false;
  // Of a plain answer: what stands between quotes, or in the arrays.
  std::string content_, thinking_, images_, calls_, logprobs_;
  int call_index_ = 0;
  StopReason stop_ = StopReason::kEnd;
  Usage usage_;
};

}  // namespace omni::llm::ollama
