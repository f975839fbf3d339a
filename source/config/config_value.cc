#include "source/config/config_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "source/base/format.h"

namespace omni {
namespace {

// Lengths before texts, so that no text can imitate structure.
void append_canonical(const ConfigValue& value, std::string& out) {
  switch (value.kind) {
    case ConfigValue::Kind::kNull:
      out += "~";
      return;
    case ConfigValue::Kind::kScalar:
      append_format(out, "{}{}:{}", value.is_quoted || value.is_substituted ? 'q' : 'p',
                    value.text.size(), value.text);
      return;
    case ConfigValue::Kind::kMapping: {
      std::vector<const ConfigEntry*> sorted;
      for (const ConfigEntry& entry : value.entries) sorted.push_back(&entry);
      std::sort(sorted.begin(), sorted.end(),
                [](const ConfigEntry* a, const ConfigEntry* b) { return a->key < b->key; });
      append_format(out, "{{{}", sorted.size());
      for (const ConfigEntry* entry : sorted) {
        append_format(out, ",{}:{}=", entry->key.size(), entry->key);
        append_canonical(entry->value, out);
      }
      return;
    }
    case ConfigValue::Kind::kList:
      append_format(out, "[{}", value.items.size());
      for (const ConfigValue& item : value.items) append_canonical(item, out);
      return;
  }
}

}  // namespace

const ConfigValue* ConfigValue::find(std::string_view key) const {
  for (const ConfigEntry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

std::string canonical_text(const ConfigValue* value) {
  std::string out;
  if (value != nullptr) append_canonical(*value, out);
  return out;
}

}  // namespace omni
