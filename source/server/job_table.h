// Background jobs of one worker, and the way to those of the others.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/background.h"
#include "source/base/strings.h"
#include "source/server/background_exchange.h"

namespace omni {

class JobTable;

// What the workers of a process share. `tables` has a place for each of them, which it fills before
// it serves.
struct JobHub {
  uint64_t process = 0;
  // Jobs of other processes live until then: of the one whose place this one takes. By the wall.
  absl::Time others_until = absl::InfinitePast();
  std::vector<std::atomic<JobTable*>> tables;
};

class JobTable final : public BackgroundJobs, private BackgroundOwner {
 public:
  static constexpr size_t kMostJobs = 1024;

  JobTable(const JobHub& hub, uint32_t worker, ExchangeHost& host);
  ~JobTable() override;  // Nobody has posted to it any more, nor will.

  // Any thread.
  size_t size() const { return count_.load(std::memory_order_relaxed); }
  // Ends all of them; their records say why.
  void end_all(std::string_view code);

  JobMaker maker() const override { return {hub_.process, worker_}; }
  bool is_alive(const JobMaker& maker) const override;
  bool start(Exchange& parent, const std::string& key, std::string body) override;
  std::unique_ptr<Pending> cancel(const JobMaker& maker, const std::string& key,
                                  absl::AnyInvocable<void(bool)> done) override;
  std::unique_ptr<Pending> follow(const JobMaker& maker, const std::string& key, int64_t after,
                                  Listener listener) override;

 private:
  class Asker;
  struct Job {
    std::unique_ptr<BackgroundExchange> exchange;
    std::vector<std::shared_ptr<Asker>> listeners;
  };

  void on_events(BackgroundExchange& exchange, int64_t first, std::string_view events,
                 bool is_last) override;
  JobTable* table_of(const JobMaker& maker) const;
  bool end(const std::string& key, std::string_view code);
  void subscribe(const std::string& key, int64_t after, const std::shared_ptr<Asker>& asker);
  void remove(const std::string& key);

  const JobHub& hub_;
  const uint32_t worker_;
  ExchangeHost& host_;
  StringMap<Job> jobs_;
  std::atomic<size_t> count_{0};
};

}  // namespace omni
