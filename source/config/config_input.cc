#include "source/config/config_input.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "source/base/status.h"

namespace omni {
namespace {

constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

absl::StatusOr<std::string> read_whole_file(const std::string& path) {
  // A directory opens like a file and a device may never end.
  std::error_code failure;
  const std::filesystem::file_status found = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(found)) return failed("no such file");
  if (std::filesystem::is_directory(found)) return failed("it is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed(std::strerror(errno));
  std::string text;
  char piece[64 * 1024];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    text.append(piece, static_cast<size_t>(in.gcount()));
    if (text.size() > kMaxFileBytes) return failed("it is larger than 4 MiB");
  }
  if (in.bad()) return failed("reading it failed");
  return text;
}

}  // namespace

ConfigInput ConfigInput::real() {
  ConfigInput input;
  input.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  input.read_file = read_whole_file;
  return input;
}

}  // namespace omni
