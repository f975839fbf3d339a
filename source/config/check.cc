#include "source/config/check.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "source/base/status.h"
#include "source/config/loader.h"

namespace omni {
namespace {

// A store that is not there: empty to read, refusing to write.
class AbsentStore final : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> get(TableId, std::string_view) const override {
    return std::optional<std::string>();
  }
  absl::Status scan(TableId, std::string_view, Visit) const override { return absl::OkStatus(); }
  std::unique_ptr<Pending> fetch(Dispatcher&, TableId, std::string_view, Fetched) override {
    return nullptr;
  }
  std::unique_ptr<Pending> update(Dispatcher&, Work, Done) override { return nullptr; }
  void write(Work) override {}
};

// Metrics that count nowhere: cell 0 belongs to nobody.
class AbsentStats final : public StatScope {
 public:
  Counter counter(std::string_view, std::string_view, std::initializer_list<StatLabel>) override {
    return {};
  }
  Gauge gauge(std::string_view, std::string_view, std::initializer_list<StatLabel>) override {
    return {};
  }
  Histogram histogram(std::string_view, std::string_view,
                      std::initializer_list<StatLabel>) override {
    return {};
  }
};

}  // namespace

int check_config(const std::string& path, const FilterRegistry& registry, std::ostream& out,
                 const ConfigInput& input) {
  AbsentStore store;
  AbsentStats stats;
  const LoadResult result = load_config(path, {registry, stats, store, input});
  for (const ConfigError& error : result.errors) out << error.text() << '\n';
  if (!result.ok()) return 1;
  out << fmt::format("{}: ok ({} providers, {} listeners)\n", path, result.config.providers.size(),
                     result.config.listeners.size());
  return 0;
}

}  // namespace omni
