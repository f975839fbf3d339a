// Receipts on their way from a worker to the disk.
#pragma once

#include "source/store/receipt.h"
#include "source/store/row_log.h"

namespace omni {

// As RowLog, whose bounds are its own.
class ReceiptLog {
 public:
  struct Stats : RowLog::Stats {
    explicit Stats(StatScope& scope);
    Stats() = default;
  };

  // `store` and `home` outlive this.
  ReceiptLog(Store& store, Dispatcher& home, const Stats& stats);

  void append(const ReceiptId& id, const Receipt& receipt);
  void flush() { rows_.flush(); }

 private:
  RowLog rows_;
};

}  // namespace omni
