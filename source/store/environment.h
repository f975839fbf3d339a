// One LMDB environment (a folder with data.mdb and lock.mdb): its tables, and read transactions
// that are made once and renewed. Opened once per process: closing a second descriptor of the same
// file would drop LMDB's POSIX locks.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/store.h"
#include "source/store/lmdb_glue.h"

namespace omni::store {

// A table is two LMDB databases: its rows, and the chunks of its long values.
struct TableHandle {
  std::string name;
  MDB_dbi rows = 0;
  MDB_dbi chunks = 0;
};
inline constexpr std::string_view kChunksSuffix = "#chunks";
inline constexpr unsigned kMaxTables = 64;  // Per environment.
inline constexpr int kFileMode = 0600;

class Environment {
 public:
  // Opens `folder`, which exists, and every table in it. `name` is for messages.
  static absl::StatusOr<std::unique_ptr<Environment>> open(const std::string& folder, Realm realm,
                                                           uint64_t map_size_bytes);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  // No read lease and no transaction is left.
  ~Environment();

  MDB_env* get() const { return env_.get(); }
  // Any thread, waits for nothing. Null when the table was never written.
  const TableHandle* find(std::string_view table) const;
  // No table was ever written.
  bool is_empty() const { return table_count_.load(std::memory_order_acquire) == 0; }
  // Opens or makes a table inside `txn`; publish() it once the outermost transaction is committed,
  // and forget it when that one is aborted. Writer thread.
  absl::StatusOr<TableHandle> make_table(MDB_txn* txn, std::string_view table);
  void publish(TableHandle handle);

  struct Room {
    uint64_t used_bytes, map_bytes;
  };
  // Pages in use at the last commit against the map's size. Cheap until nine tenths of the map were
  // ever used; from then on it walks the list of free pages.
  absl::StatusOr<Room> room() const;
  // How far into the file pages were ever used. Never shrinks. Any thread.
  uint64_t highest_byte() const;

  absl::Status sync() const;
  // Commits from now on wait for no disk, until sync_commits(), which waits for theirs too. Not
  // while another thread commits.
  void postpone_syncs();
  absl::Status sync_commits();
  // Frees the reader slots of processes that died.
  void clear_dead_readers() const;

 private:
  friend class ReadLease;
  struct alignas(64) ReaderSlot {
    std::atomic<MDB_txn*> idle{nullptr};
  };

  explicit Environment(Env env) : env_(std::move(env)) {}
  absl::Status open_tables();

  Env env_;
  // Filled from the front and never changed after: readers need no lock.
  std::array<TableHandle, kMaxTables> tables_;
  std::atomic<size_t> table_count_{0};
  // Idle read transactions, one place per thread (threads may share one; then one begins anew).
  mutable std::array<ReaderSlot, 32> readers_;
};

// A read transaction for the length of one call. Every view into the map ends with it.
class ReadLease {
 public:
  static absl::StatusOr<ReadLease> take(const Environment& environment);
  ReadLease(ReadLease&& other) noexcept
      : environment_(other.environment_), txn_(std::exchange(other.txn_, nullptr)) {}
  ReadLease& operator=(ReadLease&&) = delete;
  ~ReadLease();

  MDB_txn* txn() const { return txn_; }

 private:
  ReadLease(const Environment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {}

  const Environment& environment_;
  MDB_txn* txn_;
};

}  // namespace omni::store
