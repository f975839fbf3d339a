// A disk, an environment and a row of filters that exist only in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "source/base/status.h"
#include "source/config/absent.h"
#include "source/config/loader.h"

namespace omni {

// Filters with the settings of the real ones and no behaviour.
class FakeAuth final : public Filter {
 public:
  static constexpr std::string_view kName = "auth";
  struct Config {
    bool required = false;
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env) {
      Config out;
      OMNI_ASSIGN_OR_RETURN(out.required, node.boolean("required", env.require_api_key));
      OMNI_RETURN_IF_ERROR(node.done());
      return out;
    }
  };
  FakeAuth(const Config&, FilterContext&) {}
};

class FakeUpstream final : public Filter {
 public:
  static constexpr std::string_view kName = "upstream";
  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv&) {
      OMNI_ASSIGN_OR_RETURN(const absl::Duration timeout,
                            node.duration("timeout", absl::Seconds(120)));
      if (timeout <= absl::ZeroDuration()) return node.error_at("timeout", "must be positive");
      OMNI_RETURN_IF_ERROR(node.done());
      return Config{};
    }
  };
  FakeUpstream(const Config&, FilterContext&) {}
};

template <const char* kFilterName>
class FakePlain final : public Filter {
 public:
  static constexpr std::string_view kName = kFilterName;
  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv&) {
      OMNI_RETURN_IF_ERROR(node.done());
      return Config{};
    }
  };
  FakePlain(const Config&, FilterContext&) {}
};
inline constexpr char kTranslation[] = "translation";
inline constexpr char kRouting[] = "routing";
inline constexpr char kCache[] = "cache";

struct FakeWorld {
  FakeWorld() {
    registry.add<FakeAuth>();
    registry.add<FakeUpstream>();
    registry.add<FakePlain<kTranslation>>();
    registry.add<FakePlain<kRouting>>();
  }

  ConfigInput input() {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto it = environment.find(name);
              if (it == environment.end()) return std::nullopt;
              return it->second;
            },
            [this](const std::string& path) -> absl::StatusOr<std::string> {
              const auto it = files.find(path);
              if (it == files.end()) return failed("no such file");
              return it->second;
            }};
  }
  LoadEnv env() { return {registry, stats, store, input()}; }

  // Loads `text` as gateway.yaml.
  LoadResult load(std::string text) {
    files["gateway.yaml"] = std::move(text);
    return load_config("gateway.yaml", env());
  }
  // Its error lines, joined.
  std::string errors(std::string text) {
    std::string out;
    for (const ConfigError& error : load(std::move(text)).errors) out += error.text() + "\n";
    return out;
  }

  FilterRegistry registry;
  AbsentStore store;
  AbsentStats stats;
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> environment;
};

}  // namespace omni
