// The store on LMDB: a folder with two environments, `state/` and `bulk/`. docs/store_format.md
// describes what lies in it.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "source/base/secret.h"
#include "source/stats/registry.h"

namespace omni {

namespace store {
class Environment;
class Fetcher;
class Ownership;
class Writer;
}  // namespace store

class LmdbStore final : public Store {
 public:
  struct Options {
    std::string path;  // A folder; made (mode 0700) when missing.
    // The most each part may grow to. Address space, not disk, until it is used.
    uint64_t map_size_bytes = uint64_t{1} << 30;
    uint64_t bulk_map_size_bytes = uint64_t{16} << 30;
    // Set in the new process of an in-place restart: its parent may have the store open still.
    bool inherit = false;
    StatRegistry* stats = nullptr;  // Outlives the store.
    // Told of writes that were lost with nobody waiting, at most once a second, on the writer
    // thread. May be empty.
    absl::AnyInvocable<void(std::string_view)> report;
  };

  // Before other threads use locks that a forked child needs: after an unclean end it forks a child
  // that reads everything once. The message of an error begins `the store at PATH`.
  static absl::StatusOr<std::unique_ptr<LmdbStore>> open(Options options);
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;
  // Commits what is queued and answers it. Nobody calls the store any more.
  ~LmdbStore() override;

  absl::StatusOr<std::optional<std::string>> get(TableId table,
                                                 std::string_view key) const override;
  // Damaged records are left out; the status then is kDataLoss and names the first of them.
  absl::Status scan(TableId table, std::string_view from, Visit visit) const override;
  // The same from the end to the beginning: keys in front of `before`, "" is behind all.
  absl::Status scan_back(TableId table, std::string_view before, Visit visit) const;
  struct Size {
    uint64_t rows = 0;
    uint64_t bytes = 0;  // Of the pages that they lie in.
  };
  // Never on a loop.
  absl::StatusOr<Size> size_of(TableId table) const;
  std::unique_ptr<Pending> fetch(Dispatcher& home, TableId table, std::string_view key,
                                 Fetched done) override;
  std::unique_ptr<Pending> read(Dispatcher& home, Reading work, Done done) override;
  std::unique_ptr<Pending> update(Dispatcher& home, Work work, Done done) override;
  void write(Work work) override;

  // What hashes of gateway keys are keyed with: 32 random bytes, made with the store.
  const Secret& pepper() const { return pepper_; }
  // What opening found that is no reason to refuse, for the log.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  LmdbStore();
  absl::Status start(Options& options);
  absl::Status prepare_tables(bool is_made);
  const store::Environment& environment(Realm realm) const;

  std::vector<std::string> warnings_;
  Secret pepper_;
  // In order of making: each uses those before it.
  std::unique_ptr<store::Ownership> ownership_;
  std::unique_ptr<store::Environment> state_, bulk_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::Fetcher> fetcher_;
};

}  // namespace omni
