// Stand-ins for loading a configuration before (or without) a store and a registry.
#pragma once

#include "api/stats.h"
#include "api/store.h"

namespace omni {

// A store that is not there: empty to read, deaf to writes.
class AbsentStore final : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> get(TableId, std::string_view) const override {
    return std::optional<std::string>();
  }
  absl::Status scan(TableId, std::string_view, Visit) const override { return absl::OkStatus(); }
  std::unique_ptr<Pending> fetch(Dispatcher&, TableId, std::string_view, Fetched) override {
    return nullptr;
  }
  std::unique_ptr<Pending> read(Dispatcher&, Reading, Done) override { return nullptr; }
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

}  // namespace omni
