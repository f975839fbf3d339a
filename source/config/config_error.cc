#include "source/config/config_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace omni {

std::string ConfigError::text() const {
  return fmt::format("{}:{}:{}: {}: {}", file, line, column, path, message);
}

int ConfigErrors::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<int>(files_.size()) - 1;
}

void ConfigErrors::add(ConfigPosition at, std::string_view path, std::string_view message) {
  if (found_.size() == kMost) {
    ++left_out_;
    return;
  }
  found_.push_back({at, std::string(path), std::string(message), {}});
}

void ConfigErrors::add_missing(ConfigPosition at, std::string_view path, std::string_view key,
                               std::string_view message) {
  const size_t before = found_.size();
  add(at, path, message);
  if (found_.size() > before) found_.back().missing = key;
}

void ConfigErrors::misspelled(std::string_view path, std::string_view key) {
  std::erase_if(found_,
                [&](const Found& found) { return found.missing == key && found.path == path; });
}

std::string ConfigErrors::place(ConfigPosition at) const {
  return fmt::format("{}:{}:{}", file_name(at.file), at.line, at.column);
}

ConfigPlace ConfigErrors::place(ConfigPosition at, std::string path) const {
  return {file_name(at.file), at.line, at.column, std::move(path)};
}

std::vector<ConfigError> ConfigErrors::sorted() const {
  std::vector<const Found*> order;
  for (const Found& found : found_) order.push_back(&found);
  std::stable_sort(order.begin(), order.end(), [](const Found* a, const Found* b) {
    return std::tie(a->at.file, a->at.line, a->at.column) <
           std::tie(b->at.file, b->at.line, b->at.column);
  });
  std::vector<ConfigError> out;
  for (const Found* found : order)
    out.push_back(
        {file_name(found->at.file), found->at.line, found->at.column, found->path, found->message});
  if (left_out_ > 0) {
    ConfigError last = out.back();
    last.path = "yaml";
    last.message = fmt::format("and {} more errors", left_out_);
    out.push_back(std::move(last));
  }
  return out;
}

}  // namespace omni
