#include "source/store/usage_log.h"

#include <utility>

#include "source/base/random.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr absl::Duration kHandOverEvery = absl::Milliseconds(100);

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

void UsageLog::append(const UsageRecord& record) {
  if (rows_.size() + waiting_->load(std::memory_order_relaxed) >= kMostWaiting) {
    stats_.dropped.add();
    return;
  }
  rows_.push_back({usage_key(record.time_us, sequence_++), record.encode()});
  if (rows_.size() >= kHandOver) {
    flush();
  } else if (!timer_->is_armed()) {
    timer_->arm(kHandOverEvery);
  }
}

void UsageLog::flush() {
  timer_->disarm();
  if (rows_.empty()) return;
  const size_t count = rows_.size();
  store_.write([rows = std::exchange(rows_, {}), share = Share(waiting_, count),
                stats = stats_](Update& update) -> absl::Status {
    for (const Row& row : rows) {
      if (absl::Status status = update.append(kUsageTable, row.key, row.value); !status.ok()) {
        stats.dropped.add(rows.size());  // A failed work is undone as a whole.
        return status;
      }
    }
    stats.written.add(rows.size());
    return absl::OkStatus();
  });
  rows_.reserve(kHandOver);
}

}  // namespace omni
