// aliases: names that clients use.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/config/scalar.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr int kMaxHops = 8;            // As source/catalog/names.h.
constexpr size_t kMaxPatterns = 1000;  // Each is tried for a name that nothing else knows.

class AliasReader {
 public:
  explicit AliasReader(SectionContext& context) : aliases_(context.config.aliases) {
    for (const auto& [name, target] : aliases_)
      if (name.find('*') != std::string::npos) patterns_.push_back(name);
    for (const Provider& provider : context.config.providers) {
      by_prefix_.emplace(provider.id, &provider);
      if (!provider.alias.empty()) by_prefix_.emplace(provider.alias, &provider);
      for (const Model& model : provider.models) listed_.insert(model.id);
    }
  }

  size_t patterns() const { return patterns_.size(); }

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
    for (const std::string& pattern : patterns_)
      if (matches_glob(model, pattern)) return {};
    if (listed_.contains(model)) return {};
    const size_t slash = model.find('/');
    if (slash == std::string::npos)
      return fmt::format("'{}' is no alias and no provider lists it; write provider/model", model);
    const std::string prefix = model.substr(0, slash);
    const auto found = by_prefix_.find(prefix);
    if (found == by_prefix_.end())
      return fmt::format("no provider is named '{}'{}", prefix, suggestion(prefix, prefixes()));
    const Provider& provider = *found->second;
    const std::string id = model.substr(slash + 1);
    if (id.empty()) return "names no model after the slash";
    if (!provider.only_models || provider.find_model(id) != nullptr) return {};
    std::vector<std::string> ids;
    for (const Model& known : provider.models) ids.push_back(known.id);
    return fmt::format("{} has no model '{}'{}", provider.id, id, suggestion(id, ids));
  }

  std::vector<std::string> prefixes() const {
    std::vector<std::string> out;
    for (const auto& [prefix, provider] : by_prefix_) out.push_back(prefix);
    std::sort(out.begin(), out.end());
    return out;
  }

  const AliasMap& aliases_;
  std::vector<std::string> patterns_;
  StringMap<const Provider*> by_prefix_;
  StringSet listed_;
};

}  // namespace

void read_aliases(MappingReader& root, SectionContext& context) {
  const ConfigValue* value = root.find("aliases");
  if (value == nullptr) return;
  const MappingReader reader(*value, "aliases", context.errors);
  const auto fail = [&](const ConfigEntry& entry, std::string_view wrong) {
    context.errors.add(entry.value.at, reader.path_of(entry.key), wrong);
  };
  for (const ConfigEntry& entry : value->entries) {
    if (entry.value.kind == ConfigValue::Kind::kNull && entry.value.is_substituted) continue;
    const absl::StatusOr<std::string> target = as_text(entry.value);
    if (!target.ok())
      fail(entry, message(target.status()));
    else if (entry.key.empty())
      context.errors.add(entry.key_at, "aliases", "a name must not be empty");
    else
      context.config.aliases.emplace(entry.key, *target);
  }
  const AliasReader aliases(context);
  if (aliases.patterns() > kMaxPatterns)
    context.errors.add(value->at, "aliases",
                       fmt::format("more than {} names hold a *", kMaxPatterns));
  for (const ConfigEntry& entry : value->entries) {
    const auto found = context.config.aliases.find(entry.key);
    if (found == context.config.aliases.end() || context.errors.is_full()) continue;
    const std::string wrong = aliases.check(entry.key, found->second);
    if (!wrong.empty()) fail(entry, wrong);
  }
}

}  // namespace omni
