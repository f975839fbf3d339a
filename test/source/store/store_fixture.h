// A folder that goes away with the test, a loop that is only a queue, and short ways to call a
// store.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "api/event.h"
#include "source/base/check.h"
#include "source/base/status.h"
#include "source/stats/registry.h"
#include "source/store/lmdb_store.h"

namespace omni::store {

// Tasks are run by the thread that calls run_until(), which plays the worker. Timers fire by hand.
class QueueLoop final : public Dispatcher {
 public:
  const Clock& clock() const override {
    OMNI_CHECK(false);
    __builtin_unreachable();
  }
  std::unique_ptr<Timer> make_timer(Task on_fire) override {
    auto timer = std::make_unique<HandTimer>(std::move(on_fire));
    timers_.push_back(timer.get());
    return timer;
  }
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    posted_.notify_one();
  }
  void destroy_later(std::unique_ptr<Deferred>) override {}
  void in_turn(TurnPart, TurnWork&) override {}

  // False when `limit` passed first.
  template <class Condition>
  bool run_until(Condition is_reached, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!is_reached()) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        if (!posted_.wait_until(lock, deadline, [this] { return !tasks_.empty(); })) return false;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    return true;
  }
  // Runs what has been posted and nothing else.
  void run_posted() {
    for (;;) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  void fire_timers() {
    for (HandTimer* timer : timers_) timer->fire();
  }

 private:
  class HandTimer final : public Timer {
   public:
    explicit HandTimer(Task on_fire) : on_fire_(std::move(on_fire)) {}
    void arm(absl::Duration) override { is_armed_ = true; }
    void disarm() override { is_armed_ = false; }
    bool is_armed() const override { return is_armed_; }
    void fire() {
      if (std::exchange(is_armed_, false)) on_fire_();
    }

   private:
    Task on_fire_;
    bool is_armed_ = false;
  };

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;
  std::vector<HandTimer*> timers_;  // Outlive the test's use of fire_timers().
};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "store-test-XXXXXX").string();
    OMNI_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    path_ = root_ + "/store";
  }
  ~StoreTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  LmdbStore::Options options() {
    LmdbStore::Options out;
    out.path = path_;
    out.map_size_bytes = uint64_t{64} << 20;
    out.bulk_map_size_bytes = uint64_t{64} << 20;
    out.stats = &stats_;
    return out;
  }
  absl::Status open(LmdbStore::Options options) {
    store_.reset();
    auto opened = LmdbStore::open(std::move(options));
    if (!opened.ok()) return opened.status();
    store_ = *std::move(opened);
    return absl::OkStatus();
  }
  absl::Status open() { return open(options()); }

  // Waits for the answer.
  absl::Status update(Store::Work work) {
    std::optional<absl::Status> answer;
    const auto pending = store_->update(loop_, std::move(work),
                                        [&](absl::Status status) { answer = std::move(status); });
    EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
    return answer.value_or(absl::UnknownError("no answer"));
  }
  absl::Status put(TableId table, std::string key, std::string value) {
    return update([=](Update& update) { return update.put(table, key, value); });
  }
  // The value, or what is wrong in words.
  std::string get(TableId table, std::string_view key) {
    const auto found = store_->get(table, key);
    if (!found.ok()) return std::string(message(found.status()));
    return found->value_or("nothing");
  }
  std::vector<std::pair<std::string, std::string>> rows(TableId table, std::string_view from = "") {
    std::vector<std::pair<std::string, std::string>> out;
    EXPECT_TRUE(store_
                    ->scan(table, from,
                           [&](std::string_view key, std::string_view value) {
                             out.emplace_back(key, value);
                             return true;
                           })
                    .ok());
    return out;
  }
  std::string state_file() const { return path_ + "/state/data.mdb"; }
  std::string bulk_file() const { return path_ + "/bulk/data.mdb"; }

  std::string root_, path_;
  StatRegistry stats_;
  QueueLoop loop_;
  std::unique_ptr<LmdbStore> store_;
};

inline std::string read_bytes(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(out).str();
}
inline void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline constexpr TableId kStateTable{Realm::kState, "things"};
inline constexpr TableId kBulkTable{Realm::kBulk, "things"};

}  // namespace omni::store
