#include "source/llm/ollama/model_list.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include "source/base/digest.h"
#include "source/base/format.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/skim.h"
#include "source/json/writer.h"

namespace omni::llm::ollama {
namespace {

std::string time_text(int64_t seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(seconds),
                          absl::UTCTimeZone());
}

// Where weights are and how they are made is not known of models that others serve.
std::string render_details(const ListedModel& listed) {
  const std::string family = json::quoted(listed.provider->id);
  return fmt::format(
      R"({{"parent_model":"","format":"","family":{0},"families":[{0}],"parameter_size":"","quantization_level":""}})",
      family);
}

std::string digest_of(std::string_view id) {
  const Digest digest = sha256(id);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

absl::Status read_name(std::string_view body, std::string& name) {
  json::Skimmer skimmer(body, json::Kind::kObject);
  json::Skimmed member;
  while (skimmer.next(member)) {
    if (member.key != "model" && (member.key != "name" || !name.empty())) continue;
    if (member.kind != json::Kind::kString)
      return invalid(fmt::format("{}: must be a string", member.key));
    OMNI_ASSIGN_OR_RETURN(name, member.text());
  }
  return skimmer.status();
}

}  // namespace

std::string render_models(absl::Span<const ListedModel> models, const ListQuery& query) {
  std::string out = R"({"models":[)";
  for (const ListedModel& model : models) {
    if (&model != &models.front()) out += ',';
    const std::string id = json::quoted(model.id);
    append_format(
        out,
        R"({{"name":{0},"model":{0},"modified_at":"{1}","size":0,"digest":"{2}","details":{3}}})",
        id, time_text(query.now), digest_of(model.id), render_details(model));
  }
  return out + "]}";
}

std::string render_model(const ListedModel& listed, const ListQuery& query) {
  const std::string family = listed.provider->id;
  std::string info = fmt::format(R"("general.architecture":{},"general.basename":{})",
                                 json::quoted(family), json::quoted(listed.title()));
  if (listed.model != nullptr && listed.model->context > 0)
    append_format(info, ",{}:{}", json::quoted(family + ".context_length"), listed.model->context);
  std::string capabilities = "\"completion\"";
  if (!listed.provider->is_demo) capabilities += ",\"tools\"";
  if (listed.model != nullptr && (listed.model->inputs & kImage) != 0)
    capabilities += ",\"vision\"";
  return fmt::format(
      R"({{"modelfile":{},"parameters":"","template":"","details":{},"model_info":{{{}}},"capabilities":[{}],"modified_at":"{}"}})",
      json::quoted(fmt::format("FROM {}\n", listed.id)), render_details(listed), info, capabilities,
      time_text(query.now));
}

std::variant<std::string, CallError> read_show_request(std::string_view body) {
  std::string name;
  if (const absl::Status status = read_name(body, name); !status.ok())
    return CallError{400, "bad_request", fmt::format("Invalid JSON body: {}", message(status)), ""};
  if (name.empty()) return CallError{400, "bad_request", "Missing model", "model"};
  return name;
}

}  // namespace omni::llm::ollama
