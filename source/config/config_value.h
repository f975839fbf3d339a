// The configuration file as a neutral tree: what was written, and where. No YAML library shows
// through, so everything behind the document reader can be tested with plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace omni {

// Line and column start at 1; `file` is an index into the list of files that were read.
struct ConfigPosition {
  int file = 0;
  int line = 1;
  int column = 1;
};

struct ConfigEntry;

struct ConfigValue {
  enum class Kind { kNull, kScalar, kMapping, kList };

  Kind kind = Kind::kNull;
  ConfigPosition at;  // Of a null value: its key's.
  std::string text;   // kScalar: after substitution.
  bool is_quoted = false;
  bool is_substituted = false;       // Held a ${...}: typed by its result.
  bool used_default = false;         // A ${NAME:-default} in it fell back to its default.
  std::vector<ConfigEntry> entries;  // kMapping: in file order, keys unique.
  std::vector<ConfigValue> items;    // kList.

  // The value under `key`; null when this is no mapping or has no such key.
  const ConfigValue* find(std::string_view key) const;
};

struct ConfigEntry {
  std::string key;
  ConfigPosition key_at;
  ConfigValue value;
};

// The same text exactly when both trees mean the same; positions are left out. For comparing
// sections between two loads. Null gives the empty text.
std::string canonical_text(const ConfigValue* value);

}  // namespace omni
