#include "source/store/writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/base/system_clock.h"
#include "source/store/batch.h"

namespace omni::store {
namespace {

constexpr size_t kBatchItems = 256;
// A batch stays far below the size at which LMDB spills dirty pages.
constexpr uint64_t kBatchBytes = uint64_t{8} << 20;
constexpr absl::Duration kGather = absl::Milliseconds(1);
constexpr absl::Duration kGatherUnwaited = absl::Milliseconds(250);
// Usage promises to be on disk within 1 s: 100 ms in its buffer, 250 ms here, and this.
constexpr absl::Duration kSyncAfter = absl::Milliseconds(250);
constexpr absl::Duration kReaderCheck = absl::Minutes(1);
constexpr absl::Duration kOwnershipCheck = absl::Milliseconds(200);
constexpr absl::Duration kComplaintPause = absl::Seconds(1);

}  // namespace

Writer::Writer(Parts parts) : parts_(std::move(parts)), event_(::eventfd(0, EFD_CLOEXEC)) {
  OMNI_CHECK(event_ >= 0);
  if (StatRegistry* stats = parts_.stats; stats != nullptr) {
    stats_.commits = stats->counter("omniroute_store_commits", "Commits of the store.");
    stats_.failures = stats->counter("omniroute_store_updates_failed", "Updates undone or lost.");
    stats_.commit_seconds =
        stats->histogram("omniroute_store_commit_seconds", "Time one commit took.");
    constexpr std::string_view kUsed = "omniroute_store_used_bytes";
    constexpr std::string_view kUsedHelp = "Bytes in use of the store's map, by part.";
    stats_.used_state = stats->gauge(kUsed, kUsedHelp, {{"part", "state"}});
    stats_.used_bulk = stats->gauge(kUsed, kUsedHelp, {{"part", "bulk"}});
  }
  next_reader_check_ = monotonic_now() + kReaderCheck;
  next_complaint_ = monotonic_now();
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  is_stopping_.store(true, std::memory_order_release);
  wake();
  thread_.join();
  ::close(event_);
}

void Writer::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = ::write(event_, &one, sizeof one);
}

void Writer::push(Store::Work work, std::shared_ptr<Reply<absl::Status>> reply) {
  const bool is_waited_for = reply != nullptr;
  Item* item = new Item{std::move(work), std::move(reply)};
  Item* head = pushed_.load(std::memory_order_relaxed);
  do {
    item->next = head;
  } while (!pushed_.compare_exchange_weak(head, item, std::memory_order_release,
                                          std::memory_order_relaxed));
  const size_t before = depth_.fetch_add(1, std::memory_order_acq_rel);
  // The thread sleeps short or long, depending on what it has seen: wake it when that changes.
  const bool is_first_urgent =
      is_waited_for && !is_urgent_.exchange(true, std::memory_order_acq_rel);
  if (is_first_urgent || head == nullptr || before + 1 == kBatchItems) wake();
}

void Writer::take_pushed() {
  // Cleared before the list is taken: a push in between wakes once too often, never too seldom.
  is_urgent_.store(false, std::memory_order_seq_cst);
  Item* item = pushed_.exchange(nullptr, std::memory_order_acq_rel);
  const size_t start = queue_.size();
  if (start == 0 && item != nullptr) oldest_ = monotonic_now();
  while (item != nullptr) {
    has_waiting_ = has_waiting_ || item->reply != nullptr;
    Item* next = item->next;
    queue_.emplace_back(item);
    item = next;
  }
  const size_t taken = queue_.size() - start;
  depth_.fetch_sub(taken, std::memory_order_acq_rel);
  std::reverse(queue_.begin() + static_cast<ptrdiff_t>(start), queue_.end());
}

absl::Duration Writer::time_to_commit() const {
  if (queue_.size() >= kBatchItems || is_stopping_.load(std::memory_order_acquire)) {
    return absl::ZeroDuration();
  }
  const absl::Duration gather = has_waiting_ ? kGather : kGatherUnwaited;
  return oldest_ + gather - monotonic_now();
}

void Writer::wait(absl::Duration limit) {
  pollfd watched{event_, POLLIN, 0};
  const timespec time = absl::ToTimespec(std::max(limit, absl::ZeroDuration()));
  if (::ppoll(&watched, 1, &time, nullptr) <= 0) return;
  uint64_t count;
  [[maybe_unused]] const ssize_t got = ::read(event_, &count, sizeof count);
}

