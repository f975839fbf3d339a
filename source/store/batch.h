// What the writer commits at once: many works over both environments. Each work runs in nested
// transactions, so that one that fails undoes itself and leaves its neighbours alone.
#pragma once

#include <absl/status/status.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "source/store/environment.h"
#include "source/store/rows.h"

namespace omni::store {

class Batch final : public Update {
 public:
  Batch(Environment& state, Environment& bulk);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() override;  // Undoes everything that was not committed.

  struct Touched {
    bool state = false, bulk = false;
  };
  // Runs one work. `touched` says where it wrote. A write that failed fails the whole work, also
  // when the work itself says OK.
  absl::Status run(Store::Work& work, Touched& touched);

  struct Outcome {
    absl::Status state, bulk;
  };
  // State first: a full bulk refuses no state. When state fails, bulk is undone as well, because a
  // work may have written to both.
  Outcome commit();

  uint64_t written_bytes() const { return written_bytes_; }

  absl::StatusOr<std::optional<std::string_view>> get(TableId table, std::string_view key) override;
  absl::Status put(TableId table, std::string_view key, std::string_view value) override;
  absl::Status append(TableId table, std::string_view key, std::string_view value) override;
  absl::Status erase(TableId table, std::string_view key) override;
  absl::StatusOr<std::optional<std::string>> next(TableId table, std::string_view key) override;

 private:
  struct Side {
    Environment* environment;
    MDB_txn* whole = nullptr;  // The batch's; begun by the first work that needs it.
    MDB_txn* work = nullptr;   // Nested in it; begun by the work's first write.
    std::vector<TableHandle> made, made_by_work;  // Not yet published.
  };

  Side& side(Realm realm) { return sides_[realm == Realm::kState ? 0 : 1]; }
  absl::Status begin_whole(Side& side);
  absl::Status begin_work(Side& side);
  absl::Status finish_work(Side& side, bool keep);
  absl::Status commit_side(Side& side);
  static void undo(Side& side);
  const TableHandle* find(Side& side, std::string_view table) const;
  absl::StatusOr<const TableHandle*> table_for_writing(TableId table);
  absl::Status write(TableId table, std::string_view key, std::string_view value, Place place);
  absl::Status keep_room(Side& side, TableId table);

  std::array<Side, 2> sides_;
  absl::Status failure_;  // The running work's first failed write.
  bool bulk_is_checked_ = false, bulk_is_full_ = false;
  uint64_t written_bytes_ = 0;
  std::string scratch_;
};

}  // namespace omni::store
