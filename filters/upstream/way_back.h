// What the translation of an answer must know of the request that its target was sent.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/exchange.h"

namespace omni::filters {

// Rendering writes it into facts.answer. An attempt keeps its own until it commits, because another
// one may be rendered beside it.
class WayBack {
 public:
  void take(Answer& answer) {
    dropped_ = std::move(answer.dropped);
    format_tool_ = std::move(answer.format_tool);
    hide_usage_chunk_ = answer.hide_usage_chunk;
  }
  void give(Answer& answer) {
    answer.dropped = std::move(dropped_);
    answer.format_tool = std::move(format_tool_);
    answer.hide_usage_chunk = hide_usage_chunk_;
  }

 private:
  std::vector<std::string> dropped_;
  std::string format_tool_;
  bool hide_usage_chunk_ = false;
};

}  // namespace omni::filters
