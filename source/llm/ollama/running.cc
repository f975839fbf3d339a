#include "source/llm/ollama/running.h"

#include <fmt/format.h>

#include <vector>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/json/each.h"
#include "source/json/splice.h"
#include "source/json/valid.h"
#include "source/json/writer.h"

namespace omni::llm::ollama {
namespace {

using json::Kind;
using json::Skimmed;

bool is_name(const Skimmed& member) { return member.key == "name" || member.key == "model"; }

// `model` with the names that it goes by here in the place of its own.
absl::Status append_model(std::string_view provider, const Skimmed& model,
                          absl::FunctionRef<bool(std::string_view)> visible, std::string& items) {
  std::vector<json::Edit> edits;
  std::string name;
  OMNI_RETURN_IF_ERROR(json::each(model, [&](const Skimmed& member) -> absl::Status {
    if (!is_name(member)) return absl::OkStatus();
    OMNI_ASSIGN_OR_RETURN(name, member.text());
    edits.push_back({static_cast<size_t>(member.raw.data() - model.raw.data()), member.raw.size(),
                     json::quoted(fmt::format("{}/{}", provider, name))});
    return absl::OkStatus();
  }));
  if (name.empty()) return invalid("a model has no name");
  if (!visible(name)) return absl::OkStatus();
  if (!items.empty()) items += ',';
  items += json::splice(Buffer(model.raw), edits).to_string();
  return absl::OkStatus();
}

}  // namespace

absl::Status append_running(std::string_view provider, std::string_view body,
                            absl::FunctionRef<bool(std::string_view model)> visible,
                            std::string& items) {
  if (!json::is_valid(body) || !json::is_utf8(body)) return invalid("the answer is no JSON");
  const size_t before = items.size();
  const absl::Status status = json::skim_object(body, [&](const Skimmed& member) -> absl::Status {
    if (member.key != "models") return absl::OkStatus();
    return json::each(member, [&](const Skimmed& model) -> absl::Status {
      if (model.kind != Kind::kObject) return invalid("a model is no object");
      return append_model(provider, model, visible, items);
    });
  });
  if (!status.ok()) items.resize(before);
  return status;
}

std::string render_running(std::string_view items) {
  return fmt::format(R"({{"models":[{}]}})", items);
}

std::string_view without_default_tag(std::string_view model) {
  constexpr std::string_view kTag = ":latest";
  const bool has_it =
      model.size() > kTag.size() && model.substr(model.size() - kTag.size()) == kTag;
  return has_it ? model.substr(0, model.size() - kTag.size()) : model;
}

}  // namespace omni::llm::ollama
