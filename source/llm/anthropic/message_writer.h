// The system text and the messages of a Messages request.
#pragma once

#include <optional>
#include <string>

#include "source/llm/codec.h"
#include "source/llm/parts.h"

namespace omni::llm::anthropic {

// Neighbours of one role become one message, results stand first in the user's, and nothing empty
// is sent: the vendor refuses it.
class MessageWriter {
 public:
  MessageWriter(json::Builder& json, const Request& request, Dropped& dropped, bool marks_prefix)
      : json_(json), request_(request), dropped_(dropped), marks_prefix_(marks_prefix) {}

  // `system` and `messages`. `note` is said behind the system text; empty: nothing. Messages may
  // not be empty: where nobody else speaks, the system's text is what the user says.
  void write(std::string_view note);
  std::optional<CallError>& error() { return error_; }

 private:
  void system(std::string_view note);
  void alone(std::string_view note);
  bool has_system(std::string_view note) const;
  void system_texts(std::string_view note);
  void messages();
  void content(const Message& message);
  bool is_sent(const Part& part) const;
  void block(const Part& part, bool is_last);
  void media(const Part& part);
  void source(const Media& media);
  void tool_use(const Part& part);
  void tool_result(const Part& part);
  void thinking(const Part& part);
  void cache_control(const Part& part, bool is_last);
  void refuse(std::string_view param, std::string_view message);

  json::Builder& json_;
  const Request& request_;
  Dropped& dropped_;
  const bool marks_prefix_;
  const Part* last_ = nullptr;  // The conversation's: behind it the prefix ends.
  std::optional<CallError> error_;
};

// Ids are [a-zA-Z0-9_-]+ here; other characters become '_', in the call and in its result alike.
void append_tool_id(std::string& out, Text id);

}  // namespace omni::llm::anthropic
