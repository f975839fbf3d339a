#include "source/config/yaml_node.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"
#include "source/config/scalar.h"

namespace omni {

YamlNode::YamlNode(const ConfigValue& value, std::string path, ConfigErrors& errors)
    : reader_(value, std::move(path), errors),
      was_broken_(value.kind == ConfigValue::Kind::kScalar ||
                  value.kind == ConfigValue::Kind::kList) {}

absl::Status YamlNode::record(ConfigPosition at, std::string path, std::string_view text) const {
  ConfigErrors& errors = reader_.errors();
  errors.add(at, path, text);
  return invalid(fmt::format("{}: {}: {}", errors.place(at), path, text));
}

absl::Status YamlNode::missing(std::string_view key) const {
  return record(reader_.value().at, reader_.path_of({}), fmt::format("'{}' is missing", key));
}

absl::Status YamlNode::error_at(std::string_view key, std::string_view text) const {
  const ConfigValue* found = key.empty() ? nullptr : reader_.value().find(key);
  return record(found != nullptr ? found->at : reader_.value().at, reader_.path_of(key), text);
}

template <class T>
absl::StatusOr<T> YamlNode::read(std::string_view key,
                                 absl::StatusOr<T> (*as)(const ConfigValue&)) const {
  const ConfigValue* found = reader_.find(key);
  if (found == nullptr) return missing(key);
  absl::StatusOr<T> result = as(*found);
  if (!result.ok()) return error_at(key, message(result.status()));
  return result;
}

template <class T>
absl::StatusOr<T> YamlNode::read_or(std::string_view key, T otherwise,
                                    absl::StatusOr<T> (*as)(const ConfigValue&)) const {
  if (reader_.find(key) == nullptr) return otherwise;
  return read(key, as);
}

bool YamlNode::has(std::string_view key) const { return reader_.has(key); }

absl::StatusOr<std::string> YamlNode::text(std::string_view key) const {
  return read(key, as_text);
}

absl::StatusOr<int64_t> YamlNode::integer(std::string_view key) const {
  return read(key, as_integer);
}

absl::StatusOr<std::vector<std::string>> YamlNode::text_list(std::string_view key) const {
  if (reader_.find(key) == nullptr) return missing(key);
  const size_t before = reader_.errors().size();
  std::vector<std::string> out = reader_.text_list(key);
  if (reader_.errors().size() != before) return invalid(reader_.path_of(key) + ": not a text list");
  return out;
}

absl::StatusOr<std::string> YamlNode::text(std::string_view key, std::string_view otherwise) const {
  return read_or(key, std::string(otherwise), as_text);
}

absl::StatusOr<int64_t> YamlNode::integer(std::string_view key, int64_t otherwise) const {
  return read_or(key, otherwise, as_integer);
}

absl::StatusOr<bool> YamlNode::boolean(std::string_view key, bool otherwise) const {
  return read_or(key, otherwise, as_boolean);
}

absl::StatusOr<absl::Duration> YamlNode::duration(std::string_view key,
                                                  absl::Duration otherwise) const {
  return read_or(key, otherwise, as_duration);
}

absl::StatusOr<int64_t> YamlNode::size_bytes(std::string_view key, int64_t otherwise) const {
  return read_or(key, otherwise, as_size_bytes);
}

absl::StatusOr<double> YamlNode::number(std::string_view key, double otherwise) const {
  return read_or(key, otherwise, as_number);
}

absl::StatusOr<std::unique_ptr<ConfigNode>> YamlNode::child(std::string_view key) const {
  static const ConfigValue kNothing;
  const ConfigValue* found = reader_.find(key);
  const size_t before = reader_.errors().size();
  auto node = std::make_unique<YamlNode>(found != nullptr ? *found : kNothing, reader_.path_of(key),
                                         reader_.errors());
  if (reader_.errors().size() != before) return invalid(reader_.path_of(key) + ": not a mapping");
  return node;
}

absl::StatusOr<std::vector<std::unique_ptr<ConfigNode>>> YamlNode::children(
    std::string_view key) const {
  const size_t before = reader_.errors().size();
  std::vector<std::unique_ptr<ConfigNode>> out;
  for (const MappingReader::Item& item : reader_.items(key))
    out.push_back(std::make_unique<YamlNode>(*item.value, item.path, reader_.errors()));
  if (reader_.errors().size() != before)
    return invalid(reader_.path_of(key) + ": not a list of mappings");
  return out;
}

absl::Status YamlNode::done() const {
  const size_t before = reader_.errors().size();
  reader_.done();
  if (was_broken_ || reader_.errors().size() != before)
    return invalid(reader_.path_of({}) + ": unknown key");
  return absl::OkStatus();
}

}  // namespace omni
