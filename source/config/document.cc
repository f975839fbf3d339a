#include "source/config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "source/base/status.h"
#include "source/config/substitution.h"
#include "source/config/yaml_text.h"

namespace omni {
namespace {

constexpr size_t kMaxIncludeDepth = 8;
constexpr size_t kMaxFiles = 64;
constexpr size_t kMaxSubstitutedBytes = 16 * 1024 * 1024;
constexpr std::string_view kInclude = "include";

std::string child_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

class DocumentReader {
 public:
  DocumentReader(const ConfigInput& input, ConfigErrors& errors) : input_(input), errors_(errors) {}

  // `at` is where the file was asked for; null for the first.
  ConfigValue read(const std::string& path, const ConfigPosition* at) {
    const int file = at == nullptr ? add_file(path) : -1;
    absl::StatusOr<std::string> text = input_.read_file(path);
    if (!text.ok()) {
      if (at != nullptr) files_.push_back(path);  // Worth watching: it may appear.
      errors_.add(at != nullptr ? *at : ConfigPosition{file, 1, 1},
                  at != nullptr ? kInclude : "yaml",
                  fmt::format("cannot read {}: {}", path, message(text.status())));
      return {};
    }
    const int index = at == nullptr ? file : add_file(path);
    ConfigValue root = parse_yaml(*text, index, YamlLimits{}, nodes_, errors_);
    if (root.kind == ConfigValue::Kind::kScalar || root.kind == ConfigValue::Kind::kList) {
      errors_.add(root.at, "yaml", "the file must hold a mapping (key: value)");
      return {};
    }
    substitute_in(root, "");
    open_.push_back(path);
    merge_includes(root, path);
    open_.pop_back();
    return root;
  }

  std::vector<std::string> take_files() { return std::move(files_); }

 private:
  int add_file(const std::string& path) {
    files_.push_back(path);
    return errors_.add_file(path);
  }

  void substitute_in(ConfigValue& value, const std::string& path) {
    for (ConfigEntry& entry : value.entries)
      substitute_in(entry.value, child_path(path, entry.key));
    for (size_t i = 0; i < value.items.size(); ++i)
      substitute_in(value.items[i], fmt::format("{}[{}]", path, i));
    if (value.kind != ConfigValue::Kind::kScalar || value.text.find("${") == std::string::npos)
      return;
    absl::StatusOr<Substituted> result = substitute(value.text, input_);
    if (result.ok() && (substituted_ += result->text.size()) > kMaxSubstitutedBytes)
      result = invalid("the values of ${...} are longer than 16 MiB altogether");
    if (!result.ok()) {
      errors_.add(value.at, path, message(result.status()));
      // Null is no value at all, so that nothing complains about this one again.
      value = ConfigValue{.at = value.at, .is_substituted = true};
      return;
    }
    value.text = std::move(result->text);
    value.is_substituted = result->changed;
    value.used_default = result->used_default;
  }

  void merge_includes(ConfigValue& root, const std::string& path) {
    const auto found = std::find_if(root.entries.begin(), root.entries.end(),
                                    [](const ConfigEntry& entry) { return entry.key == kInclude; });
    if (found == root.entries.end()) return;
    const ConfigValue wanted = std::move(found->value);
    root.entries.erase(found);
    if (wanted.kind == ConfigValue::Kind::kList) {
      for (const ConfigValue& item : wanted.items) include(root, path, item);
    } else {
      include(root, path, wanted);
    }
  }

  void include(ConfigValue& root, const std::string& from, const ConfigValue& wanted) {
    if (wanted.kind != ConfigValue::Kind::kScalar || wanted.text.empty()) {
      if (!wanted.is_substituted || wanted.kind == ConfigValue::Kind::kScalar)
        errors_.add(wanted.at, kInclude, "expected the name of a file, or a list of names");
      return;
    }
    const std::filesystem::path folder = std::filesystem::path(from).parent_path();
    const std::string path = (folder / wanted.text).lexically_normal().string();
    const auto same = [&](const std::string& other) {
      return std::filesystem::path(other).lexically_normal() == path;
    };
    if (std::any_of(open_.begin(), open_.end(), same)) {
      errors_.add(wanted.at, kInclude, fmt::format("{} includes itself", path));
    } else if (std::any_of(files_.begin(), files_.end(), same)) {
      errors_.add(wanted.at, kInclude, fmt::format("{} is included twice", path));
    } else if (open_.size() >= kMaxIncludeDepth) {
      errors_.add(wanted.at, kInclude,
                  fmt::format("includes are nested deeper than {} files", kMaxIncludeDepth));
    } else if (files_.size() >= kMaxFiles) {
      errors_.add(wanted.at, kInclude, fmt::format("more than {} files are included", kMaxFiles));
    } else {
      ConfigValue other = read(path, &wanted.at);
      if (other.kind != ConfigValue::Kind::kMapping) return;
      if (root.kind != ConfigValue::Kind::kMapping) root.kind = ConfigValue::Kind::kMapping;
      merge(root, std::move(other), "");
    }
  }

  void merge(ConfigValue& into, ConfigValue&& from, const std::string& path) {
    for (ConfigEntry& entry : from.entries) {
      const auto found =
          std::find_if(into.entries.begin(), into.entries.end(),
                       [&](const ConfigEntry& other) { return other.key == entry.key; });
      if (found == into.entries.end()) {
        into.entries.push_back(std::move(entry));
        continue;
      }
      const std::string here = child_path(path, entry.key);
      ConfigValue& kept = found->value;
      if (kept.kind == ConfigValue::Kind::kList && entry.value.kind == kept.kind) {
        std::move(entry.value.items.begin(), entry.value.items.end(),
                  std::back_inserter(kept.items));
      } else if (kept.kind == ConfigValue::Kind::kMapping && entry.value.kind == kept.kind) {
        merge(kept, std::move(entry.value), here);
      } else {
        errors_.add(entry.key_at, here,
                    fmt::format("set twice; first at {}", errors_.place(found->key_at)));
      }
    }
  }

  const ConfigInput& input_;
  ConfigErrors& errors_;
  std::vector<std::string> files_;
  std::vector<std::string> open_;  // The file being read and those that include it.
  size_t nodes_ = 0;
  size_t substituted_ = 0;
};

}  // namespace

Document read_document(const std::string& path, const ConfigInput& input, ConfigErrors& errors) {
  DocumentReader reader(input, errors);
  Document document;
  document.root = reader.read(path, nullptr);
  document.files = reader.take_files();
  if (errors.empty() && document.root.kind != ConfigValue::Kind::kMapping)
    errors.add({0, 1, 1}, "yaml", "the file is empty");
  return document;
}

}  // namespace omni
