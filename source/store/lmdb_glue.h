// LMDB's C types at our edge: byte views in, byte views out, return codes as statuses.
#pragma once

#include <absl/status/status.h>
#include <lmdb.h>

#include <memory>
#include <string_view>

namespace omni::store {

inline MDB_val to_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view to_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

// What LMDB or the system answered, in words for a person. `what` says what was tried. A full map
// or disk is kResourceExhausted; a damaged file is kDataLoss; OK for MDB_SUCCESS.
absl::Status lmdb_status(int code, std::string_view what);

struct CursorClose {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CursorClose>;

struct EnvClose {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Env = std::unique_ptr<MDB_env, EnvClose>;

}  // namespace omni::store
