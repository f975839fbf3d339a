// The one thread that writes. Works are pushed on a lock-free list from any thread and committed in
// batches, so that many share one sync of the disk.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "api/stats.h"
#include "api/store.h"
#include "source/stats/registry.h"
#include "source/store/environment.h"
#include "source/store/ownership.h"
#include "source/store/reply.h"

namespace omni::store {

class Writer {
 public:
  struct Parts {
    Environment& state;
    Environment& bulk;
    Ownership& ownership;
    // What opening left to do. Called on this thread before the first commit, again when it failed:
    // until then every write fails with its error.
    absl::AnyInvocable<absl::Status()> settle;
    StatRegistry* stats;                                // May be null.
    absl::AnyInvocable<void(std::string_view)> report;  // May be empty. Called on this thread.
  };
  explicit Writer(Parts parts);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  // Commits what is queued, then ends the thread. Nobody pushes any more.
  ~Writer();

  // Any thread; waits for nothing. `reply` is null when nobody waits.
  void push(Store::Work work, std::shared_ptr<Reply<absl::Status>> reply);

 private:
  struct Item {
    Store::Work work;
    std::shared_ptr<Reply<absl::Status>> reply;
    Item* next = nullptr;
  };
  using Items = std::vector<std::unique_ptr<Item>>;
  struct Stats {
    Counter commits, failures;
    Histogram commit_seconds;
    Gauge used_state, used_bulk;
  };

  void run();
  void settle();
  void take_pushed();
  absl::Duration time_to_commit() const;
  void wait(absl::Duration limit);
  void wake();
  void commit_some();
  // The results of the queue's first items, which leave it.
  void answer(std::vector<absl::Status> results);
  void keep_house();
  absl::Status sync_bulk();
  void complain(const absl::Status& status, bool is_answered);
  void measure();

  Parts parts_;
  Stats stats_;
  std::atomic<Item*> pushed_{nullptr};  // Newest first.
  std::atomic<size_t> depth_{0};        // Items pushed and not taken.
  std::atomic<bool> is_urgent_{false};
  std::atomic<bool> is_stopping_{false};
  int event_ = -1;  // eventfd.

  // The writer thread's own.
  Items queue_;  // In order of pushing.
  absl::Status settled_ = absl::UnknownError("");
  bool has_waiting_ = false;
  absl::Duration oldest_;  // When the first item of queue_ was taken.
  bool bulk_needs_sync_ = false;
  absl::Duration bulk_committed_, next_reader_check_, next_complaint_;
  uint64_t unsaid_complaints_ = 0;
  int64_t measured_state_ = 0, measured_bulk_ = 0;
  std::thread thread_;
};

}  // namespace omni::store
