#include "source/store/receipt_log.h"

#include <vector>

#include "source/base/status.h"
#include "source/store/receipt_block.h"

namespace omni {
namespace {

// A long stream's block goes in front of those that began after it: append() sees to that.
absl::Status write_receipts(Update& update, std::string_view rows) {
  std::vector<ReceiptRow> all;
  OMNI_RETURN_IF_ERROR(
      for_each_row(rows, ReceiptId::kKeyBytes, [&](std::string_view key, std::string_view value) {
        all.push_back({key, value});
        return absl::OkStatus();
      }));
  return make_blocks(all, [&](std::string_view key, std::string_view block) {
    return update.append(kReceiptsTable, key, block);
  });
}

}  // namespace

ReceiptLog::Stats::Stats(StatScope& scope)
    : RowLog::Stats{
          .written = scope.counter("omniroute_receipts", "Receipts given to the store."),
          .dropped = scope.counter("omniroute_receipts_dropped",
                                   "Receipts lost because the disk was slow, full or failing.")} {}

ReceiptLog::ReceiptLog(Store& store, Dispatcher& home, const Stats& stats)
    : rows_(store, home, stats, ReceiptId::kKeyBytes, write_receipts) {}

void ReceiptLog::append(const ReceiptId& id, const Receipt& receipt) {
  char* row = rows_.begin_row(receipt.bound());
  if (row == nullptr) return;
  id.write_key(row);
  rows_.end_row(receipt.encode(row + ReceiptId::kKeyBytes));
}

}  // namespace omni
