// aliases, keys and combos: names that clients use.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/config/not_built.h"
#include "source/config/scalar.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr int kMaxHops = 8;  // As source/catalog/names.h.

const Provider* find_provider(const std::vector<Provider>& providers, std::string_view prefix) {
  for (const Provider& provider : providers)
    if (provider.id == prefix || (!provider.alias.empty() && provider.alias == prefix))
      return &provider;
  return nullptr;
}

class AliasReader {
 public:
  explicit AliasReader(SectionContext& context)
      : aliases_(context.config.aliases), providers_(context.config.providers) {}

  // Empty when `target` means something; else what is wrong with it.
  std::string check(const std::string& name, const std::string& target) const {
    if (target == name) return "an alias of itself";
    std::string at = target;
    for (int hop = 0; hop < kMaxHops; ++hop) {
      const auto next = aliases_.find(at);
      if (next == aliases_.end()) return check_model(at);
      at = next->second;
    }
    return "this alias leads in a circle, or over more than 8 others";
  }

 private:
  std::string check_model(const std::string& model) const {
    for (const auto& [pattern, target] : aliases_)
      if (pattern.find('*') != std::string::npos && matches_glob(model, pattern)) return {};
    const bool is_listed = std::any_of(
        providers_.begin(), providers_.end(),
        [&](const Provider& provider) { return provider.find_model(model) != nullptr; });
    if (is_listed) return {};
    const size_t slash = model.find('/');
    if (slash == std::string::npos)
      return fmt::format("'{}' is no alias and no provider lists it; write provider/model", model);
    const std::string prefix = model.substr(0, slash);
    const Provider* provider = find_provider(providers_, prefix);
    if (provider == nullptr)
      return fmt::format("no provider is named '{}'{}", prefix, suggestion(prefix, prefixes()));
    const std::string id = model.substr(slash + 1);
    if (id.empty()) return "names no model after the slash";
    const bool is_closed = provider->only_models || provider->is_demo;
    if (!is_closed || provider->find_model(id) != nullptr) return {};
    std::vector<std::string> ids;
    for (const Model& known : provider->models) ids.push_back(known.id);
    return fmt::format("{} has no model '{}'{}", provider->id, id, suggestion(id, ids));
  }

  std::vector<std::string> prefixes() const {
    std::vector<std::string> out;
    for (const Provider& provider : providers_) {
      out.push_back(provider.id);
      if (!provider.alias.empty()) out.push_back(provider.alias);
    }
    return out;
  }

  const AliasMap& aliases_;
  const std::vector<Provider>& providers_;
};

void read_key(const MappingReader::Item& item, SectionContext& context, StringSet& names) {
  MappingReader reader(*item.value, item.path, context.errors);
  KeyConfig out;
  out.name = reader.required_text("name").value_or("");
  if (out.name.empty() && reader.has("name")) reader.fail("name", "must not be empty");
  if (!out.name.empty() && !names.insert(out.name).second)
    reader.fail("name", fmt::format("another key is named '{}'", out.name));
  const ConfigValue* value = reader.find("key");
  const std::optional<std::string> key = reader.required_text("key");
  const bool is_left_out = key && key->empty() && value->used_default;
  if (key && !is_left_out && check_header_text(reader, "key", *key)) {
    for (const KeyConfig& other : context.config.keys)
      if (other.key.equals(*key))
        reader.fail("key", fmt::format("is the same as that of '{}'", other.name));
    out.key = Secret(*key);
  }
  out.allowed_models = reader.text_list("allowed_models");
  refuse_not_built(reader, "rate_limits", "keys.rate_limits");
  refuse_not_built(reader, "budget", "keys.budget");
  reader.done();
  if (!is_left_out) context.config.keys.push_back(std::move(out));
}

}  // namespace

void read_aliases(MappingReader& root, SectionContext& context) {
  const ConfigValue* value = root.find("aliases");
  if (value == nullptr) return;
  MappingReader reader(*value, "aliases", context.errors);
  for (const ConfigEntry& entry : value->entries) {
    const std::optional<std::string> target = reader.text(entry.key);
    if (entry.key.empty()) reader.fail_at_key(entry.key, "a name must not be empty");
    if (target) context.config.aliases.emplace(entry.key, *target);
  }
  const AliasReader aliases(context);
  for (const ConfigEntry& entry : value->entries) {
    const auto found = context.config.aliases.find(entry.key);
    if (found == context.config.aliases.end()) continue;
    const std::string wrong = aliases.check(entry.key, found->second);
    if (!wrong.empty()) reader.fail(entry.key, wrong);
  }
}

void read_keys(MappingReader& root, SectionContext& context) {
  StringSet names;
  for (const MappingReader::Item& item : root.items("keys")) read_key(item, context, names);
  refuse_not_built(root, "combos", "combos");
}

}  // namespace omni
