#include "source/store/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "source/base/check.h"
#include "source/base/status.h"

namespace omni::store {
namespace {

// Each worker, the writer and the readers hold one; a process that takes over in a restart too.
constexpr unsigned kMaxReaders = 512;

size_t slot_of_this_thread(size_t count) {
  static std::atomic<size_t> next{0};
  thread_local const size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine % count;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Environment>> Environment::open(const std::string& folder,
                                                               Realm realm,
                                                               uint64_t map_size_bytes) {
  MDB_env* raw = nullptr;
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_create(&raw), folder));
  Env env(raw);
  // LMDB maps whole pages, and refuses nothing when the size is none.
  constexpr uint64_t kGrain = 64 * 1024;
  map_size_bytes = (map_size_bytes + kGrain - 1) / kGrain * kGrain;
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_set_mapsize(raw, map_size_bytes), folder));
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_set_maxdbs(raw, 2 * kMaxTables), folder));
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_set_maxreaders(raw, kMaxReaders), folder));
  // Bulk is often larger than memory: reading ahead would push out pages that are in use. Its meta
  // page is synced by sync(), not at each commit.
  const unsigned flags = MDB_NOTLS | (realm == Realm::kBulk ? MDB_NORDAHEAD | MDB_NOMETASYNC : 0U);
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_env_open(raw, folder.c_str(), flags, kFileMode), folder));
  std::unique_ptr<Environment> out(new Environment(std::move(env)));
  out->clear_dead_readers();
  OMNI_RETURN_IF_ERROR(out->open_tables());
  return out;
}

Environment::~Environment() {
  for (ReaderSlot& slot : readers_) {
    if (MDB_txn* txn = slot.idle.exchange(nullptr); txn != nullptr) mdb_txn_abort(txn);
  }
}

absl::Status Environment::open_tables() {
  MDB_txn* txn = nullptr;
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_txn_begin(get(), nullptr, MDB_RDONLY, &txn), "open"));
  std::vector<std::string> names;
  MDB_dbi main = 0;
  int code = mdb_dbi_open(txn, nullptr, 0, &main);
  MDB_cursor* raw = nullptr;
  if (code == MDB_SUCCESS) code = mdb_cursor_open(txn, main, &raw);
  {
    const Cursor cursor(raw);
    MDB_val key, value;
    while (code == MDB_SUCCESS) {
      code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
      if (code == MDB_SUCCESS) names.emplace_back(to_view(key));
    }
  }
  if (code == MDB_NOTFOUND) code = MDB_SUCCESS;
  for (const std::string& name : names) {
    if (code != MDB_SUCCESS || name.ends_with(kChunksSuffix)) continue;
    TableHandle handle{name};
    code = mdb_dbi_open(txn, name.c_str(), 0, &handle.rows);
    if (code == MDB_INCOMPATIBLE) code = MDB_INVALID;  // A plain record: another program's file.
    const std::string chunks = name + std::string(kChunksSuffix);
    if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, chunks.c_str(), 0, &handle.chunks);
    if (code == MDB_NOTFOUND) code = MDB_INVALID;  // Likewise.
    if (code == MDB_SUCCESS) publish(std::move(handle));
  }
  if (code != MDB_SUCCESS) {
    mdb_txn_abort(txn);
    return code == MDB_INVALID ? failed("is not ours: a data.mdb is another program's")
                               : lmdb_status(code, "open its tables");
  }
  // A commit, not an abort: it is what keeps the handles.
  return lmdb_status(mdb_txn_commit(txn), "open its tables");
}

const TableHandle* Environment::find(std::string_view table) const {
  const size_t count = table_count_.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    if (tables_[i].name == table) return &tables_[i];
  }
  return nullptr;
}

absl::StatusOr<TableHandle> Environment::make_table(MDB_txn* txn, std::string_view table) {
  if (table_count_.load(std::memory_order_relaxed) == kMaxTables) {
    return lmdb_status(MDB_DBS_FULL, fmt::format("table {}", table));
  }
  TableHandle out{std::string(table)};
  const std::string chunks = out.name + std::string(kChunksSuffix);
  int code = mdb_dbi_open(txn, out.name.c_str(), MDB_CREATE, &out.rows);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, chunks.c_str(), MDB_CREATE, &out.chunks);
  if (code != MDB_SUCCESS) return lmdb_status(code, fmt::format("table {}", table));
  return out;
}

void Environment::publish(TableHandle handle) {
  const size_t count = table_count_.load(std::memory_order_relaxed);
  if (count == kMaxTables || find(handle.name) != nullptr) return;
  tables_[count] = std::move(handle);
  table_count_.store(count + 1, std::memory_order_release);
}

absl::StatusOr<Environment::Room> Environment::room() const {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(get(), &info);
  mdb_env_stat(get(), &stat);
  uint64_t pages = info.me_last_pgno + 1;
  if (pages * stat.ms_psize * 10 >= info.me_mapsize * 9) {
    // LMDB shows the list of free pages to readers only.
    OMNI_ASSIGN_OR_RETURN(const ReadLease lease, ReadLease::take(*this));
    constexpr MDB_dbi kFreeList = 0;
    MDB_cursor* raw = nullptr;
    OMNI_RETURN_IF_ERROR(lmdb_status(mdb_cursor_open(lease.txn(), kFreeList, &raw), "free pages"));
    const Cursor cursor(raw);
    MDB_val key, value;
    while (mdb_cursor_get(raw, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
      size_t count;  // Each record is a count and that many page numbers.
      std::memcpy(&count, value.mv_data, sizeof count);
      pages -= std::min<uint64_t>(count, pages);
    }
  }
  return Room{pages * stat.ms_psize, info.me_mapsize};
}

uint64_t Environment::highest_byte() const {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(get(), &info);
  mdb_env_stat(get(), &stat);
  return (info.me_last_pgno + 1) * stat.ms_psize;
}

absl::Status Environment::sync() const { return lmdb_status(mdb_env_sync(get(), 1), "sync"); }

void Environment::postpone_syncs() { mdb_env_set_flags(get(), MDB_NOSYNC, 1); }

absl::Status Environment::sync_commits() {
  OMNI_RETURN_IF_ERROR(sync());
  return lmdb_status(mdb_env_set_flags(get(), MDB_NOSYNC, 0), "sync");
}

void Environment::clear_dead_readers() const {
  int dead = 0;
  mdb_reader_check(get(), &dead);
}

absl::StatusOr<ReadLease> ReadLease::take(const Environment& environment) {
  auto& slots = environment.readers_;
  MDB_txn* txn = slots[slot_of_this_thread(slots.size())].idle.exchange(nullptr);
  int code = MDB_SUCCESS;
  if (txn == nullptr) {
    code = mdb_txn_begin(environment.get(), nullptr, MDB_RDONLY, &txn);
  } else if (code = mdb_txn_renew(txn); code != MDB_SUCCESS) {
    mdb_txn_abort(txn);
  }
  if (code != MDB_SUCCESS) return lmdb_status(code, "begin to read");
  return ReadLease(environment, txn);
}

ReadLease::~ReadLease() {
  if (txn_ == nullptr) return;
  mdb_txn_reset(txn_);
  auto& slots = environment_.readers_;
  MDB_txn* none = nullptr;
  auto& idle = slots[slot_of_this_thread(slots.size())].idle;
  if (!idle.compare_exchange_strong(none, txn_)) mdb_txn_abort(txn_);
}

}  // namespace omni::store
