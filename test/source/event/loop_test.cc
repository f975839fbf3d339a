#include "source/event/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/event/file_watch.h"
#include "source/event/signal_watch.h"
#include "source/event/thread_loop.h"

namespace omni {
namespace {

// Runs `loop` until `done` holds; false after `limit`.
template <class Condition>
bool run_until(Loop& loop, Condition done, absl::Duration limit = absl::Seconds(10)) {
  bool late = false;
  const auto timer = loop.make_timer([&] { late = true; });
  timer->arm(limit);
  while (!done() && !late) loop.run_once();
  return done();
}

TEST(LoopTest, RunsPostedTasksInOrderAndNotBeforePostReturns) {
  Loop loop;
  std::vector<int> seen;
  for (int i = 0; i < 5; ++i) loop.post([&, i] { seen.push_back(i); });
  EXPECT_TRUE(seen.empty());
  ASSERT_TRUE(run_until(loop, [&] { return seen.size() == 5; }));
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(LoopTest, RunsEveryTaskThatManyThreadsPost) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  ThreadLoop target("target");
  int sum = 0;  // Changed by the loop's thread only.
  std::vector<int> last(kThreads, -1);
  bool in_order = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i)
        target.loop().post([&, t, i] {
          ++sum;
          in_order = in_order && last[static_cast<size_t>(t)] == i - 1;
          last[static_cast<size_t>(t)] = i;
        });
    });
  }
  for (std::thread& thread : threads) thread.join();
  target.join();
  EXPECT_EQ(sum, kThreads * kTasks);
  EXPECT_TRUE(in_order);
}

