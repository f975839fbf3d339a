#include "source/config/not_built.h"

#include <array>
#include <vector>

#include "source/base/strings.h"

namespace omni {
namespace {

// `off_key: off_value` (or no off_key at all) makes a mapping harmless; `keys` are the others that
// it may then hold. Without an off_key nothing but an empty list or mapping is harmless.
struct NotBuilt {
  std::string_view rule;
  std::string_view off_key;
  std::string_view off_value;
  std::string_view keys;
};

constexpr std::array<NotBuilt, 1> kTable = {{
    {"resilience.request_queue", "enabled", "false",
     "requests_per_minute,min_gap,concurrent,max_wait"},
}};

constexpr std::array<NotBuilt, 1> kFilters = {{{"compression", "mode", "off", ""}}};

bool is_empty(const ConfigValue& value) {
  return value.kind == ConfigValue::Kind::kNull ||
         (value.kind != ConfigValue::Kind::kScalar && value.entries.empty() && value.items.empty());
}

// The mapping can be switched off: true when it is, after checking what else it holds.
bool is_off(const NotBuilt& rule, const ConfigValue& value, std::string path,
            ConfigErrors& errors) {
  MappingReader reader(value, std::move(path), errors);
  const ConfigValue* state = reader.find(rule.off_key);
  const bool off = state == nullptr ||
                   (state->kind == ConfigValue::Kind::kScalar && state->text == rule.off_value);
  for (const std::string_view key : split(rule.keys, ',')) (void)reader.find(key);
  if (!off) {
    reader.fail(rule.off_key, kNotAvailable);
    return false;
  }
  reader.done();
  return true;
}

}  // namespace

void refuse_not_built(MappingReader& reader, std::string_view key, std::string_view rule) {
  const ConfigValue* value = reader.find(key);
  if (value == nullptr || is_empty(*value)) return;
  for (const NotBuilt& entry : kTable) {
    if (entry.rule != rule) continue;
    if (entry.off_key.empty() || value->kind != ConfigValue::Kind::kMapping)
      reader.fail_at_key(key, kNotAvailable);
    else
      (void)is_off(entry, *value, reader.path_of(key), reader.errors());
  }
}

bool is_switched_off(std::string_view filter, const ConfigValue& settings, std::string path,
                     ConfigErrors& errors) {
  for (const NotBuilt& entry : kFilters)
    if (entry.rule == filter && settings.find(entry.off_key) != nullptr) {
      (void)is_off(entry, settings, std::move(path), errors);
      return true;  // What is wrong has been said.
    }
  return false;
}

}  // namespace omni
