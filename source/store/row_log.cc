#include "source/store/row_log.h"

#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr absl::Duration kHandOverEvery = absl::Milliseconds(100);
constexpr size_t kSizeBytes = 4;

// Gives back its share of the bound whenever the write ends, also when the store never runs it.
class Share {
 public:
  Share(std::shared_ptr<std::atomic<size_t>> waiting, size_t count)
      : waiting_(std::move(waiting)), count_(count) {
    waiting_->fetch_add(count_, std::memory_order_relaxed);
  }
  Share(Share&& other) noexcept = default;
  Share& operator=(Share&&) = delete;
  ~Share() {
    if (waiting_ != nullptr) waiting_->fetch_sub(count_, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<size_t>> waiting_;
  size_t count_;
};

}  // namespace

absl::Status for_each_row(
    std::string_view rows, size_t key_bytes,
    absl::FunctionRef<absl::Status(std::string_view, std::string_view)> visit) {
  const size_t head = kSizeBytes + key_bytes;
  while (!rows.empty()) {
    const size_t size = load_little32(rows.data());
    OMNI_RETURN_IF_ERROR(visit(rows.substr(kSizeBytes, key_bytes), rows.substr(head, size)));
    rows.remove_prefix(head + size);
  }
  return absl::OkStatus();
}

RowLog::RowLog(Store& store, Dispatcher& home, Stats stats, size_t key_bytes, Write write)
    : store_(store),
      stats_(stats),
      key_bytes_(key_bytes),
      write_(write),
      timer_(home.make_timer([this] { flush(); })) {}

RowLog::~RowLog() { flush(); }

char* RowLog::begin_row(size_t value_bound) {
  if (count_ + waiting_->load(std::memory_order_relaxed) >= kMostWaiting) {
    stats_.dropped.add();
    return nullptr;
  }
  row_ = rows_.size();
  rows_.resize(row_ + kSizeBytes + key_bytes_ + value_bound);
  return rows_.data() + row_ + kSizeBytes;
}

void RowLog::end_row(size_t value_bytes) {
  store_little32(rows_.data() + row_, static_cast<uint32_t>(value_bytes));
  rows_.resize(row_ + kSizeBytes + key_bytes_ + value_bytes);
  if (++count_ >= kHandOver) {
    flush();
  } else if (count_ == 1) {
    timer_->arm(kHandOverEvery);
  }
}

void RowLog::flush() {
  timer_->disarm();
  if (count_ == 0) return;
  // What follows tends to be as much.
  const size_t bytes = rows_.size();
  store_.write([rows = std::exchange(rows_, {}), count = count_, share = Share(waiting_, count_),
                stats = stats_, write = write_](Update& update) -> absl::Status {
    absl::Status status = write(update, rows);
    // A failed work is undone as a whole.
    (status.ok() ? stats.written : stats.dropped).add(count);
    return status;
  });
  count_ = 0;
  rows_.reserve(bytes);
}

}  // namespace omni
