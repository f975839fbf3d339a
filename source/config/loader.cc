#include "source/config/loader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/base/strings.h"
#include "source/config/document.h"
#include "source/config/section.h"

namespace omni {
namespace {

using SectionReader = void (*)(MappingReader&, SectionContext&);

// In order of need: see section.h.
constexpr std::array<SectionReader, 10> kSections = {
    read_settings, read_process, read_log,        read_admin, read_providers,
    read_aliases,  read_combos,  read_resilience, read_keys,  read_listeners,
};

// Remembers every file that is read and what it held.
class ReadLog {
 public:
  explicit ReadLog(const ConfigInput& input) : input_(input) {}

  ConfigInput input() {
    return {input_.environment, [this](const std::string& path) {
              absl::StatusOr<std::string> text = input_.read_file(path);
              if (std::find(paths_.begin(), paths_.end(), path) == paths_.end()) {
                paths_.push_back(path);
                const Digest digest = text.ok() ? sha256(*text) : Digest{};
                contents_.append(path).push_back('\0');
                contents_.append(as_bytes(digest));
              }
              return text;
            }};
  }

  std::vector<std::string> paths() const { return paths_; }
  std::string hash() const {
    const Digest digest = sha256(contents_);
    return to_hex(as_bytes(digest));
  }

 private:
  const ConfigInput& input_;
  std::vector<std::string> paths_;
  std::string contents_;
};

Digest hash_of(const ConfigValue& root, std::initializer_list<std::string_view> sections) {
  std::string text;
  for (const std::string_view section : sections) text += canonical_text(root.find(section)) + ";";
  return sha256(text);
}

}  // namespace

LoadResult load_config(const std::string& path, const LoadEnv& env) {
  LoadResult result;
  ConfigErrors errors;
  ReadLog log(env.input);
  const ConfigInput input = log.input();
  const Document document = read_document(path, input, errors);
  if (document.root.kind == ConfigValue::Kind::kMapping) {
    SectionContext context{errors, env, input, result.config};
    MappingReader root(document.root, "", errors);
    for (const SectionReader read : kSections) read(root, context);
    root.done();
  }
  GatewayConfig& config = result.config;
  config.source = path;
  config.sources = log.paths();
  config.source_hash = log.hash();
  const std::string proxies = proxies_key(config.settings, input);
  config.hashes.providers = sha256(canonical_text(document.root.find("providers")) + proxies);
  config.hashes.aliases = hash_of(document.root, {"aliases"});
  config.hashes.combos = hash_of(document.root, {"combos"});
  config.hashes.keys = sha256(canonical_text(document.root.find("keys")) + proxies);
  // Filters are told what the settings demand.
  config.hashes.listeners = sha256(canonical_text(document.root.find("listeners")) +
                                   (config.settings.require_api_key ? "required" : "optional"));
  result.errors = errors.sorted();
  return result;
}

std::string file_entry_id(std::string_view kind, std::string_view name) {
  // Shaped as a UUID (RFC 9562 version 8), which is what clients of the management API expect.
  const Digest digest = sha256(std::string(kind) + '\0' + std::string(name));
  std::string hex = to_hex(as_bytes(digest)).substr(0, 32);
  hex[12] = '8';
  hex[16] = "89ab"[digest[8] & 3];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

}  // namespace omni
