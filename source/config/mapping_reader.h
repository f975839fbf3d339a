// One mapping being read: typed getters that record what is wrong and go on with a fallback, so
// that every mistake of a file is found in one pass.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/config_error.h"
#include "source/config/config_value.h"

namespace omni {

constexpr int64_t kKiB = 1024, kMiB = 1024 * kKiB;

class MappingReader {
 public:
  // Anything but a mapping is recorded as an error here and reads as an empty one; null too, but
  // without an error. `value` and `errors` outlive this object.
  MappingReader(const ConfigValue& value, std::string path, ConfigErrors& errors);

  // Notes `key` as known. Null when absent, or when its ${...} failed (already recorded).
  const ConfigValue* find(std::string_view key);
  bool has(std::string_view key) { return find(key) != nullptr; }

  // nullopt when absent or wrong; what is wrong is recorded.
  std::optional<std::string> text(std::string_view key);
  std::optional<int64_t> integer(std::string_view key, int64_t least, int64_t most);
  std::optional<double> number(std::string_view key, double least);
  std::optional<bool> boolean(std::string_view key);
  std::optional<absl::Duration> duration(std::string_view key, absl::Duration least,
                                         absl::Duration most);
  std::optional<int64_t> size_bytes(std::string_view key, int64_t least, int64_t most);
  std::vector<std::string> text_list(std::string_view key);
  // As text(), but absent is an error.
  std::optional<std::string> required_text(std::string_view key);

  // The list under `key`; empty when absent. Each with its path.
  struct Item {
    const ConfigValue* value;
    std::string path;
  };
  std::vector<Item> items(std::string_view key);

  // Records an error at the value of `key`, or at the mapping when there is none.
  void fail(std::string_view key, std::string_view message);
  // `key` is not there and must be. Of a misspelled one only the misspelling is told.
  void missing(std::string_view key, std::string_view message);
  // As fail(), at the key itself.
  void fail_at_key(std::string_view key, std::string_view message);
  // Refuses every key that nobody asked for.
  void done();

  const ConfigValue& value() const { return value_; }
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  // Where fail() records an error of `key`.
  ConfigPlace place_of(std::string_view key) const;
  ConfigErrors& errors() { return errors_; }

 private:
  template <class T>
  std::optional<T> read(std::string_view key, absl::StatusOr<T> (*as)(const ConfigValue&));
  const ConfigEntry* entry(std::string_view key) const;
  ConfigPosition position_of(std::string_view key) const;

  const ConfigValue& value_;
  const std::string path_;
  ConfigErrors& errors_;
  std::vector<std::string> known_;
};

// "; did you mean 'x'?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace omni
