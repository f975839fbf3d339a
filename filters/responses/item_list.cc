#include "filters/responses/item_list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "filters/responses/asked.h"
#include "source/base/strings.h"
#include "source/json/builder.h"
#include "source/json/edit.h"
#include "source/json/skim.h"
#include "source/sse/framer.h"

namespace omni::filters {
namespace {

constexpr int64_t kMostItems = 100;

struct Item {
  std::string_view id;  // As it stands between its quotes.
  std::string_view raw;
};

std::vector<Item> read_items(const std::string& array) {
  std::vector<Item> out;
  json::Skimmer skimmer(array, json::Kind::kArray);
  for (json::Skimmed item; skimmer.next(item);) {
    const auto id = json::find_member(item.raw, {"id"});
    out.push_back({id && id->kind == json::Kind::kString ? id->inside() : "", item.raw});
  }
  return out;
}

}  // namespace

std::optional<llm::CallError> read_page(std::string_view target, ItemPage& out) {
  if (const auto limit = query_value(target, "limit")) {
    const auto number = parse_int(*limit);
    if (!number || *number < 1 || *number > kMostItems)
      return wrong("limit", "must be between 1 and 100");
    out.limit = *number;
  }
  const std::string order = query_value(target, "order").value_or("desc");
  if (order != "asc" && order != "desc") return wrong("order", "must be asc or desc");
  out.is_ascending = order == "asc";
  out.after = query_value(target, "after").value_or("");
  return std::nullopt;
}

std::optional<std::string> list_items(std::string_view items, const ItemPage& page) {
  const std::string array = "[" + std::string(items) + "]";
  std::vector<Item> all = read_items(array);
  if (!page.is_ascending) std::reverse(all.begin(), all.end());
  auto first = all.begin();
  if (!page.after.empty()) {
    first = std::find_if(all.begin(), all.end(),
                         [&](const Item& item) { return item.id == page.after; });
    if (first == all.end()) return std::nullopt;
    ++first;
  }
  const auto left = static_cast<int64_t>(all.end() - first);
  const auto last = first + std::min(page.limit, left);
  std::string out;
  json::Builder json(out);
  json.object().string("object", "list").array("data");
  for (auto item = first; item != last; ++item) json.item(item->raw);
  json.end_array();
  if (first == last) {
    json.null("first_id").null("last_id");
  } else {
    json.text("first_id", first->id).text("last_id", (last - 1)->id);
  }
  json.boolean("has_more", last != all.end()).end_object();
  return out;
}

std::string events_after(std::string_view events, int64_t after) {
  std::string out, joined;
  sse::FrameScan scan;
  for (std::string_view rest = events; !rest.empty();) {
    const size_t end = std::min(scan.find_end(rest, 0), rest.size());
    const std::string_view frame = rest.substr(0, end);
    rest.remove_prefix(end);
    const sse::Event event = sse::parse_frame(frame, joined);
    const auto number = json::find_member(event.data, {"sequence_number"});
    const auto value =
        number ? number->integer() : absl::StatusOr<int64_t>(absl::NotFoundError(""));
    if (!value.ok() || *value > after) out += frame;
  }
  return out;
}

std::string last_event(std::string_view object) {
  const auto status = json::find_member(object, {"status"});
  std::string type = "response.";
  type += status && status->kind == json::Kind::kString ? status->inside() : "failed";
  std::string out = "event: " + type + "\ndata: ";
  json::Builder json(out);
  json.object().string("type", type).number("sequence_number", 0).member("response", object);
  json.end_object();
  return out + "\n\n";
}

}  // namespace omni::filters
