// Receipts as they lie on the disk: a few together in one row. Most of what a row costs the writer
// is paid once for all of them.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "source/store/receipt_id.h"

namespace omni {

// One receipt: the bytes of its id's key, and its encoding.
struct ReceiptRow {
  std::string_view key, value;
};

// A block is keyed by the first of its ids, and has all of them in order:
//     count (4 bytes) | count x (key (14) | end of the value (4)) | values
// Numbers are little endian; ends count from the first value's begin.
inline constexpr size_t kMostInBlock = 64;
// No id of a block is later than its first by more. A receipt of a long stream has an old id, and
// comes in a block of its own: so whoever looks for an id knows which blocks may hold it.
inline constexpr int64_t kBlockSpanMs = 1000;

// Sorts `rows`, and gives each block with its key. Stops at the first status that is not OK.
absl::Status make_blocks(
    std::vector<ReceiptRow>& rows,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view block)> take);
// Nullopt when it is not in there, or the block is damaged.
std::optional<std::string_view> find_in_block(std::string_view block, std::string_view key);
// The receipt's encoding; nullopt when there is none of that id. On a reader thread.
absl::StatusOr<std::optional<std::string>> find_receipt(const Store& store, const ReceiptId& id);

}  // namespace omni
