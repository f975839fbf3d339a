#include "source/store/lmdb_store.h"

#include <utility>

#include "source/base/status.h"
#include "source/base/system_clock.h"
#include "source/store/environment.h"
#include "source/store/fetcher.h"
#include "source/store/ownership.h"
#include "source/store/reply.h"
#include "source/store/rows.h"
#include "source/store/writer.h"

namespace omni {
namespace {

using store::ReadLease;
using store::TableHandle;

using Value = absl::StatusOr<std::optional<std::string>>;

// A reader that stays longer pins the pages that every commit since replaced.
constexpr absl::Duration kScanSlice = absl::Milliseconds(50);
constexpr int kScanRows = 1000;

Value read_one(const store::Environment& environment, std::string_view table,
               std::string_view key) {
  const TableHandle* handle = environment.find(table);
  if (handle == nullptr) return std::optional<std::string>();
  OMNI_ASSIGN_OR_RETURN(const ReadLease lease, ReadLease::take(environment));
  std::string scratch;
  OMNI_ASSIGN_OR_RETURN(const std::optional<std::string_view> found,
                        read_row(lease.txn(), *handle, key, scratch));
  if (!found.has_value()) return std::optional<std::string>();
  return std::optional<std::string>(*found);
}

// Goes over one table in slices, each in a transaction of its own.
class Scan {
 public:
  Scan(const store::Environment& environment, const TableHandle& table, std::string_view from)
      : environment_(environment), table_(table), at_(from) {}

  absl::Status run(Store::Visit visit) {
    while (!is_done_) OMNI_RETURN_IF_ERROR(slice(visit));
    return damage_;
  }

 private:
  absl::Status slice(Store::Visit visit) {
    OMNI_ASSIGN_OR_RETURN(const ReadLease lease, ReadLease::take(environment_));
    MDB_cursor* raw = nullptr;
    OMNI_RETURN_IF_ERROR(
        store::lmdb_status(mdb_cursor_open(lease.txn(), table_.rows, &raw), table_.name));
    const store::Cursor cursor(raw);
    MDB_val key = store::to_val(at_), value;
    int code = mdb_cursor_get(raw, &key, &value, at_.empty() ? MDB_FIRST : MDB_SET_RANGE);
    // The row where the last slice ended was visited; it may be gone by now.
    if (code == MDB_SUCCESS && is_resumed_ && store::to_view(key) == at_) {
      code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
    }
    const absl::Duration until = monotonic_now() + kScanSlice;
    for (int rows = 1; code == MDB_SUCCESS; ++rows) {
      if (!visit_row(lease.txn(), store::to_view(key), store::to_view(value), visit)) {
        is_done_ = true;
        return absl::OkStatus();
      }
      if (rows == kScanRows || monotonic_now() >= until) {
        at_ = store::to_view(key);
        is_resumed_ = true;
        return absl::OkStatus();
      }
      code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
    }
    is_done_ = true;
    return code == MDB_NOTFOUND ? absl::OkStatus() : store::lmdb_status(code, table_.name);
  }

  bool visit_row(MDB_txn* txn, std::string_view key, std::string_view sealed, Store::Visit visit) {
    const absl::StatusOr<std::string_view> value =
        store::open_row(txn, table_, key, sealed, scratch_);
    if (value.ok()) return visit(key, *value);
    if (damage_.ok()) damage_ = value.status();
    return true;
  }

  const store::Environment& environment_;
  const TableHandle& table_;
  std::string at_;
  bool is_resumed_ = false, is_done_ = false;
  absl::Status damage_;
  std::string scratch_;
};

// The same from the end to the beginning; no row twice, also when rows come and go meanwhile.
class BackScan {
 public:
  BackScan(const store::Environment& environment, const TableHandle& table, std::string_view before)
      : environment_(environment), table_(table), before_(before) {}

  absl::Status run(Store::Visit visit) {
    while (!is_done_) OMNI_RETURN_IF_ERROR(slice(visit));
    return damage_;
  }

 private:
  // The last row in front of before_.
  int enter(MDB_cursor* cursor, MDB_val& key, MDB_val& value) const {
    if (before_.empty()) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    key = store::to_val(before_);
    const int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    return code == MDB_SUCCESS ? mdb_cursor_get(cursor, &key, &value, MDB_PREV) : code;
  }

