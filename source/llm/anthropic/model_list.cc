#include "source/llm/anthropic/model_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/base/format.h"
#include "source/base/strings.h"
#include "source/json/writer.h"

namespace omni::llm::anthropic {
namespace {

constexpr int64_t kDefaultLimit = 20, kMostLimit = 1000;

CallError refuse(std::string_view param, std::string_view why) {
  return {400, "bad_request", fmt::format("{}: {}", param, why), std::string(param)};
}

// Where `id` stands; size() when it is not there.
size_t position(absl::Span<const ListedModel> models, std::string_view id) {
  const auto at = std::find_if(models.begin(), models.end(),
                               [&](const ListedModel& model) { return model.id == id; });
  return static_cast<size_t>(at - models.begin());
}

// An unknown release date may be the epoch, says the vendor.
void append_entry(std::string& out, const ListedModel& listed) {
  append_format(
      out,
      R"({{"type":"model","id":{},"display_name":{},"created_at":"1970-01-01T00:00:00Z","lifecycle":"active")",
      json::quoted(listed.id), json::quoted(listed.title()));
  const auto append_limit = [&](std::string_view key, int64_t tokens) {
    append_format(out, R"(,"{}":{})", key, tokens > 0 ? std::to_string(tokens) : "null");
  };
  append_limit("max_input_tokens", listed.model == nullptr ? 0 : listed.model->context);
  append_limit("max_tokens", listed.model == nullptr ? 0 : listed.model->max_output);
  out += R"(,"capabilities":null,"line":null,"deprecated_at":null,"retires_at":null})";
}

std::string render_page(absl::Span<const ListedModel> page, bool has_more) {
  std::string out = R"({"data":[)";
  for (const ListedModel& model : page) {
    if (&model != &page.front()) out += ',';
    append_entry(out, model);
  }
  const std::string first = page.empty() ? "null" : json::quoted(page.front().id);
  const std::string last = page.empty() ? "null" : json::quoted(page.back().id);
  append_format(out, R"(],"has_more":{},"first_id":{},"last_id":{}}})", has_more, first, last);
  return out;
}

}  // namespace

std::variant<std::string, CallError> render_models(absl::Span<const ListedModel> models,
                                                   const ListQuery& query) {
  // All of them are in use.
  const auto lifecycle = query_value(query.target, "lifecycle");
  if (lifecycle && lifecycle->find("active") == std::string::npos) models = {};
  int64_t limit = kDefaultLimit;
  if (const auto text = query_value(query.target, "limit")) {
    limit = parse_int(*text).value_or(0);
    if (limit < 1 || limit > kMostLimit) return refuse("limit", "must be between 1 and 1000");
  }
  const auto size = static_cast<size_t>(limit);
  const auto after = query_value(query.target, "after_id");
  const auto before = query_value(query.target, "before_id");
  if (after && before) return refuse("before_id", "cannot be given together with after_id");
  if (before) {
    const size_t end = position(models, *before);
    if (end == models.size()) return refuse("before_id", "there is no such model");
    const size_t begin = end - std::min(end, size);
    return render_page(models.subspan(begin, end - begin), begin > 0);
  }
  size_t begin = 0;
  if (after) {
    begin = position(models, *after) + 1;
    if (begin > models.size()) return refuse("after_id", "there is no such model");
  }
  const absl::Span<const ListedModel> page = models.subspan(begin, size);
  return render_page(page, begin + page.size() < models.size());
}

std::string render_model(const ListedModel& model) {
  std::string out;
  append_entry(out, model);
  return out;
}

}  // namespace omni::llm::anthropic