TEST(LoopTest, DropsTasksNeverRunWhenItIsDestroyed) {
  auto token = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(LoopTest, TimersFireInOrderAndNeverEarly) {
  Loop loop;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Timer>> timers;
  const absl::Duration start = loop.clock().since_start();
  for (const int ms : {50, 20, 80, 5}) {
    timers.push_back(loop.make_timer([&, ms] {
      EXPECT_GE(loop.clock().since_start() - start, absl::Milliseconds(ms));
      fired.push_back(ms);
    }));
    timers.back()->arm(absl::Milliseconds(ms));
    EXPECT_TRUE(timers.back()->is_armed());
  }
  ASSERT_TRUE(run_until(loop, [&] { return fired.size() == 4; }));
  EXPECT_EQ(fired, (std::vector<int>{5, 20, 50, 80}));
  EXPECT_FALSE(timers[0]->is_armed());
}

TEST(LoopTest, ATimerMayDestroyItselfAndOthers) {
  Loop loop;
  std::unique_ptr<Timer> first;
  std::unique_ptr<Timer> second;
  int fired = 0;
  const auto payload = std::make_shared<int>(7);
  first = loop.make_timer([&, payload] {
    first.reset();
    second.reset();
    fired += *payload;  // The task outlives its timer while it runs.
  });
  second = loop.make_timer([&] { fired += 1000; });
  first->arm(absl::ZeroDuration());
  second->arm(absl::ZeroDuration());
  ASSERT_TRUE(run_until(loop, [&] { return fired > 0; }));
  EXPECT_EQ(fired, 7);
  EXPECT_EQ(payload.use_count(), 1);
}

TEST(LoopTest, ATimerMayArmItselfAgain) {
  Loop loop;
  int fired = 0;
  std::unique_ptr<Timer> timer = loop.make_timer([&] {
    if (++fired < 3) timer->arm(absl::Milliseconds(1));
  });
  timer->arm(absl::Milliseconds(1));
  ASSERT_TRUE(run_until(loop, [&] { return fired == 3; }));
  EXPECT_FALSE(timer->is_armed());
}

class Work final : public TurnWork {
 public:
  explicit Work(std::function<void()> task) : task_(std::move(task)) {}
  void on_turn() override { task_(); }

 private:
  std::function<void()> task_;
};

TEST(LoopTest, TurnEndWorkRunsOnceAfterTheCallback) {
  Loop loop;
  std::string trace;
  Work work([&] { trace += "e"; });
  loop.post([&] {
    loop.at_turn_end(work);
    loop.at_turn_end(work);
    trace += "c";
  });
  ASSERT_TRUE(run_until(loop, [&] { return trace.size() >= 2; }));
  EXPECT_EQ(trace, "ce");
}

TEST(LoopTest, TurnEndWorkMayAskForMoreAndDestroyOthers) {
  Loop loop;
  std::string trace;
  std::vector<std::unique_ptr<Work>> many;
  auto victim = std::make_unique<Work>([&] { trace += "never"; });
  Work last([&] { trace += "l"; });
  Work first([&] {
    trace += "f";
    victim.reset();
    // More than the queue had room for.
    for (int i = 0; i < 500; ++i) {
      many.push_back(std::make_unique<Work>([&] { trace += "m"; }));
      loop.at_turn_end(*many.back());
    }
    loop.at_turn_end(last);
    many[3].reset();
  });
  loop.post([&] {
    loop.at_turn_end(first);
    loop.at_turn_end(*victim);
  });
  ASSERT_TRUE(run_until(loop, [&] { return trace.size() >= 501; }));
  EXPECT_EQ(trace, "f" + std::string(499, 'm') + "l");
}

TEST(LoopTest, PartsOfATurnComeInTheirOrderAndTheFirstOnceMoreWhenALaterAsksForIt) {
  Loop loop;
  std::string trace;
  Work again([&] { trace += "2"; });
  Work bytes([&] { trace += "b"; }), requests([&] { trace += "r"; }),
      attempts([&] { trace += "a"; }), answers([&] { trace += "w"; });
  Work end([&] {
    trace += "e";
    loop.in_turn(TurnPart::kBytes, again);
  });
  loop.post([&] {
    loop.in_turn(TurnPart::kEnd, end);
    loop.in_turn(TurnPart::kAnswers, answers);
    loop.in_turn(TurnPart::kAttempts, attempts);
    loop.in_turn(TurnPart::kRequests, requests);
    loop.in_turn(TurnPart::kBytes, bytes);
    loop.in_turn(TurnPart::kEnd, bytes);  // Asked for already.
  });
  ASSERT_TRUE(run_until(loop, [&] { return trace.size() >= 6; }));
  EXPECT_EQ(trace, "brawe2");
}

struct Tasked {
  explicit Tasked(std::string& out) : trace(out) {}
  void first() { trace += "1"; }
  void second() { trace += "2"; }

  std::string& trace;
  TurnTask<Tasked, &Tasked::first> one{*this};
  TurnTask<Tasked, &Tasked::second> two{*this};
};

TEST(LoopTest, ATaskIsAMethodOfItsOwnerAndGoesWithIt) {
  Loop loop;
  std::string trace;
  Tasked kept(trace);
  auto gone = std::make_unique<Tasked>(trace);
  Work last([&] { trace += "l"; });
  Work destroyer([&] { gone.reset(); });
  loop.post([&] {
    loop.in_turn(TurnPart::kAnswers, kept.two);
    loop.in_turn(TurnPart::kRequests, kept.one);
    loop.in_turn(TurnPart::kBytes, destroyer);
    loop.in_turn(TurnPart::kRequests, gone->one);
    loop.in_turn(TurnPart::kAttempts, kept.one);
    loop.in_turn(TurnPart::kEnd, last);
  });
  ASSERT_TRUE(run_until(loop, [&] { return !trace.empty() && trace.back() == 'l'; }));
  EXPECT_EQ(trace, "12l");
}

class Doomed final : public Deferred {
 public:
  explicit Doomed(std::string& trace) : trace_(trace) {}
  ~Doomed() override { trace_ += "d"; }

 private:
  std::string& trace_;
};

TEST(LoopTest, DestroyLaterRunsAfterTurnEndWork) {
  Loop loop;
  std::string trace;
  Work work([&] { trace += "e"; });
  loop.post([&] {
    loop.destroy_later(std::make_unique<Doomed>(trace));
    loop.at_turn_end(work);
    trace += "c";
  });
  ASSERT_TRUE(run_until(loop, [&] { return trace.size() >= 3; }));
  EXPECT_EQ(trace, "ced");
}

TEST(LoopTest, TheClockStandsStillWithinATurn) {
  Loop loop;
  bool done = false;
  loop.post([&] {
    const absl::Duration first = loop.clock().since_start();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(loop.clock().since_start(), first);
    loop.post([&, first] {
      EXPECT_GE(loop.clock().since_start() - first, absl::Milliseconds(2));
      done = true;
    });
  });
  ASSERT_TRUE(run_until(loop, [&] { return done; }));
}

TEST(ReadPoolTest, LendsTheSameBlockUntilSomebodyKeepsIt) {
  ReadPool pool;
  char* first = pool.room().data();
  EXPECT_EQ(pool.room().size(), ReadPool::kReadBytes);
  EXPECT_TRUE(pool.take(10).is_lent());
  pool.settle();
  EXPECT_EQ(pool.room().data(), first);
  const Slice kept = pool.take(100'000);
  pool.settle();
  EXPECT_FALSE(kept.is_lent());
  EXPECT_NE(pool.room().data(), first);
  EXPECT_EQ(kept.view().data(), first);
}

TEST(ReadPoolTest, WhatIsHeldInATurnIsNotWrittenOver) {
  ReadPool pool;
  char* first = pool.room().data();
  auto held = std::make_unique<Slice>(pool.take(100));
  EXPECT_EQ(pool.room().data(), first + 128);
  EXPECT_EQ(pool.room().size(), ReadPool::kReadBytes - 128);
  EXPECT_GE(pool.taken(), 100u);
  held.reset();
  EXPECT_EQ(pool.room().data(), first);
  EXPECT_EQ(pool.taken(), 0u);
}

TEST(ReadPoolTest, ABlockThatIsFullIsGivenUp) {
  ReadPool pool;
  const char* first = pool.room().data();
  const Slice kept = pool.take(ReadPool::kReadBytes);
  EXPECT_EQ(pool.room().size(), ReadPool::kReadBytes);
  EXPECT_NE(pool.room().data(), first);
  EXPECT_FALSE(kept.is_lent());
}

TEST(ReadPoolTest, TakesAGivenUpBlockAgainWhenItsHoldersHaveGone) {
  ReadPool pool;
  const char* first = pool.room().data();
  auto kept = std::make_unique<Slice>(pool.take(100'000));
  pool.settle();
  pool.room();
  const Slice also_kept = pool.take(100'000);
  pool.settle();
  kept.reset();
  EXPECT_EQ(pool.room().data(), first);
  EXPECT_TRUE(pool.take(1).is_lent());
}

TEST(SignalWatchTest, ReportsASignalAndMayBeDestroyedByIt) {
  Loop loop;
  int seen = 0;
  std::unique_ptr<SignalWatch> watch;
  watch = std::make_unique<SignalWatch>(loop, SIGUSR1, [&] {
    ++seen;
    watch.reset();
  });
  ::kill(::getpid(), SIGUSR1);
  EXPECT_TRUE(run_until(loop, [&] { return seen == 1; }));
}

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string pattern = "/tmp/omni_file_watch_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileWatchTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  bool sees_change() {
    const int before = changes_;
    return run_until(loop_, [&] { return changes_ > before; });
  }
  bool stays_quiet() {
    const int before = changes_;
    return !run_until(
        loop_, [&] { return changes_ > before; }, absl::Milliseconds(200));
  }
  // A watch that has had its first look.
  std::unique_ptr<FileWatch> watch(const std::string& name) {
    auto watched = fresh_watch(name);
    EXPECT_TRUE(sees_change());
    return watched;
  }
  std::unique_ptr<FileWatch> fresh_watch(const std::string& name) {
    return std::make_unique<FileWatch>(
        loop_, std::vector<std::string>{folder_ / name}, [this] { ++changes_; },
        absl::Milliseconds(20));
  }

  Loop loop_;
  std::filesystem::path folder_;
  int changes_ = 0;
};

TEST_F(FileWatchTest, SeesContentChangeAndIgnoresATouch) {
  write("a", "one");
  const auto watched = watch("a");
  write("other", "x");
  write("a", "one");
  EXPECT_TRUE(stays_quiet());
  write("a", "two");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, LooksOnceAtWhatMayHaveChangedBeforeTheWatch) {
  write("a", "one");
  const auto watched = fresh_watch("a");
  EXPECT_TRUE(sees_change());
  EXPECT_TRUE(stays_quiet());
}

TEST_F(FileWatchTest, SeesAChangeInADirectoryThatIsNeverQuiet) {
  write("a", "one");
  const auto watched = watch("a");
  write("a", "two");
  const int before = changes_;
  const bool seen = run_until(loop_, [&] {
    write("noise", "x");
    return changes_ > before;
  });
  EXPECT_TRUE(seen);
}

TEST_F(FileWatchTest, SeesAFileThatAppearsIsReplacedAndGoes) {
  const auto watched = watch("a");
  write("a", "one");
  EXPECT_TRUE(sees_change());
  write("b", "two");
  std::filesystem::rename(folder_ / "b", folder_ / "a");
  EXPECT_TRUE(sees_change());
  std::filesystem::remove(folder_ / "a");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, SeesASwappedSymbolicLinkAsInAConfigMap) {
  std::filesystem::create_directories(folder_ / "v1");
  std::filesystem::create_directories(folder_ / "v2");
  write("v1/a", "one");
  write("v2/a", "two");
  std::filesystem::create_directory_symlink("v1", folder_ / "..data");
  std::filesystem::create_symlink("..data/a", folder_ / "a");
  const auto watched = watch("a");
  std::filesystem::create_directory_symlink("v2", folder_ / "..tmp");
  std::filesystem::rename(folder_ / "..tmp", folder_ / "..data");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, PollsWhereTheDirectoryDoesNotExistYet) {
  const auto watched = watch("later/a");
  std::filesystem::create_directories(folder_ / "later");
  write("later/a", "one");
  EXPECT_TRUE(sees_change());
}

TEST_F(FileWatchTest, MayBeDestroyedByItsCallback) {
  std::unique_ptr<FileWatch> watched;
  watched = std::make_unique<FileWatch>(
      loop_, std::vector<std::string>{folder_ / "a"},
      [&] {
        ++changes_;
        watched.reset();
      },
      absl::Milliseconds(20));
  write("a", "one");
  EXPECT_TRUE(sees_change());
}

}  // namespace
}  // namespace omni
