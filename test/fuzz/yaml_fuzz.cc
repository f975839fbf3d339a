// Any bytes as a configuration: never a crash, never more than a moment. Whatever is refused must
// say so in lines that have a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "source/base/check.h"
#include "source/base/status.h"
#include "source/config/absent.h"
#include "source/config/loader.h"
#include "source/config/snapshot_builder.h"

namespace {

using namespace omni;

template <const char* kFilterName>
class AnyFilter final : public Filter {
 public:
  static constexpr std::string_view kName = kFilterName;
  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv&) {
      OMNI_RETURN_IF_ERROR(node.boolean("required", false).status());
      OMNI_RETURN_IF_ERROR(node.duration("timeout", absl::Seconds(1)).status());
      OMNI_RETURN_IF_ERROR(node.done());
      return Config{};
    }
  };
  AnyFilter(const Config&, FilterContext&) {}
};
constexpr char kAuth[] = "auth";
constexpr char kTranslation[] = "translation";
constexpr char kRouting[] = "routing";
constexpr char kUpstream[] = "upstream";

const FilterRegistry& registry() {
  static const FilterRegistry* made = [] {
    auto* all = new FilterRegistry;
    all->add<AnyFilter<kAuth>>();
    all->add<AnyFilter<kTranslation>>();
    all->add<AnyFilter<kRouting>>();
    all->add<AnyFilter<kUpstream>>();
    return all;
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  ConfigInput input;
  input.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "value";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  // Includes lead back to the same bytes, so circles and repeats are reached.
  input.read_file = [&text](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "fuzz.yaml" || path == "other.yaml") return text;
    return failed("no such file");
  };
  AbsentStore store;
  AbsentStats stats;
  const LoadResult result = load_config("fuzz.yaml", {registry(), stats, store, input});
  for (const ConfigError& error : result.errors)
    OMNI_CHECK(error.line >= 1 && error.column >= 1 && !error.path.empty() &&
               !error.message.empty());
  if (result.ok()) {
    SnapshotBuilder builder(Secret("pepper"));
    OMNI_CHECK(builder.build(result.config, {}, absl::UnixEpoch()).ok());
  }
  return 0;
}
