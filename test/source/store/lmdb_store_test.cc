#include "source/store/lmdb_store.h"

#include <atomic>
#include <set>
#include <thread>

#include "test/source/store/store_fixture.h"

namespace omni::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST_F(StoreTest, KeepsWhatWasAcknowledgedAcrossARestart) {
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kStateTable, "a"), "nothing");
  ASSERT_TRUE(put(kStateTable, "a", "one").ok());
  ASSERT_TRUE(put(kBulkTable, "a", "bulk one").ok());
  ASSERT_TRUE(put(kStateTable, "empty", "").ok());
  const std::string pepper(store_->pepper().reveal());
  EXPECT_EQ(pepper.size(), 32u);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kStateTable, "a"), "one");
  EXPECT_EQ(get(kBulkTable, "a"), "bulk one");
  EXPECT_EQ(get(kStateTable, "empty"), "");
  EXPECT_EQ(store_->pepper().reveal(), pepper);
  EXPECT_THAT(store_->warnings(), ElementsAre());
}

TEST_F(StoreTest, WritesWithNobodyWaitingAreKeptWhenItCloses) {
  ASSERT_TRUE(open().ok());
  store_->write([](Update& update) { return update.put(kBulkTable, "k", "v"); });
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kBulkTable, "k"), "v");
}

