#include "source/store/receipt_log.h"

namespace omni {
namespace {

// A long stream's row goes in front of those that began after it: append() sees to that.
absl::Status write_rows(Update& update, std::string_view rows) {
  return for_each_row(rows, ReceiptId::kKeyBytes,
                      [&](std::string_view key, std::string_view value) {
                        return update.append(kReceiptsTable, key, value);
                      });
}

}  // namespace

ReceiptLog::Stats::Stats(StatScope& scope)
    : RowLog::Stats{
          .written = scope.counter("omniroute_receipts", "Receipts given to the store."),
          .dropped = scope.counter("omniroute_receipts_dropped",
                                   "Receipts lost because the disk was slow, full or failing.")} {}

ReceiptLog::ReceiptLog(Store& store, Dispatcher& home, const Stats& stats)
    : rows_(store, home, stats, ReceiptId::kKeyBytes, write_rows) {}

void ReceiptLog::append(const ReceiptId& id, const Receipt& receipt) {
  char* row = rows_.begin_row(receipt.bound());
  if (row == nullptr) return;
  id.write_key(row);
  rows_.end_row(receipt.encode(row + ReceiptId::kKeyBytes));
}

}  // namespace omni
