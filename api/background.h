// Exchanges that no client waits for: answers made in the background.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/store.h"

namespace omni {

class Exchange;

// Who makes an answer: a worker of a process. A number of a process is never given again.
struct JobMaker {
  uint64_t process = 0;
  uint32_t worker = 0;
  bool operator==(const JobMaker&) const = default;
};

// Per worker. A job lives on the worker where it was begun; another one reaches it by posting.
class BackgroundJobs {
 public:
  struct Listener {
    // Whole server-sent events, in order. `is_last`: the answer is over and nothing follows.
    absl::AnyInvocable<void(std::string_view events, bool is_last)> on_events;
    // The job was given up: what came so far is all, and no whole answer.
    absl::AnyInvocable<void()> on_broken;
    // There is no such job any more.
    absl::AnyInvocable<void()> on_missing;
  };

  virtual ~BackgroundJobs() = default;
  virtual JobMaker maker() const = 0;
  // Whether what `maker` makes may still be under way.
  virtual bool is_alive(const JobMaker& maker) const = 0;
  // Begins a request of its own, through the row of `parent`: its head with another body. False
  // when there are too many already.
  virtual bool start(Exchange& parent, const std::string& key, std::string body) = 0;
  // Gives a job up, also when nobody waits for `done`, which hears on this worker whether there was
  // one. Its record is the caller's to write.
  [[nodiscard]] virtual std::unique_ptr<Pending> cancel(const JobMaker& maker,
                                                        const std::string& key,
                                                        absl::AnyInvocable<void(bool)> done) = 0;
  // Events with a number above `after` (-1: all), those of the past first. Calls back on this
  // worker, never before it has returned.
  [[nodiscard]] virtual std::unique_ptr<Pending> follow(const JobMaker& maker,
                                                        const std::string& key, int64_t after,
                                                        Listener listener) = 0;
};

}  // namespace omni
