#include "source/store/fetcher.h"

#include <utility>

namespace omni::store {

Fetcher::Fetcher(StatRegistry* stats) : stats_(stats) {
  for (std::thread& thread : threads_) thread = std::thread([this] { run(); });
}

Fetcher::~Fetcher() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Fetcher::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Fetcher::run() {
  const StatThread counting(stats_);
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace omni::store
