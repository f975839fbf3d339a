#include "source/store/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/store/envelope.h"

namespace omni::store {
namespace {

constexpr size_t kMaxKeyBytes = 511;  // LMDB's, as built by the distribution.
constexpr size_t kHeadBytes = 16;     // Chunk set (8) and length (8), little endian.

std::string chunk_key(uint64_t set, uint32_t index) {
  std::string out;
  append_big64(out, set);
  append_big32(out, index);
  return out;
}

absl::Status write_failed(int code, const TableHandle& table, std::string_view key) {
  if (code == MDB_SUCCESS) return absl::OkStatus();
  return lmdb_status(code, fmt::format("table {}, key {}", table.name, to_hex(key)));
}

// Written in place: LMDB gives the room and the envelope is made there.
int put_sealed(MDB_txn* txn, MDB_dbi dbi, std::string_view key, EnvelopeKind kind,
               std::string_view payload, unsigned flags) {
  MDB_val k = to_val(key);
  MDB_val v{kEnvelopeBytes + payload.size(), nullptr};
  const int code = mdb_put(txn, dbi, &k, &v, flags | MDB_RESERVE);
  if (code == MDB_SUCCESS) seal(kind, payload, static_cast<char*>(v.mv_data));
  return code;
}

bool has_chunks(MDB_txn* txn, const TableHandle& table) {
  MDB_stat stat;
  return mdb_stat(txn, table.chunks, &stat) == MDB_SUCCESS && stat.ms_entries > 0;
}

// One past the highest set in use; a number is used again only when no row names it any more.
absl::StatusOr<uint64_t> next_chunk_set(MDB_txn* txn, const TableHandle& table) {
  MDB_cursor* raw = nullptr;
  int code = mdb_cursor_open(txn, table.chunks, &raw);
  if (code != MDB_SUCCESS) return lmdb_status(code, table.name);
  const Cursor cursor(raw);
  MDB_val key, value;
  code = mdb_cursor_get(raw, &key, &value, MDB_LAST);
  if (code == MDB_NOTFOUND) return uint64_t{1};
  if (code != MDB_SUCCESS) return lmdb_status(code, table.name);
  if (key.mv_size < 8) return lmdb_status(MDB_CORRUPTED, table.name);
  return load_big64(static_cast<const char*>(key.mv_data)) + 1;
}

struct ChunkHead {
  uint64_t set, length;
  uint32_t count() const { return static_cast<uint32_t>((length + kChunkBytes - 1) / kChunkBytes); }
};

absl::StatusOr<ChunkHead> parse_head(const TableHandle& table, std::string_view key,
                                     std::string_view payload) {
  if (payload.size() != kHeadBytes) {
    return error(absl::StatusCode::kDataLoss,
                 fmt::format("table {}, key {}: the list of its chunks is damaged", table.name,
                             to_hex(key)));
  }
  return ChunkHead{load_little64(payload.data()), load_little64(payload.data() + 8)};
}

// Removes the chunks of the row at `key`, if it has any; the row itself stays.
absl::Status drop_chunks(MDB_txn* txn, const TableHandle& table, std::string_view key) {
  if (!has_chunks(txn, table)) return absl::OkStatus();
  MDB_val k = to_val(key), v;
  const int code = mdb_get(txn, table.rows, &k, &v);
  if (code == MDB_NOTFOUND) return absl::OkStatus();
  if (code != MDB_SUCCESS) return write_failed(code, table, key);
  // A damaged row may be overwritten and erased; its chunks, if it had any, are lost room.
  const absl::StatusOr<Opened> opened = open_envelope(to_view(v), table.name, key);
  if (!opened.ok() || opened->kind != EnvelopeKind::kChunked) return absl::OkStatus();
  OMNI_ASSIGN_OR_RETURN(const ChunkHead head, parse_head(table, key, opened->payload));
  for (uint32_t i = 0; i < head.count(); ++i) {
    const std::string name = chunk_key(head.set, i);
    MDB_val chunk = to_val(name);
    const int erased = mdb_del(txn, table.chunks, &chunk, nullptr);
    if (erased != MDB_SUCCESS && erased != MDB_NOTFOUND) return write_failed(erased, table, key);
  }
  return absl::OkStatus();
}

absl::Status put_chunked(MDB_txn* txn, const TableHandle& table, std::string_view key,
                         std::string_view value) {
  OMNI_ASSIGN_OR_RETURN(const uint64_t set, next_chunk_set(txn, table));
  for (uint32_t i = 0; i * kChunkBytes < value.size(); ++i) {
    const int code = put_sealed(txn, table.chunks, chunk_key(set, i), EnvelopeKind::kWhole,
                                value.substr(i * kChunkBytes, kChunkBytes), MDB_APPEND);
    OMNI_RETURN_IF_ERROR(write_failed(code, table, key));
  }
  char head[kHeadBytes];
  store_little32(head, static_cast<uint32_t>(set));
  store_little32(head + 4, static_cast<uint32_t>(set >> 32));
  store_little32(head + 8, static_cast<uint32_t>(value.size()));
  store_little32(head + 12, static_cast<uint32_t>(value.size() >> 32));
  const int code = put_sealed(txn, table.rows, key, EnvelopeKind::kChunked, {head, kHeadBytes}, 0);
  return write_failed(code, table, key);
}

absl::StatusOr<std::string_view> join_chunks(MDB_txn* txn, const TableHandle& table,
                                             std::string_view key, const ChunkHead& head,
                                             std::string& scratch) {
  scratch.clear();
  for (uint32_t i = 0; i < head.count(); ++i) {
    const std::string name = chunk_key(head.set, i);
    MDB_val k = to_val(name), v;
    const int code = mdb_get(txn, table.chunks, &k, &v);
    if (code == MDB_NOTFOUND) break;
    OMNI_RETURN_IF_ERROR(write_failed(code, table, key));
    OMNI_ASSIGN_OR_RETURN(const Opened chunk, open_envelope(to_view(v), table.name, key));
    scratch += chunk.payload;
  }
  if (scratch.size() == head.length) return std::string_view(scratch);
  return error(absl::StatusCode::kDataLoss,
               fmt::format("table {}, key {}: has {} of its {} bytes", table.name, to_hex(key),
                           scratch.size(), head.length));
}

}  // namespace

absl::Status check_key(const TableHandle& table, std::string_view key) {
  if (!key.empty() && key.size() <= kMaxKeyBytes) return absl::OkStatus();
  return invalid(fmt::format("table {}: a key of {} bytes (1 to {} are possible)", table.name,
                             key.size(), kMaxKeyBytes));
}

absl::StatusOr<std::string_view> open_row(MDB_txn* txn, const TableHandle& table,
                                          std::string_view key, std::string_view sealed,
                                          std::string& scratch) {
  OMNI_ASSIGN_OR_RETURN(const Opened opened, open_envelope(sealed, table.name, key));
  if (opened.kind == EnvelopeKind::kWhole) return opened.payload;
  OMNI_ASSIGN_OR_RETURN(const ChunkHead head, parse_head(table, key, opened.payload));
  return join_chunks(txn, table, key, head, scratch);
}

absl::StatusOr<std::optional<std::string_view>> read_row(MDB_txn* txn, const TableHandle& table,
                                                         std::string_view key,
                                                         std::string& scratch) {
  OMNI_RETURN_IF_ERROR(check_key(table, key));
  MDB_val k = to_val(key), v;
  const int code = mdb_get(txn, table.rows, &k, &v);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  OMNI_RETURN_IF_ERROR(write_failed(code, table, key));
  OMNI_ASSIGN_OR_RETURN(const std::string_view value,
                        open_row(txn, table, key, to_view(v), scratch));
  return std::optional<std::string_view>(value);
}

absl::Status put_row(MDB_txn* txn, const TableHandle& table, std::string_view key,
                     std::string_view value, Place place) {
  OMNI_RETURN_IF_ERROR(check_key(table, key));
  const bool is_long = value.size() > kChunkBytes;
  if (place == Place::kAtEnd && !is_long) {
    const int code = put_sealed(txn, table.rows, key, EnvelopeKind::kWhole, value, MDB_APPEND);
    if (code != MDB_KEYEXIST) return write_failed(code, table, key);
  }
  OMNI_RETURN_IF_ERROR(drop_chunks(txn, table, key));
  if (is_long) return put_chunked(txn, table, key, value);
  return write_failed(put_sealed(txn, table.rows, key, EnvelopeKind::kWhole, value, 0), table, key);
}

absl::Status erase_row(MDB_txn* txn, const TableHandle& table, std::string_view key) {
  OMNI_RETURN_IF_ERROR(check_key(table, key));
  OMNI_RETURN_IF_ERROR(drop_chunks(txn, table, key));
  MDB_val k = to_val(key);
  const int code = mdb_del(txn, table.rows, &k, nullptr);
  if (code == MDB_NOTFOUND) return absl::OkStatus();
  return write_failed(code, table, key);
}

}  // namespace omni::store
