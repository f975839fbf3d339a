#include "source/store/batch.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"

namespace omni::store {

Batch::Batch(Environment& state, Environment& bulk) : sides_{Side{&state}, Side{&bulk}} {}

Batch::~Batch() {
  for (Side& side : sides_) undo(side);
}

absl::Status Batch::run(Store::Work& work, Touched& touched) {
  failure_ = absl::OkStatus();
  absl::Status status = work(*this);
  if (status.ok()) status = failure_;
  touched = {sides_[0].work != nullptr, sides_[1].work != nullptr};
  for (Side& side : sides_) {
    absl::Status finished = finish_work(side, status.ok());
    if (status.ok()) status = std::move(finished);
  }
  return status;
}

absl::Status Batch::begin_whole(Side& side) {
  if (side.whole != nullptr) return absl::OkStatus();
  // State's write lock before bulk's, always: during an in-place restart two processes write, and
  // in two orders they would wait for each other for ever.
  if (&side == &sides_[1]) OMNI_RETURN_IF_ERROR(begin_whole(sides_[0]));
  return lmdb_status(mdb_txn_begin(side.environment->get(), nullptr, 0, &side.whole),
                     "begin to write");
}

absl::Status Batch::begin_work(Side& side) {
  if (side.work != nullptr) return absl::OkStatus();
  OMNI_RETURN_IF_ERROR(begin_whole(side));
  return lmdb_status(mdb_txn_begin(side.environment->get(), side.whole, 0, &side.work),
                     "begin to write");
}

absl::Status Batch::finish_work(Side& side, bool keep) {
  MDB_txn* txn = std::exchange(side.work, nullptr);
  if (txn == nullptr) return absl::OkStatus();
  std::vector<TableHandle> made = std::exchange(side.made_by_work, {});
  if (!keep) {
    mdb_txn_abort(txn);
    return absl::OkStatus();
  }
  const int code = mdb_txn_commit(txn);
  if (code != MDB_SUCCESS) return lmdb_status(code, "write");
  for (TableHandle& handle : made) side.made.push_back(std::move(handle));
  return absl::OkStatus();
}

void Batch::undo(Side& side) {
  if (MDB_txn* txn = std::exchange(side.work, nullptr); txn != nullptr) mdb_txn_abort(txn);
  if (MDB_txn* txn = std::exchange(side.whole, nullptr); txn != nullptr) mdb_txn_abort(txn);
  side.made.clear();
  side.made_by_work.clear();
}

absl::Status Batch::commit_side(Side& side) {
  MDB_txn* txn = std::exchange(side.whole, nullptr);
  if (txn == nullptr) return absl::OkStatus();
  const int code = mdb_txn_commit(txn);
  if (code == MDB_SUCCESS) {
    for (TableHandle& handle : side.made) side.environment->publish(std::move(handle));
  }
  side.made.clear();
  return lmdb_status(code, "commit");
}

Batch::Outcome Batch::commit() {
  Outcome out;
  out.state = commit_side(sides_[0]);
  if (out.state.ok()) {
    out.bulk = commit_side(sides_[1]);
  } else {
    undo(sides_[1]);
    out.bulk = out.state;
  }
  return out;
}

const TableHandle* Batch::find(Side& side, std::string_view table) const {
  if (const TableHandle* known = side.environment->find(table); known != nullptr) return known;
  for (const std::vector<TableHandle>* list : {&side.made, &side.made_by_work}) {
    for (const TableHandle& handle : *list) {
      if (handle.name == table) return &handle;
    }
  }
  return nullptr;
}

absl::StatusOr<const TableHandle*> Batch::table_for_writing(TableId table) {
  Side& here = side(table.realm);
  OMNI_RETURN_IF_ERROR(begin_work(here));
  if (const TableHandle* known = find(here, table.name); known != nullptr) return known;
  OMNI_ASSIGN_OR_RETURN(TableHandle handle, here.environment->make_table(here.work, table.name));
  return &here.made_by_work.emplace_back(std::move(handle));
}

// A full LMDB file cannot even erase, because erasing copies pages first. So the last tenth of bulk
// is kept for erasing.
absl::Status Batch::keep_room(Side& side, TableId table) {
  if (table.realm != Realm::kBulk) return absl::OkStatus();
  if (!std::exchange(bulk_is_checked_, true)) {
    OMNI_ASSIGN_OR_RETURN(const Environment::Room room, side.environment->room());
    bulk_is_full_ = room.used_bytes * 10 >= room.map_bytes * 9;
  }
  if (!bulk_is_full_) return absl::OkStatus();
  return lmdb_status(MDB_MAP_FULL, fmt::format("table {}", table.name));
}

absl::Status Batch::write(TableId table, std::string_view key, std::string_view value,
                          Place place) {
  const auto attempt = [&]() -> absl::Status {
    OMNI_ASSIGN_OR_RETURN(const TableHandle* handle, table_for_writing(table));
    OMNI_RETURN_IF_ERROR(keep_room(side(table.realm), table));
    written_bytes_ += key.size() + value.size();
    return put_row(side(table.realm).work, *handle, key, value, place);
  };
  absl::Status status = attempt();
  if (failure_.ok()) failure_ = status;
  return status;
}

absl::Status Batch::put(TableId table, std::string_view key, std::string_view value) {
  return write(table, key, value, Place::kAnywhere);
}

absl::Status Batch::append(TableId table, std::string_view key, std::string_view value) {
  return write(table, key, value, Place::kAtEnd);
}

absl::Status Batch::erase(TableId table, std::string_view key) {
  Side& here = side(table.realm);
  const auto attempt = [&]() -> absl::Status {
    const TableHandle* handle = find(here, table.name);
    if (handle == nullptr) return absl::OkStatus();
    OMNI_RETURN_IF_ERROR(begin_work(here));
    written_bytes_ += key.size();
    return erase_row(here.work, *handle, key);
  };
  absl::Status status = attempt();
  if (failure_.ok()) failure_ = status;
  return status;
}

absl::StatusOr<std::optional<std::string_view>> Batch::get(TableId table, std::string_view key) {
  Side& here = side(table.realm);
  const TableHandle* handle = find(here, table.name);
  if (handle == nullptr) return std::optional<std::string_view>();
  OMNI_RETURN_IF_ERROR(begin_whole(here));
  return read_row(here.work != nullptr ? here.work : here.whole, *handle, key, scratch_);
}

absl::StatusOr<std::optional<std::string>> Batch::next(TableId table, std::string_view key) {
  Side& here = side(table.realm);
  const TableHandle* handle = find(here, table.name);
  if (handle == nullptr) return std::optional<std::string>();
  OMNI_RETURN_IF_ERROR(begin_whole(here));
  MDB_cursor* raw = nullptr;
  MDB_txn* txn = here.work != nullptr ? here.work : here.whole;
  OMNI_RETURN_IF_ERROR(lmdb_status(mdb_cursor_open(txn, handle->rows, &raw), table.name));
  const Cursor cursor(raw);
  MDB_val at = to_val(key), value;
  int code = mdb_cursor_get(raw, &at, &value, key.empty() ? MDB_FIRST : MDB_SET_RANGE);
  if (code == MDB_SUCCESS && !key.empty() && to_view(at) == key)
    code = mdb_cursor_get(raw, &at, &value, MDB_NEXT);
  if (code == MDB_NOTFOUND) return std::optional<std::string>();
  OMNI_RETURN_IF_ERROR(lmdb_status(code, table.name));
  return std::optional<std::string>(to_view(at));
}

}  // namespace omni::store
