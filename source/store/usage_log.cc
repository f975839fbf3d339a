#include "source/store/usage_log.h"

#include <string_view>
#include <utility>

#include "source/base/random.h"
#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/store/usage_totals.h"

namespace omni {
namespace {

constexpr absl::Duration kHandOverEvery = absl::Milliseconds(100);
// What stands before a row's value.
constexpr size_t kRowBytes = 4 + kUsageKeyBytes;

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

// The records and, in the same transaction, their sums: the two never disagree.
absl::Status write_rows(Update& update, std::string_view rows) {
  UsageTally tally;
  while (!rows.empty()) {
    const size_t size = load_little32(rows.data());
    const std::string_view value = rows.substr(kRowBytes, size);
    OMNI_RETURN_IF_ERROR(update.append(kUsageTable, rows.substr(4, kUsageKeyBytes), value));
    OMNI_ASSIGN_OR_RETURN(const UsageView record, UsageView::parse(value));
    tally.add(record);
    rows.remove_prefix(kRowBytes + size);
  }
  return tally.write(update);
}

}  // namespace

UsageLog::Stats::Stats(StatScope& scope)
    : written(scope.counter("omniroute_usage_records", "Usage records given to the store.")),
      dropped(scope.counter("omniroute_usage_records_dropped",
                            "Usage records lost because the disk was slow, full or failing.")) {}

UsageLog::UsageLog(Store& store, Dispatcher& home, Stats stats)
    : store_(store),
      stats_(stats),
      timer_(home.make_timer([this] { flush(); })),
      // Two logs, or two lives of one, hardly meet at the same nanosecond and number.
      sequence_(static_cast<uint32_t>(random_word())) {}

UsageLog::~UsageLog() { flush(); }

void UsageLog::append(const UsageView& record) {
  if (count_ + waiting_->load(std::memory_order_relaxed) >= kMostWaiting) {
    stats_.dropped.add();
    return;
  }
  const size_t size = record.encoded_size(), before = rows_.size();
  rows_.resize(before + kRowBytes + size);
  char* row = rows_.data() + before;
  store_little32(row, static_cast<uint32_t>(size));
  write_usage_key(row + 4, record.time_us, sequence_++);
  record.encode(row + kRowBytes);
  if (++count_ >= kHandOver) {
    flush();
  } else if (count_ == 1) {
    timer_->arm(kHandOverEvery);
  }
}

void UsageLog::flush() {
  timer_->disarm();
  if (count_ == 0) return;
  // What follows tends to be as much.
  const size_t bytes = rows_.size();
  store_.write([rows = std::exchange(rows_, {}), count = count_, share = Share(waiting_, count_),
                stats = stats_](Update& update) -> absl::Status {
    absl::Status status = write_rows(update, rows);
    // A failed work is undone as a whole.
    (status.ok() ? stats.written : stats.dropped).add(count);
    return status;
  });
  count_ = 0;
  rows_.reserve(bytes);
}

}  // namespace omni
