// What keys have spent, kept on disk: read before a configuration comes into force, written while
// the gateway runs.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/event.h"
#include "api/snapshot.h"
#include "api/store.h"

namespace omni {

// Main thread. Writes what was added since the last time, not sums: two processes that have the
// store at once, as in an in-place restart, add up, and each learns what the other spent. A crash
// loses at most what the last kSaveEvery and one commit saw.
class SpendKeeper {
 public:
  static constexpr absl::Duration kSaveEvery = absl::Milliseconds(250);

  // Both outlive this.
  SpendKeeper(Store& store, Dispatcher& home);
  SpendKeeper(const SpendKeeper&) = delete;
  SpendKeeper& operator=(const SpendKeeper&) = delete;
  // Hands the rest to the store.
  ~SpendKeeper();

  // Fills the cells of `snapshot` that are new here. An error names a record that cannot be read:
  // its key begins at nothing.
  absl::Status adopt(const Snapshot& snapshot);
  // What has changed goes to the store now; nothing while the last time is under way.
  void save();

 private:
  struct Entry {
    std::string name;
    std::shared_ptr<SpendCell> cell;
    BudgetPeriod period;
    // What of the cell is on disk.
    int64_t number = 0, nanos = 0, unpriced = 0;
    bool told = false;
  };
  struct Change;

  absl::Status load(Entry& entry);
  std::vector<Change> changes();
  void saved(const std::vector<Change>& written, bool is_on_disk);
  void forget_unused();

  Store& store_;
  Dispatcher& home_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace omni
