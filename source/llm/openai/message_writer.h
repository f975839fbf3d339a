// The messages of a Chat Completions request.
#pragma once

#include <string>
#include <vector>

#include "source/llm/codec.h"
#include "source/llm/parts.h"
#include "source/llm/tool_names.h"

namespace omni::llm::openai {

// Writes into the open `messages` array. Media that a tool returned has no place in a tool's
// message: it follows the row of results as the user's.
class MessageWriter {
 public:
  // A call of free text is written as a function's unless the server `takes_free_text`.
  MessageWriter(json::Builder& json, const RequestOptions& options, bool takes_free_text,
                const NameRule& names, Dropped& dropped)
      : json_(json),
        options_(options),
        takes_free_text_(takes_free_text),
        names_(names),
        dropped_(dropped) {}

  void write(const Message& message);
  void finish();

 private:
  void system(const Message& message);
  void user(const Message& message);
  void assistant(const Message& message);
  void tool_calls(const Message& message);
  std::string call_id(const Part& part) const;
  void reasoning(const Message& message);
  void tool_result(const Part& result);
  void part(const Part& part);
  void media(const Part& part);
  void cache_control(const Part& part);
  bool keeps_marker(const std::vector<Part>& parts);

  json::Builder& json_;
  const RequestOptions& options_;
  const bool takes_free_text_;
  const NameRule names_;
  Dropped& dropped_;
  std::vector<const Part*> media_;  // Of results, not written yet.
};

}  // namespace omni::llm::openai
