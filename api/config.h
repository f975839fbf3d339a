// A filter's piece of the configuration file: typed, strict, and able to say where it stands.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace omni {

// One mapping of the file. Every getter notes the key as known; done() then refuses the rest with a
// suggestion. Every error carries file, line, column and path, and is also kept by the loader, so
// that all errors of a file are reported at once. Main thread only; lives until parse() returns.
class ConfigNode {
 public:
  virtual ~ConfigNode() = default;

  virtual bool has(std::string_view key) const = 0;

  // Required: an absent key is an error.
  virtual absl::StatusOr<std::string> text(std::string_view key) const = 0;
  virtual absl::StatusOr<int64_t> integer(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<std::string>> text_list(std::string_view key) const = 0;

  // Optional: `otherwise` when absent, an error when of the wrong type.
  virtual absl::StatusOr<std::string> text(std::string_view key,
                                           std::string_view otherwise) const = 0;
  virtual absl::StatusOr<int64_t> integer(std::string_view key, int64_t otherwise) const = 0;
  virtual absl::StatusOr<bool> boolean(std::string_view key, bool otherwise) const = 0;
  virtual absl::StatusOr<absl::Duration> duration(std::string_view key,
                                                  absl::Duration otherwise) const = 0;
  virtual absl::StatusOr<int64_t> size_bytes(std::string_view key, int64_t otherwise) const = 0;
  virtual absl::StatusOr<double> number(std::string_view key, double otherwise) const = 0;

  // The mapping under `key`; an empty one when absent.
  virtual absl::StatusOr<std::unique_ptr<ConfigNode>> child(std::string_view key) const = 0;
  // The mappings of the list under `key`; empty when absent.
  virtual absl::StatusOr<std::vector<std::unique_ptr<ConfigNode>>> children(
      std::string_view key) const = 0;

  // An error about the value of `key` ("" for this mapping itself), to be returned by the caller.
  virtual absl::Status error_at(std::string_view key, std::string_view message) const = 0;
  // Refuses keys that nobody asked for.
  virtual absl::Status done() const = 0;
};

}  // namespace omni
