// Two threads that read for loops, so that a page that is not in memory stops no loop.
#pragma once

#include <absl/functional/any_invocable.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "source/stats/registry.h"

namespace omni::store {

class Fetcher {
 public:
  using Job = absl::AnyInvocable<void()>;

  explicit Fetcher(StatRegistry* stats);  // May be null.
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;
  // Runs what is queued, then ends the threads. Nobody pushes any more.
  ~Fetcher();

  void push(Job job);  // Any thread.

 private:
  void run();

  StatRegistry* stats_;
  std::mutex mutex_;  // Guards jobs_ and is_stopping_; held for a push or a pop only.
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool is_stopping_ = false;
  std::array<std::thread, 2> threads_;
};

}  // namespace omni::store
