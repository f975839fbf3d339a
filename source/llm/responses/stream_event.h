// One event of a Responses stream, its members sorted
// (platform.openai.com/docs/api-reference/responses-streaming).
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/json/each.h"
#include "source/json/skim.h"
#include "source/llm/text.h"

namespace omni::llm::responses {

using json::each;

struct StreamEvent {
  std::string_view type;  // Of the data; else of the event line.
  int64_t sequence = -1, output = -1;
  int64_t part = 0;  // content_index or summary_index.
  Text delta;
  Text full;  // What a .done event says at once: text, arguments, input or refusal.
  std::optional<json::Skimmed> response, item, added_part, annotation, logprobs, error;

  // Views of `data`.
  absl::Status read(std::string_view event_type, std::string_view data);
};

}  // namespace omni::llm::responses
