// Pages of a response's items, and the rest of its stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/llm/call_error.h"

namespace omni::filters {

// As the query asks (platform.openai.com/docs/api-reference/responses/input-items).
struct ItemPage {
  int64_t limit = 20;
  bool is_ascending = false;
  std::string after;
};
std::optional<llm::CallError> read_page(std::string_view target, ItemPage& out);
// `items` with commas between them, each with an id. Nothing when none is `page.after`.
std::optional<std::string> list_items(std::string_view items, const ItemPage& page);

// Of whole server-sent events those whose sequence_number is above `after`.
std::string events_after(std::string_view events, int64_t after);
// The event that ends the stream of a finished response.
std::string last_event(std::string_view object);

}  // namespace omni::filters
