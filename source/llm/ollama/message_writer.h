// The messages of a chat request.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/llm/call_error.h"
#include "source/llm/call_ids.h"
#include "source/llm/codec.h"
#include "source/llm/parts.h"

namespace omni::llm::ollama {

// Writes into the open `messages` array. Content is one string; images stand beside it.
class MessageWriter {
 public:
  MessageWriter(json::Builder& json, const Request& request, Dropped& dropped,
                std::optional<CallError>& error)
      : json_(json), names_(request), dropped_(dropped), error_(error) {}

  void write(const Message& message);

 private:
  void content(const std::vector<Part>& parts, std::string_view separator);
  void images(const std::vector<Part>& parts);
  void thinking(const std::vector<Part>& parts);
  void tool_calls(const std::vector<Part>& parts);
  void tool_result(const Part& result);
  void note_drops(const std::vector<Part>& parts);
  void refuse(std::string message);

  json::Builder& json_;
  const CallNames names_;
  Dropped& dropped_;
  std::optional<CallError>& error_;
};

}  // namespace omni::llm::ollama
