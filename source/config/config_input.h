// Where a configuration's bytes come from. Injected, so that tests and the fuzzer decide what the
// environment and the disk hold.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>

namespace omni {

struct ConfigInput {
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The whole content of a file. The error says why in a few words, without the path.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;

  // The process's environment and the file system.
  static ConfigInput real();
};

}  // namespace omni
