#include "source/store/lmdb_glue.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "source/base/status.h"

namespace omni::store {
namespace {

using absl::StatusCode;

StatusCode code_of(int code) {
  switch (code) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_DBS_FULL:
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return StatusCode::kResourceExhausted;
    case MDB_READERS_FULL:
    case EBUSY:
      return StatusCode::kUnavailable;
    case MDB_BAD_VALSIZE:
    case EINVAL:
      return StatusCode::kInvalidArgument;
    case EACCES:
    case EPERM:
      return StatusCode::kPermissionDenied;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case EIO:
      return StatusCode::kDataLoss;
    default:
      return StatusCode::kFailedPrecondition;
  }
}

std::string_view words_for(int code) {
  switch (code) {
    case MDB_MAP_FULL:
      return "the store is full: its map size is used up";
    case MDB_PANIC:
      return "an earlier write to the disk failed half way; restart the program";
    case MDB_INVALID:
      return "the file is not a store";
    case MDB_VERSION_MISMATCH:
      return "the file has another LMDB version";
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return "the file is damaged";
    case MDB_BAD_VALSIZE:
      return "the key is empty or longer than 511 bytes";
    case ENOSPC:
      return "the disk is full";
    case EROFS:
      return "the file system is read-only";
    default:
      return mdb_strerror(code);
  }
}

}  // namespace

absl::Status lmdb_status(int code, std::string_view what) {
  if (code == MDB_SUCCESS) return absl::OkStatus();
  return error(code_of(code), fmt::format("{}: {}", what, words_for(code)));
}

}  // namespace omni::store
