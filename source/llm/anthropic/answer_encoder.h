// Events into Messages answers and streams.
#pragma once

#include <cstdint>
#include <string>

#include "source/llm/codec.h"

namespace omni::llm::anthropic {

// Blocks one after the other, as the vendor sends them; no [DONE].
class MessagesStreamEncoder final : public AnswerEncoder {
 public:
  explicit MessagesStreamEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  enum class Open : uint8_t { kNone, kText, kThinking, kTool };

  void start(const Event& event, std::string& out);
  void began(const Event& event, std::string& out);
  void delta(const Event& event, std::string& out);
  void signature(const Event& event, std::string& out);
  void proof(const Signature& signature, std::string& out);
  void open(Open kind, std::string& out);
  void close(std::string& out);
  void begin_delta(std::string_view type, std::string_view field, std::string& out);
  // A whole block: its begin and its end.
  void block(std::string_view content_block, std::string& out);
  void end(std::string& out);

  const std::string model_, fallback_id_;
  bool has_started_ = false;
  Open open_ = Open::kNone;
  int index_ = -1;  // Of the open block, or the last one.
  StopReason stop_ = StopReason::kEnd;
  std::string stop_sequence_;
  Usage usage_;
};

// One message, written when the answer is done.
class MessagesEncoder final : public AnswerEncoder {
 public:
  explicit MessagesEncoder(const AnswerOptions& options);

  void put(const Event& event, std::string& out) override;

 private:
  void began(const Event& event);
  void signature(const Event& event);
  void ended(const Event& event);
  void comma();
  void write(std::string& out);

  const std::string model_, fallback_id_;
  std::string id_, said_model_;
  std::string content_;              // Finished blocks.
  std::string text_, proof_, call_;  // Of the open part.
  std::string citations_;
  StopReason stop_ = StopReason::kEnd;
  std::string stop_sequence_;
  Usage usage_;
};

}  // namespace omni::llm::anthropic
