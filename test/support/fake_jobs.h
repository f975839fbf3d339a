// Background jobs that a test looks at and answers for by hand.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/background.h"

namespace omni::test {

class FakeJobs final : public BackgroundJobs {
 public:
  struct Started {
    std::string key, body;
  };
  std::vector<Started> started;
  std::vector<std::string> cancelled;
  bool is_full = false, knows_job = true, others_live = false;
  std::vector<Listener> listeners;

  JobMaker maker() const override { return {7, 0}; }
  bool is_alive(const JobMaker& maker) const override { return maker.process == 7 || others_live; }
  bool start(Exchange&, const std::string& key, std::string body) override {
    if (is_full) return false;
    started.push_back({key, std::move(body)});
    return true;
  }
  std::unique_ptr<Pending> cancel(const JobMaker&, const std::string& key,
                                  absl::AnyInvocable<void(bool)> done) override {
    cancelled.push_back(key);
    done(knows_job);
    return nullptr;
  }
  std::unique_ptr<Pending> follow(const JobMaker&, const std::string&, int64_t,
                                  Listener listener) override {
    listeners.push_back(std::move(listener));
    return nullptr;
  }
};

}  // namespace omni::test