TEST_F(StoreTest, WritesWithNobodyWaitingAreSeenWithinHalfASecond) {
  ASSERT_TRUE(open().ok());
  store_->write([](Update& update) { return update.put(kBulkTable, "k", "v"); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (get(kBulkTable, "k") != "v" && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(get(kBulkTable, "k"), "v");
}

TEST_F(StoreTest, AWorkSeesTheWritesBeforeItAndEraseRemoves) {
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(update([](Update& update) -> absl::Status {
                OMNI_RETURN_IF_ERROR(update.put(kStateTable, "a", "1"));
                OMNI_ASSIGN_OR_RETURN(const auto seen, update.get(kStateTable, "a"));
                EXPECT_EQ(seen.value_or("nothing"), "1");
                OMNI_RETURN_IF_ERROR(update.erase(kStateTable, "a"));
                OMNI_ASSIGN_OR_RETURN(const auto gone, update.get(kStateTable, "a"));
                EXPECT_FALSE(gone.has_value());
                OMNI_RETURN_IF_ERROR(update.erase(kStateTable, "never was"));
                OMNI_RETURN_IF_ERROR(update.erase({Realm::kState, "no table"}, "a"));
                return update.put(kStateTable, "b", "2");
              }).ok());
  EXPECT_THAT(rows(kStateTable), ElementsAre(Pair("b", "2")));
}

TEST_F(StoreTest, AFailingWorkUndoesItselfAndLeavesItsNeighboursAlone) {
  ASSERT_TRUE(open().ok());
  std::vector<absl::Status> answers;
  std::vector<std::unique_ptr<Pending>> pending;
  for (int i = 0; i < 5; ++i) {
    pending.push_back(store_->update(
        loop_,
        [i](Update& update) -> absl::Status {
          const std::string key = std::to_string(i);
          OMNI_RETURN_IF_ERROR(update.put(kStateTable, key, "state"));
          // A table of its own, made by a work that may be undone.
          const std::string table = "table" + key;
          OMNI_RETURN_IF_ERROR(update.put(kBulkTable, key, "bulk"));
          OMNI_RETURN_IF_ERROR(update.put({Realm::kBulk, table}, key, "own"));
          return i == 2 ? failed("changed my mind") : absl::OkStatus();
        },
        [&](absl::Status status) { answers.push_back(std::move(status)); }));
  }
  ASSERT_TRUE(loop_.run_until([&] { return answers.size() == 5; }));
  for (int i = 0; i < 5; ++i) {
    const std::string key = std::to_string(i), table = "table" + key;
    EXPECT_EQ(answers[static_cast<size_t>(i)].ok(), i != 2);
    EXPECT_EQ(get(kStateTable, key), i == 2 ? "nothing" : "state");
    EXPECT_EQ(get(kBulkTable, key), i == 2 ? "nothing" : "bulk");
    EXPECT_EQ(get({Realm::kBulk, table}, key), i == 2 ? "nothing" : "own");
  }
  // The table that was undone can still be made.
  ASSERT_TRUE(put({Realm::kBulk, "table2"}, "2", "later").ok());
  EXPECT_EQ(get({Realm::kBulk, "table2"}, "2"), "later");
}

TEST_F(StoreTest, AWorkThatIgnoresAFailedWriteFailsAllTheSame) {
  ASSERT_TRUE(open().ok());
  const absl::Status status = update([](Update& update) {
    update.put(kStateTable, "good", "1").IgnoreError();
    update.put(kStateTable, "", "no key").IgnoreError();
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(get(kStateTable, "good"), "nothing");
  EXPECT_FALSE(put(kStateTable, std::string(512, 'k'), "v").ok());
  EXPECT_TRUE(put(kStateTable, std::string(511, 'k'), "v").ok());
}

TEST_F(StoreTest, ManyUpdatesShareFewCommits) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(put(kStateTable, "first", "").ok());
  const int64_t before = stats_.sum("omniroute_store_commits");
  int answered = 0;
  std::vector<std::unique_ptr<Pending>> pending;
  for (int i = 0; i < 512; ++i) {
    pending.push_back(store_->update(
        loop_, [i](Update& u) { return u.put(kStateTable, std::to_string(i), "v"); },
        [&](const absl::Status& status) { answered += status.ok() ? 1 : 0; }));
  }
  ASSERT_TRUE(loop_.run_until([&] { return answered == 512; }));
  EXPECT_LE(stats_.sum("omniroute_store_commits") - before, 20);
}

TEST_F(StoreTest, LongValuesComeBackWholeAndLeaveNothingBehind) {
  ASSERT_TRUE(open().ok());
  std::string longest(300'000, '\0');
  for (size_t i = 0; i < longest.size(); ++i) longest[i] = static_cast<char>(i * 31 >> 3);
  for (const size_t size :
       {size_t{65535}, size_t{65536}, size_t{65537}, size_t{131072}, size_t{300'000}}) {
    const std::string value = longest.substr(0, size);
    ASSERT_TRUE(put(kBulkTable, "k", value).ok());
    EXPECT_EQ(get(kBulkTable, "k"), value) << size;
    EXPECT_THAT(rows(kBulkTable), ElementsAre(Pair("k", value)));
  }
  ASSERT_TRUE(update([&](Update& u) { return u.append(kBulkTable, "z", longest); }).ok());
  EXPECT_EQ(get(kBulkTable, "z"), longest);
  // 300 KB again and again: were the old chunks kept, 64 MiB would not do.
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(put(kBulkTable, "k", longest).ok());
  ASSERT_TRUE(put(kBulkTable, "k", "short").ok());
  ASSERT_TRUE(update([](Update& u) { return u.erase(kBulkTable, "z"); }).ok());
  EXPECT_THAT(rows(kBulkTable), ElementsAre(Pair("k", "short")));
}

TEST_F(StoreTest, AppendTakesKeysInAndOutOfOrder) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(update([](Update& update) -> absl::Status {
                for (const char* key : {"b", "d", "c", "d", "a", "e"}) {
                  OMNI_RETURN_IF_ERROR(update.append(kBulkTable, key, std::string(key) + "!"));
                }
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(rows(kBulkTable), ElementsAre(Pair("a", "a!"), Pair("b", "b!"), Pair("c", "c!"),
                                            Pair("d", "d!"), Pair("e", "e!")));
}

TEST_F(StoreTest, ScanBeginsWhereToldAndStopsWhenTold) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(update([](Update& update) -> absl::Status {
                for (int i = 1000; i < 6000; ++i) {
                  OMNI_RETURN_IF_ERROR(update.append(kBulkTable, std::to_string(i), "v"));
                }
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(rows(kBulkTable).size(), 5000u);  // More than one slice.
  EXPECT_EQ(rows(kBulkTable, "5990x").size(), 9u);
  EXPECT_EQ(rows(kBulkTable, "9").size(), 0u);
  int visited = 0;
  EXPECT_TRUE(store_->scan(kBulkTable, "", [&](auto, auto) { return ++visited < 3; }).ok());
  EXPECT_EQ(visited, 3);
}

TEST_F(StoreTest, ScanGoesOnWhenTheRowWhereItPausedIsErased) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(update([](Update& update) -> absl::Status {
                for (int i = 1000; i < 5000; ++i) {
                  OMNI_RETURN_IF_ERROR(update.append(kBulkTable, std::to_string(i), "v"));
                }
                return absl::OkStatus();
              }).ok());
  std::set<std::string> seen;
  EXPECT_TRUE(store_
                  ->scan(kBulkTable, "",
                         [&](std::string_view key, std::string_view) {
                           EXPECT_TRUE(seen.emplace(key).second) << key;
                           const std::string name(key);
                           if (seen.size() % 1000 == 0) {
                             EXPECT_TRUE(
                                 update([&](Update& u) { return u.erase(kBulkTable, name); }).ok());
                           }
                           return true;
                         })
                  .ok());
  EXPECT_EQ(seen.size(), 4000u);
}

TEST_F(StoreTest, FetchAnswersOnTheHomeLoop) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(put(kBulkTable, "k", "v").ok());
  std::optional<std::string> hit, miss;
  const auto first = store_->fetch(loop_, kBulkTable, "k",
                                   [&](auto found) { hit = (*found).value_or("nothing"); });
  const auto second = store_->fetch(loop_, kBulkTable, "absent",
                                    [&](auto found) { miss = (*found).value_or("nothing"); });
  EXPECT_FALSE(hit.has_value());
  ASSERT_TRUE(loop_.run_until([&] { return hit.has_value() && miss.has_value(); }));
  EXPECT_EQ(*hit, "v");
  EXPECT_EQ(*miss, "nothing");
}

TEST_F(StoreTest, AnUpdateWhosePendingDiedIsWrittenAndNotAnswered) {
  ASSERT_TRUE(open().ok());
  bool was_called = false;
  store_
      ->update(
          loop_, [](Update& u) { return u.put(kStateTable, "k", "v"); },
          [&](const absl::Status&) { was_called = true; })
      .reset();
  ASSERT_TRUE(put(kStateTable, "after", "").ok());
  // Once more, with the answer already posted.
  auto pending = store_->update(
      loop_, [](Update& u) { return u.put(kStateTable, "l", "v"); },
      [&](const absl::Status&) { was_called = true; });
  while (get(kStateTable, "l") != "v") std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  pending.reset();
  loop_.run_posted();
  EXPECT_FALSE(was_called);
  EXPECT_EQ(get(kStateTable, "k"), "v");
}

TEST_F(StoreTest, AnAnswerMayDestroyItsOwnPending) {
  ASSERT_TRUE(open().ok());
  bool was_called = false;
  std::unique_ptr<Pending> pending;
  pending = store_->update(
      loop_, [](Update& u) { return u.put(kStateTable, "k", "v"); },
      [&](const absl::Status&) {
        pending.reset();
        was_called = true;
      });
  EXPECT_TRUE(loop_.run_until([&] { return was_called; }));
}

TEST_F(StoreTest, CancellingNeverPostsToALoopThatIsGone) {
  ASSERT_TRUE(open().ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        // The loop dies right after its pendings, while the writer and the readers are busy.
        auto loop = std::make_unique<QueueLoop>();
        int called = 0;
        std::vector<std::unique_ptr<Pending>> pending;
        for (int n = 0; n < 4; ++n) {
          const std::string key = std::to_string(t * 1000 + n);
          pending.push_back(store_->update(
              *loop, [key](Update& u) { return u.put(kStateTable, key, "v"); },
              [&](const absl::Status&) { ++called; }));
          pending.push_back(store_->fetch(*loop, kStateTable, key, [&](auto) { ++called; }));
        }
        if (i % 2 == 0) loop->run_until([&] { return called >= i % 8; });
        pending.clear();
        const int before = called;
        loop->run_posted();
        EXPECT_EQ(called, before);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(StoreTest, ShortScansOnManyThreadsSeeWholeCommits) {
  ASSERT_TRUE(open().ok());
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!is_over) {
        std::string first, second;
        const auto start = std::chrono::steady_clock::now();
        EXPECT_TRUE(store_
                        ->scan(kStateTable, "",
                               [&](std::string_view key, std::string_view value) {
                                 (key == "a" ? first : second) = value;
                                 return true;
                               })
                        .ok());
        // A scan that was held up longer goes on in a newer snapshot, by contract.
        const auto spent = std::chrono::steady_clock::now() - start;
        if (spent < std::chrono::milliseconds(50)) {
          EXPECT_EQ(first, second);
        }
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(update([&](Update& u) -> absl::Status {
                  OMNI_RETURN_IF_ERROR(u.put(kStateTable, "a", value));
                  return u.put(kStateTable, "b", value);
                }).ok());
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_F(StoreTest, ClosingAnswersWhatIsQueued) {
  ASSERT_TRUE(open().ok());
  int answered = 0;
  std::vector<std::unique_ptr<Pending>> pending;
  for (int i = 0; i < 1000; ++i) {
    pending.push_back(store_->update(
        loop_, [i](Update& u) { return u.put(kStateTable, std::to_string(i), "v"); },
        [&](const absl::Status& status) { answered += status.ok() ? 1 : 0; }));
  }
  store_.reset();
  loop_.run_posted();
  EXPECT_EQ(answered, 1000);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(rows(kStateTable).size(), 1000u);
}

TEST_F(StoreTest, AFullBulkRefusesItsWritesAndNoState) {
  auto small = options();
  small.bulk_map_size_bytes = 1 << 20;
  std::vector<std::string> reports;
  std::mutex mutex;
  small.report = [&](std::string_view text) {
    const std::lock_guard lock(mutex);
    reports.emplace_back(text);
  };
  ASSERT_TRUE(open(std::move(small)).ok());
  absl::Status status;
  int written = 0;
  while (status.ok() && written < 2000) {
    status = put(kBulkTable, std::to_string(written++), std::string(8000, 'x'));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(message(status)), HasSubstr("the store is full"));
  EXPECT_GT(written, 50);
  EXPECT_TRUE(put(kStateTable, "k", "v").ok());
  // One work larger than the whole map fails by itself; its neighbour in the state does not.
  store_->write([](Update& u) { return u.put(kBulkTable, "big", std::string(4 << 20, 'x')); });
  EXPECT_TRUE(put(kStateTable, "l", "v").ok());
  // Room can be made, and then used.
  for (int i = 0; i < written; i += 2) {
    const std::string key = std::to_string(i);
    ASSERT_TRUE(update([&](Update& u) { return u.erase(kBulkTable, key); }).ok()) << i;
  }
  status = put(kBulkTable, "again", std::string(8000, 'y'));
  EXPECT_TRUE(status.ok()) << message(status);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(get(kStateTable, "k"), "v");
  EXPECT_EQ(get(kBulkTable, "again").size(), 8000u);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_THAT(reports[0], HasSubstr("1 write(s) lost"));
}

TEST_F(StoreTest, AFullStateIsAStatusAndLosesNothing) {
  auto small = options();
  small.map_size_bytes = 1 << 20;
  ASSERT_TRUE(open(std::move(small)).ok());
  absl::Status status;
  int written = 0;
  while (status.ok() && written < 2000) {
    status = put(kStateTable, std::to_string(written++), std::string(8000, 'x'));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rows(kStateTable).size(), static_cast<size_t>(written - 1));
  EXPECT_TRUE(put(kBulkTable, "k", "v").ok());
  ASSERT_TRUE(open().ok());  // With a larger map.
  EXPECT_TRUE(put(kStateTable, "more", std::string(8000, 'x')).ok());
}

}  // namespace
}  // namespace omni::store
