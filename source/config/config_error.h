// What is wrong with a configuration, all of it at once, in the form that editors can jump to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/config_value.h"

namespace omni {

// Where something stands in the configuration.
struct ConfigPlace {
  std::string file;
  int line = 1;
  int column = 1;
  std::string path;
};

struct ConfigError {
  std::string file;
  int line = 1;
  int column = 1;
  std::string path;  // "providers[0].base_url"; "yaml" when the file cannot be read as YAML at all.
  std::string message;

  // FILE:LINE:COLUMN: path.to.key: message
  std::string text() const;
};

// Collects errors while files are read. Beyond kMost they are counted only.
class ConfigErrors {
 public:
  static constexpr size_t kMost = 200;

  // Names the file that positions with this index mean.
  int add_file(std::string name);
  const std::string& file_name(int index) const { return files_[static_cast<size_t>(index)]; }

  void add(ConfigPosition at, std::string_view path, std::string_view message);
  // The mapping at `path` lacks `key`. Taken back by misspelled(), which has a better error for it.
  void add_missing(ConfigPosition at, std::string_view path, std::string_view key,
                   std::string_view message);
  void misspelled(std::string_view path, std::string_view key);

  bool empty() const { return found_.empty(); }
  // More errors would only be counted; looking for them is not worth much work.
  bool is_full() const { return found_.size() >= kMost; }
  size_t size() const { return found_.size() + left_out_; }
  // "FILE:LINE:COLUMN", for sentences that name a second place.
  std::string place(ConfigPosition at) const;
  ConfigPlace place(ConfigPosition at, std::string path) const;
  // Sorted by file (in reading order), line and column.
  std::vector<ConfigError> sorted() const;

 private:
  struct Found {
    ConfigPosition at;
    std::string path, message;
    std::string missing;  // The key that is, else empty.
  };
  std::vector<std::string> files_;
  std::vector<Found> found_;
  size_t left_out_ = 0;
};

}  // namespace omni