  absl::Status slice(Store::Visit visit) {
    OMNI_ASSIGN_OR_RETURN(const ReadLease lease, ReadLease::take(environment_));
    MDB_cursor* raw = nullptr;
    OMNI_RETURN_IF_ERROR(
        store::lmdb_status(mdb_cursor_open(lease.txn(), table_.rows, &raw), table_.name));
    const store::Cursor cursor(raw);
    MDB_val key, value;
    int code = enter(raw, key, value);
    const absl::Duration until = monotonic_now() + kScanSlice;
    for (int rows = 1; code == MDB_SUCCESS; ++rows) {
      const absl::StatusOr<std::string_view> opened = store::open_row(
          lease.txn(), table_, store::to_view(key), store::to_view(value), scratch_);
      if (!opened.ok() && damage_.ok()) damage_ = opened.status();
      is_done_ = opened.ok() && !visit(store::to_view(key), *opened);
      if (is_done_) return absl::OkStatus();
      if (rows == kScanRows || monotonic_now() >= until) {
        before_ = store::to_view(key);
        return absl::OkStatus();
      }
      code = mdb_cursor_get(raw, &key, &value, MDB_PREV);
    }
    is_done_ = true;
    return code == MDB_NOTFOUND ? absl::OkStatus() : store::lmdb_status(code, table_.name);
  }

  const store::Environment& environment_;
  const TableHandle& table_;
  std::string before_;
  bool is_done_ = false;
  absl::Status damage_;
  std::string scratch_;
};

}  // namespace

const store::Environment& LmdbStore::environment(Realm realm) const {
  return realm == Realm::kState ? *state_ : *bulk_;
}

Value LmdbStore::get(TableId table, std::string_view key) const {
  return read_one(environment(table.realm), table.name, key);
}

absl::Status LmdbStore::scan(TableId table, std::string_view from, Visit visit) const {
  const store::Environment& here = environment(table.realm);
  const TableHandle* handle = here.find(table.name);
  if (handle == nullptr) return absl::OkStatus();
  return Scan(here, *handle, from).run(visit);
}

absl::Status LmdbStore::scan_back(TableId table, std::string_view before, Visit visit) const {
  const store::Environment& here = environment(table.realm);
  const TableHandle* handle = here.find(table.name);
  if (handle == nullptr) return absl::OkStatus();
  return BackScan(here, *handle, before).run(visit);
}

absl::StatusOr<LmdbStore::Size> LmdbStore::size_of(TableId table) const {
  const store::Environment& here = environment(table.realm);
  const TableHandle* handle = here.find(table.name);
  if (handle == nullptr) return Size();
  OMNI_ASSIGN_OR_RETURN(const ReadLease lease, ReadLease::take(here));
  Size out;
  for (const MDB_dbi dbi : {handle->rows, handle->chunks}) {
    MDB_stat stat;
    OMNI_RETURN_IF_ERROR(store::lmdb_status(mdb_stat(lease.txn(), dbi, &stat), table.name));
    if (dbi == handle->rows) out.rows = stat.ms_entries;
    out.bytes += (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
                 uint64_t{stat.ms_psize};
  }
  return out;
}

std::unique_ptr<Pending> LmdbStore::fetch(Dispatcher& home, TableId table, std::string_view key,
                                          Fetched done) {
  auto reply = std::make_shared<store::Reply<Value>>(home, std::move(done));
  fetcher_->push([this, table, key = std::string(key), reply] {
    store::Reply<Value>::deliver(reply, get(table, key));
  });
  return std::make_unique<store::PendingReply<Value>>(std::move(reply));
}

std::unique_ptr<Pending> LmdbStore::read(Dispatcher& home, Reading work, Done done) {
  auto reply = std::make_shared<store::Reply<absl::Status>>(home, std::move(done));
  fetcher_->push([this, work = std::move(work), reply]() mutable {
    store::Reply<absl::Status>::deliver(reply, work(*this));
  });
  return std::make_unique<store::PendingReply<absl::Status>>(std::move(reply));
}

std::unique_ptr<Pending> LmdbStore::update(Dispatcher& home, Work work, Done done) {
  auto reply = std::make_shared<store::Reply<absl::Status>>(home, std::move(done));
  writer_->push(std::move(work), reply);
  return std::make_unique<store::PendingReply<absl::Status>>(std::move(reply));
}

void LmdbStore::write(Work work) { writer_->push(std::move(work), nullptr); }

}  // namespace omni
