#include "source/llm/gemini/model_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/base/format.h"
#include "source/base/strings.h"
#include "source/json/writer.h"

namespace omni::llm::gemini {
namespace {

constexpr int64_t kDefaultSize = 50, kMostSize = 1000;

CallError refuse(std::string_view param, std::string_view why) {
  return {400, "bad_request", fmt::format("{}: {}", param, why), std::string(param)};
}

void append_entry(std::string& out, const ListedModel& listed) {
  append_format(
      out, R"({{"name":{},"baseModelId":{},"version":"","displayName":{},"description":{})",
      json::quoted("models/" + listed.id), json::quoted(listed.id), json::quoted(listed.title()),
      json::quoted(fmt::format("{} of {}", listed.root, listed.provider->id)));
  if (listed.model != nullptr && listed.model->context > 0)
    append_format(out, R"(,"inputTokenLimit":{})", listed.model->context);
  if (listed.model != nullptr && listed.model->max_output > 0)
    append_format(out, R"(,"outputTokenLimit":{})", listed.model->max_output);
  out +=
      R"(,"supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]})";
}

}  // namespace

// A page begins behind the model that its token names, so that a listing which changes meanwhile
// neither repeats nor leaves out what stays.
std::variant<std::string, CallError> render_models(absl::Span<const ListedModel> models,
                                                   const ListQuery& query) {
  int64_t size = kDefaultSize;
  if (const auto text = query_value(query.target, "pageSize"); text && !text->empty()) {
    size = parse_int(*text).value_or(-1);
    if (size < 0) return refuse("pageSize", "must not be negative");
    if (size == 0) size = kDefaultSize;
  }
  if (const auto token = query_value(query.target, "pageToken"); token && !token->empty()) {
    const auto at = std::find_if(models.begin(), models.end(),
                                 [&](const ListedModel& model) { return model.id == *token; });
    if (at == models.end()) return refuse("pageToken", "is not one of this listing");
    models.remove_prefix(static_cast<size_t>(at - models.begin()) + 1);
  }
  const auto page = models.subspan(0, static_cast<size_t>(std::min(size, kMostSize)));
  std::string out = R"({"models":[)";
  for (const ListedModel& model : page) {
    if (&model != &page.front()) out += ',';
    append_entry(out, model);
  }
  out += ']';
  if (page.size() < models.size()) out += ",\"nextPageToken\":" + json::quoted(page.back().id);
  return out + '}';
}

std::string render_model(const ListedModel& model) {
  std::string out;
  append_entry(out, model);
  return out;
}

}  // namespace omni::llm::gemini
