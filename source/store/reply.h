// The way back from a store thread to the loop that asked. `Pending` lives on that loop's thread;
// the lock makes sure that nothing is posted to a loop whose owner has said "do not call me",
// because that loop may be gone a moment later.
#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <mutex>
#include <utility>

#include "api/store.h"

namespace omni::store {

template <class Result>
class Reply {
 public:
  using Done = absl::AnyInvocable<void(Result)>;

  Reply(Dispatcher& home, Done done) : home_(&home), done_(std::move(done)) {}

  // Once, on a store thread.
  static void deliver(std::shared_ptr<Reply> reply, Result result) {
    const std::shared_ptr<Reply> self = reply;  // Outlives the lock.
    const std::lock_guard lock(self->mutex_);
    if (self->home_ == nullptr) return;
    self->home_->post([reply = std::move(reply), result = std::move(result)]() mutable {
      // Empty when abandon() came first; moved out because it may destroy its own Pending.
      if (Done done = std::exchange(reply->done_, nullptr); done) done(std::move(result));
    });
  }

  // On the home thread. Nothing is posted afterwards.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      home_ = nullptr;
    }
    done_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Dispatcher* home_;  // Guarded by mutex_. Null when nobody wants the answer.
  Done done_;         // The home thread's alone.
};

template <class Result>
class PendingReply final : public Pending {
 public:
  explicit PendingReply(std::shared_ptr<Reply<Result>> reply) : reply_(std::move(reply)) {}
  ~PendingReply() override { reply_->abandon(); }

 private:
  std::shared_ptr<Reply<Result>> reply_;
};

}  // namespace omni::store
