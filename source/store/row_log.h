// Rows on their way from a worker to the disk. A row costs the worker one encoding into a buffer;
// every 100 ms or 256 rows the buffer goes to the store as one write.
#pragma once

#include <absl/functional/function_ref.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/event.h"
#include "api/stats.h"
#include "api/store.h"

namespace omni {

// One per worker and kind of row, made, used and destroyed on its thread. A row is on disk within
// 1 s of end_row(); a crash may lose those that are not.
class RowLog {
 public:
  // At most this many rows wait for the disk per log; what comes on top is dropped and counted.
  static constexpr size_t kMostWaiting = 65536;
  static constexpr size_t kHandOver = 256;

  // Made once, on the main thread, and copied to each worker's log.
  struct Stats {
    Counter written, dropped;
  };
  // Puts rows into their tables; for_each_row() takes them apart. On the writer thread.
  using Write = absl::Status (*)(Update& update, std::string_view rows);

  // `store` and `home` outlive this.
  RowLog(Store& store, Dispatcher& home, Stats stats, size_t key_bytes, Write write);
  RowLog(const RowLog&) = delete;
  RowLog& operator=(const RowLog&) = delete;
  // Hands over what it has.
  ~RowLog();

  // Room for a key and a value of at most `value_bound` bytes behind it, to be written before
  // end_row(); null, and counted, when the disk does not keep up.
  char* begin_row(size_t value_bound);
  void end_row(size_t value_bytes);
  // Hands over now rather than within 100 ms.
  void flush();

 private:
  Store& store_;
  const Stats stats_;
  const size_t key_bytes_;
  const Write write_;
  std::unique_ptr<Timer> timer_;
  // Rows one behind the other: size of the value (4, little endian) | key | value.
  std::string rows_;
  size_t row_ = 0;  // Where the one that is being written begins.
  size_t count_ = 0;
  // Rows handed over and not yet committed or refused; shared with the writes on their way.
  std::shared_ptr<std::atomic<size_t>> waiting_ = std::make_shared<std::atomic<size_t>>(0);
};

// Stops at the first error.
absl::Status for_each_row(
    std::string_view rows, size_t key_bytes,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit);

}  // namespace omni
