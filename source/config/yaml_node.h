// The ConfigNode that filters parse their settings from: api/config.h over a ConfigValue.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/config.h"
#include "source/config/mapping_reader.h"

namespace omni {

// `value` and `errors` outlive it. Every error it makes is recorded and returned.
class YamlNode final : public ConfigNode {
 public:
  YamlNode(const ConfigValue& value, std::string path, ConfigErrors& errors);

  bool has(std::string_view key) const override;
  absl::StatusOr<std::string> text(std::string_view key) const override;
  absl::StatusOr<int64_t> integer(std::string_view key) const override;
  absl::StatusOr<std::vector<std::string>> text_list(std::string_view key) const override;
  absl::StatusOr<std::string> text(std::string_view key, std::string_view otherwise) const override;
  absl::StatusOr<int64_t> integer(std::string_view key, int64_t otherwise) const override;
  absl::StatusOr<bool> boolean(std::string_view key, bool otherwise) const override;
  absl::StatusOr<absl::Duration> duration(std::string_view key,
                                          absl::Duration otherwise) const override;
  absl::StatusOr<int64_t> size_bytes(std::string_view key, int64_t otherwise) const override;
  absl::StatusOr<double> number(std::string_view key, double otherwise) const override;
  absl::StatusOr<std::unique_ptr<ConfigNode>> child(std::string_view key) const override;
  absl::StatusOr<std::vector<std::unique_ptr<ConfigNode>>> children(
      std::string_view key) const override;
  absl::Status error_at(std::string_view key, std::string_view message) const override;
  absl::Status done() const override;

 private:
  absl::Status record(ConfigPosition at, std::string path, std::string_view message) const;
  absl::Status missing(std::string_view key) const;
  template <class T>
  absl::StatusOr<T> read(std::string_view key, absl::StatusOr<T> (*as)(const ConfigValue&)) const;
  template <class T>
  absl::StatusOr<T> read_or(std::string_view key, T otherwise,
                            absl::StatusOr<T> (*as)(const ConfigValue&)) const;

  // Getters are const for filters, and note the keys they were asked for.
  mutable MappingReader reader_;
  const bool was_broken_;  // Not a mapping: recorded already.
};

}  // namespace omni
