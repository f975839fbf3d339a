// A structured answer that was asked for as a tool call, turned back into text.
#pragma once

#include <string>

#include "source/llm/event.h"

namespace omni::llm {

// Sits between a decoder and an encoder: calls of the tool become text, the rest passes.
class FormatTool {
 public:
  // An empty name changes nothing.
  explicit FormatTool(std::string name) : name_(std::move(name)) {}

  void put(const Event& event, Emit emit);

 private:
  const std::string name_;
  bool is_open_ = false;  // The call that is the answer.
  bool has_other_calls_ = false, has_answer_ = false;
};

}  // namespace omni::llm
