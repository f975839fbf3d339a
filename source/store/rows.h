// Rows of a table inside a transaction: sealed in envelopes, and cut into chunks when long, because
// LMDB needs neighbouring free pages for a long value and finds none in an old file.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

#include "source/store/environment.h"

namespace omni::store {

inline constexpr size_t kChunkBytes = 64 * 1024;  // A longer value is chunked.

// Views are valid until `txn` writes or ends, or `scratch` changes (a chunked value is put together
// there).
absl::StatusOr<std::optional<std::string_view>> read_row(MDB_txn* txn, const TableHandle& table,
                                                         std::string_view key,
                                                         std::string& scratch);
// The value of a row that a cursor stands on.
absl::StatusOr<std::string_view> open_row(MDB_txn* txn, const TableHandle& table,
                                          std::string_view key, std::string_view sealed,
                                          std::string& scratch);

enum class Place { kAnywhere, kAtEnd };
// kAtEnd falls back to kAnywhere when `key` does not follow the last one.
absl::Status put_row(MDB_txn* txn, const TableHandle& table, std::string_view key,
                     std::string_view value, Place place);
// OK when there is no such row.
absl::Status erase_row(MDB_txn* txn, const TableHandle& table, std::string_view key);

// kInvalidArgument for an empty key or one longer than LMDB takes.
absl::Status check_key(const TableHandle& table, std::string_view key);

}  // namespace omni::store
