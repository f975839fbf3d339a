// The registry behind every metric: it gives out cells, owns the slabs they live in, and writes the
// Prometheus text. Counting never comes here; only making a metric and scraping take the lock.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/stats.h"
#include "source/base/strings.h"

namespace omni {

class StatRegistry final : public StatScope {
 public:
  // Cells per slab. The first ones belong to nobody, so that a metric that was refused or never
  // made (index 0) counts where no metric reads.
  static constexpr uint32_t kCells = 4096;

  StatRegistry();
  StatRegistry(const StatRegistry&) = delete;
  StatRegistry& operator=(const StatRegistry&) = delete;
  // No thread may be attached any more.
  ~StatRegistry() override = default;

  // Gives the calling thread a slab, so that what it counts is seen; a slab left by an earlier
  // thread is used again and keeps its counts. Does nothing when already attached here.
  void attach_thread();
  // Before the calling thread ends or the registry dies. Its counts stay.
  void detach_thread();

  // Names get the prefix `omniroute_` unless they have it. A name that is not a metric name, or one
  // name used for two kinds, is a bug and ends the process. Label values may be any UTF-8.
  Counter counter(std::string_view name, std::string_view help,
                  std::initializer_list<StatLabel> labels = {}) override;
  Gauge gauge(std::string_view name, std::string_view help,
              std::initializer_list<StatLabel> labels = {}) override;
  Histogram histogram(std::string_view name, std::string_view help,
                      std::initializer_list<StatLabel> labels = {}) override;
  // A gauge whose value is asked for at each scrape, on the scraping thread, with the registry's
  // lock held: `value` must not call back into the registry. Asking again replaces it.
  void gauge_function(std::string_view name, std::string_view help, std::function<double()> value,
                      std::initializer_list<StatLabel> labels = {});
  // After this returns the function is not running and never runs again.
  void remove_gauge_function(std::string_view name, std::initializer_list<StatLabel> labels = {});

  // Appends the Prometheus text exposition format 0.0.4. Any thread.
  void render(std::string& out) const;
  // The value of all series of `name` that have all of `labels`, over all threads; for a histogram
  // the number of observations. 0 for an unknown name. Any thread.
  int64_t sum(std::string_view name, std::initializer_list<StatLabel> labels = {}) const;

 private:
  enum class Kind : uint8_t { kCounter, kGauge, kHistogram };
  struct alignas(64) Slab {
    std::array<StatCell, kCells> cells{};
    bool is_taken = false;
  };
  struct Series {
    std::string labels;  // As rendered, without braces.
    uint32_t first = 0;
    std::function<double()> value;  // Set for a gauge function, which has no cell.
  };
  struct Family {
    std::string name, help;
    Kind kind;
    std::vector<Series> series;
  };

  Family& family(std::string_view name, std::string_view help, Kind kind);
  const Family* find(std::string_view name) const;
  uint32_t cells_for(std::string_view name, std::string_view help, Kind kind,
                     std::initializer_list<StatLabel> labels);
  uint64_t total(uint32_t index) const;
  void render_family(const Family& family, std::string& out) const;
  void render_histogram(const Family& family, const Series& series, std::string& out) const;

  mutable std::mutex mutex_;  // Guards everything below except the cells.
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<Family> families_;
  StringMap<size_t> by_name_;
  uint32_t next_cell_;
  uint64_t dropped_ = 0;
};

// Attaches the thread for as long as it lives. `registry` may be null.
class StatThread {
 public:
  explicit StatThread(StatRegistry* registry) : registry_(registry) {
    if (registry_ != nullptr) registry_->attach_thread();
  }
  StatThread(const StatThread&) = delete;
  StatThread& operator=(const StatThread&) = delete;
  ~StatThread() {
    if (registry_ != nullptr) registry_->detach_thread();
  }

 private:
  StatRegistry* registry_;
};

}  // namespace omni
