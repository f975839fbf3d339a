#include "source/config/mapping_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/config/scalar.h"

namespace omni {

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string> best = nearest(word, candidates);
  return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best[0]);
}

MappingReader::MappingReader(const ConfigValue& value, std::string path, ConfigErrors& errors)
    : value_(value), path_(std::move(path)), errors_(errors) {
  if (value.kind == ConfigValue::Kind::kScalar || value.kind == ConfigValue::Kind::kList)
    errors_.add(value.at, path_, fmt::format("expected a mapping, found {}", kind_of(value)));
}

std::string MappingReader::path_of(std::string_view key) const {
  if (key.empty()) return path_.empty() ? "yaml" : path_;
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const ConfigEntry* MappingReader::entry(std::string_view key) const {
  for (const ConfigEntry& entry : value_.entries)
    if (entry.key == key) return &entry;
  return nullptr;
}

const ConfigValue* MappingReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const ConfigEntry* found = entry(key);
  if (found == nullptr) return nullptr;
  if (found->value.kind == ConfigValue::Kind::kNull && found->value.is_substituted) return nullptr;
  return &found->value;
}

template <class T>
std::optional<T> MappingReader::read(std::string_view key,
                                     absl::StatusOr<T> (*as)(const ConfigValue&)) {
  const ConfigValue* found = find(key);
  if (found == nullptr) return std::nullopt;
  absl::StatusOr<T> result = as(*found);
  if (result.ok()) return *std::move(result);
  fail(key, message(result.status()));
  return std::nullopt;
}

std::optional<std::string> MappingReader::text(std::string_view key) { return read(key, as_text); }

// What is no mapping is one mistake, not one for each key that it lacks.
std::optional<std::string> MappingReader::required_text(std::string_view key) {
  const bool may_have_it =
      value_.kind == ConfigValue::Kind::kMapping || value_.kind == ConfigValue::Kind::kNull;
  if (may_have_it && find(key) == nullptr && entry(key) == nullptr)
    missing(key, fmt::format("'{}' is missing", key));
  return text(key);
}

std::optional<int64_t> MappingReader::integer(std::string_view key, int64_t least, int64_t most) {
  const std::optional<int64_t> result = read(key, as_integer);
  if (!result || (*result >= least && *result <= most)) return result;
  fail(key, fmt::format("must be from {} to {}", least, most));
  return std::nullopt;
}

std::optional<double> MappingReader::number(std::string_view key, double least) {
  const std::optional<double> result = read(key, as_number);
  if (!result || *result >= least) return result;
  fail(key, fmt::format("must not be less than {}", least));
  return std::nullopt;
}

std::optional<bool> MappingReader::boolean(std::string_view key) { return read(key, as_boolean); }

std::optional<absl::Duration> MappingReader::duration(std::string_view key, absl::Duration least,
                                                      absl::Duration most) {
  const std::optional<absl::Duration> result = read(key, as_duration);
  if (!result || (*result >= least && *result <= most)) return result;
  fail(key, fmt::format("must be from {} to {}", absl::FormatDuration(least),
                        absl::FormatDuration(most)));
  return std::nullopt;
}

std::optional<int64_t> MappingReader::size_bytes(std::string_view key, int64_t least,
                                                 int64_t most) {
  const std::optional<int64_t> result = read(key, as_size_bytes);
  if (!result || (*result >= least && *result <= most)) return result;
  fail(key, fmt::format("must be from {}KiB to {}KiB", least / 1024, most / 1024));
  return std::nullopt;
}

std::vector<MappingReader::Item> MappingReader::items(std::string_view key) {
  std::vector<Item> out;
  const ConfigValue* found = find(key);
  if (found == nullptr || found->kind == ConfigValue::Kind::kNull) return out;
  if (found->kind != ConfigValue::Kind::kList) {
    fail(key, fmt::format("expected a list, found {}", kind_of(*found)));
    return out;
  }
  for (size_t i = 0; i < found->items.size(); ++i)
    out.push_back({&found->items[i], fmt::format("{}[{}]", path_of(key), i)});
  return out;
}

std::vector<std::string> MappingReader::text_list(std::string_view key) {
  std::vector<std::string> out;
  for (const Item& item : items(key)) {
    if (item.value->kind == ConfigValue::Kind::kNull && item.value->is_substituted) continue;
    absl::StatusOr<std::string> text = as_text(*item.value);
    if (text.ok())
      out.push_back(*std::move(text));
    else
      errors_.add(item.value->at, item.path, message(text.status()));
  }
  return out;
}

ConfigPosition MappingReader::position_of(std::string_view key) const {
  const ConfigEntry* found = key.empty() ? nullptr : entry(key);
  return found != nullptr ? found->value.at : value_.at;
}

ConfigPlace MappingReader::place_of(std::string_view key) const {
  return errors_.place(position_of(key), path_of(key));
}

void MappingReader::fail(std::string_view key, std::string_view message) {
  errors_.add(position_of(key), path_of(key), message);
}

void MappingReader::missing(std::string_view key, std::string_view message) {
  errors_.add_missing(value_.at, path_of({}), key, message);
}

void MappingReader::fail_at_key(std::string_view key, std::string_view message) {
  const ConfigEntry* found = entry(key);
  errors_.add(found != nullptr ? found->key_at : value_.at, path_of(key), message);
}

void MappingReader::done() {
  for (const ConfigEntry& entry : value_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::vector<std::string> best = nearest(entry.key, known_);
    if (!best.empty()) errors_.misspelled(path_of({}), best[0]);
    errors_.add(entry.key_at, path_of(entry.key), "unknown key" + suggestion(entry.key, known_));
  }
}

}  // namespace omni
