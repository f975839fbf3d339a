#include "source/config/not_built.h"

#include <array>
#include <vector>

#include "source/base/strings.h"

namespace omni {
namespace {

// `off_key: off_value` makes a mapping harmless; `keys` are the others that it may then hold.
struct NotBuilt {
  std::string_view rule;
  std::string_view off_key;
  std::string_view off_value;
  std::string_view keys;
};

constexpr std::array<NotBuilt, 1> kFilters = {{{"compression", "mode", "off", ""}}};

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