void Writer::run() {
  const StatThread counting(parts_.stats);
  settle();
  if (!settled_.ok()) complain(settled_, false);
  measure();
  for (;;) {
    // Read before the list: what was pushed before the stop is then seen below.
    const bool is_last = is_stopping_.load(std::memory_order_acquire);
    take_pushed();
    if (queue_.empty()) {
      if (is_last) break;
      keep_house();
      absl::Duration limit = next_reader_check_ - monotonic_now();
      if (bulk_needs_sync_) limit = std::min(limit, bulk_committed_ + kSyncAfter - monotonic_now());
      if (parts_.ownership.is_shared()) limit = std::min(limit, kOwnershipCheck);
      wait(limit);
    } else if (const absl::Duration left = time_to_commit(); left > absl::ZeroDuration()) {
      wait(left);
    } else {
      commit_some();
      keep_house();
    }
  }
  sync_bulk().IgnoreError();
}

void Writer::settle() { settled_ = parts_.settle(); }

void Writer::commit_some() {
  if (!settled_.ok()) settle();
  if (!settled_.ok()) return answer(std::vector<absl::Status>(queue_.size(), settled_));
  const absl::Duration start = monotonic_now();
  Batch batch(parts_.state, parts_.bulk);
  std::vector<absl::Status> results;
  std::vector<Batch::Touched> touched;
  bool has_waiting_bulk = false;
  while (results.size() < queue_.size() && results.size() < kBatchItems &&
         batch.written_bytes() < kBatchBytes) {
    Item& item = *queue_[results.size()];
    results.push_back(batch.run(item.work, touched.emplace_back()));
    has_waiting_bulk = has_waiting_bulk || (item.reply != nullptr && touched.back().bulk);
  }
  Batch::Outcome outcome = batch.commit();
  if (outcome.bulk.ok() && std::any_of(touched.begin(), touched.end(),
                                       [](const Batch::Touched& each) { return each.bulk; })) {
    bulk_needs_sync_ = true;
    bulk_committed_ = monotonic_now();
    if (has_waiting_bulk) outcome.bulk = sync_bulk();
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].ok() && touched[i].state) results[i] = outcome.state;
    if (results[i].ok() && touched[i].bulk) results[i] = outcome.bulk;
  }
  stats_.commits.add();
  stats_.commit_seconds.record_us(
      static_cast<uint64_t>(absl::ToInt64Microseconds(monotonic_now() - start)));

  answer(std::move(results));
  measure();
}

void Writer::answer(std::vector<absl::Status> results) {
  const auto end = queue_.begin() + static_cast<ptrdiff_t>(results.size());
  Items done(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  // What did not fit this time waits no longer.
  has_waiting_ = !queue_.empty();
  for (size_t i = 0; i < done.size(); ++i) {
    if (!results[i].ok()) complain(results[i], done[i]->reply != nullptr);
    if (done[i]->reply != nullptr) {
      Reply<absl::Status>::deliver(std::move(done[i]->reply), std::move(results[i]));
    }
  }
}

void Writer::complain(const absl::Status& status, bool is_answered) {
  stats_.failures.add();
  // Whoever gets the answer says what went wrong.
  if (is_answered || !parts_.report) return;
  ++unsaid_complaints_;
  const absl::Duration now = monotonic_now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplaintPause;
  parts_.report(
      fmt::format("{} write(s) lost: {}", std::exchange(unsaid_complaints_, 0), message(status)));
}

void Writer::keep_house() {
  const absl::Duration now = monotonic_now();
  if (bulk_needs_sync_ && now >= bulk_committed_ + kSyncAfter) sync_bulk().IgnoreError();
  if (parts_.ownership.is_shared()) parts_.ownership.try_own();
  if (now < next_reader_check_) return;
  next_reader_check_ = now + kReaderCheck;
  parts_.state.clear_dead_readers();
  parts_.bulk.clear_dead_readers();
}

absl::Status Writer::sync_bulk() {
  if (!std::exchange(bulk_needs_sync_, false)) return absl::OkStatus();
  absl::Status status = parts_.bulk.sync();
  if (!status.ok()) complain(status, false);
  return status;
}

void Writer::measure() {
  const auto set = [](const Gauge& gauge, int64_t& last, const Environment& environment) {
    const int64_t now = static_cast<int64_t>(environment.highest_byte());
    gauge.add(now - std::exchange(last, now));
  };
  set(stats_.used_state, measured_state_, parts_.state);
  set(stats_.used_bulk, measured_bulk_, parts_.bulk);
}

}  // namespace omni::store
