// Kept responses in a real store.
#include "filters/responses/response_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/source/store/store_fixture.h"

namespace omni::filters {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kMany = 10'000;
#else
constexpr int kMany = 100'000;
#endif

class HandClock final : public Clock {
 public:
  absl::Time now() const override { return at; }
  absl::Duration since_start() const override { return absl::ZeroDuration(); }
  absl::Time at = absl::FromUnixSeconds(1'790'000'000);
};

class ClockedLoop final : public Dispatcher {
 public:
  const Clock& clock() const override { return time; }
  std::unique_ptr<Timer> make_timer(Task) override { return nullptr; }
  void post(Task task) override { queue.post(std::move(task)); }
  void destroy_later(std::unique_ptr<Deferred>) override {}
  void in_turn(TurnPart, TurnWork&) override {}
  HandClock time;
  store::QueueLoop queue;
};

std::string object_of(const std::string& id, const std::string& said) {
  return R"({"id":")" + id + R"(","output":[{"said":")" + said + R"("}]})";
}

class ResponseLogTest : public store::StoreTest {
 protected:
  ResponseLogTest() {
    LmdbStore::Options wide = options();
    wide.bulk_map_size_bytes = uint64_t{1} << 30;
    opened_ = *LmdbStore::open(std::move(wide));
  }
  ~ResponseLogTest() override { opened_.reset(); }

  ResponseLog log() { return {*opened_, limits_}; }

  NewResponse make(const std::string& id, const std::string& text, const std::string& parent = "") {
    NewResponse out;
    out.key = response_key(absl::ToUnixMicros(loop_.time.at), ++chance_);
    out.record.id = id;
    out.record.owner = "k";
    out.record.parent = parent;
    out.record.created_us = absl::ToUnixMicros(loop_.time.at);
    out.object = object_of(id, text);
    out.input = R"({"asked":")" + text + R"("})";
    return out;
  }
  std::string keep(NewResponse response) {
    const std::string key = response.key;
    absl::Status result = failed("never called");
    bool done = false;
    const auto pending = log().keep(loop_, std::move(response), [&](const absl::Status& status) {
      result = status;
      done = true;
    });
    EXPECT_TRUE(loop_.queue.run_until([&] { return done; }));
    EXPECT_TRUE(result.ok()) << message(result);
    return key;
  }
  std::optional<FoundResponse> find(const std::string& id, const std::string& owner = "k",
                                    ResponseLog::Want want = ResponseLog::Want::kContinued) {
    std::optional<FoundResponse> out;
    bool done = false;
    const auto pending =
        log().find(loop_, owner, id, want, [&](absl::StatusOr<std::optional<FoundResponse>> found) {
          EXPECT_TRUE(found.ok());
          if (found.ok()) out = *std::move(found);
          done = true;
        });
    EXPECT_TRUE(loop_.queue.run_until([&] { return done; }));
    return out;
  }
  bool erase(const std::string& id) {
    bool out = false, done = false;
    const auto pending = log().erase(loop_, "k", id, [&](absl::StatusOr<bool> found) {
      out = found.ok() && *found;
      done = true;
    });
    EXPECT_TRUE(loop_.queue.run_until([&] { return done; }));
    return out;
  }
  size_t rows(TableId table) {
    size_t count = 0;
    EXPECT_TRUE(opened_
                    ->scan(table, "",
                           [&](std::string_view, std::string_view) {
                             ++count;
                             return true;
                           })
                    .ok());
    return count;
  }
  // What is counted is what there is.
  void expect_books_balanced() {
    uint64_t bytes = 0;
    EXPECT_TRUE(opened_
                    ->scan(kResponseBodiesTable, "",
                           [&](std::string_view, std::string_view value) {
                             bytes += value.size();
                             return true;
                           })
                    .ok());
    const auto total = opened_->get(kResponseTotalsTable, "bytes");
    ASSERT_TRUE(total.ok() && *total);
    EXPECT_EQ(**total, std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes));
    EXPECT_EQ(rows(kResponsesTable), rows(kResponseAgesTable));
  }

  ResponseLimits limits_;
  ClockedLoop loop_;
  std::unique_ptr<LmdbStore> opened_;
  uint64_t chance_ = 0;
};

TEST_F(ResponseLogTest, AConversationIsReadBackToItsBeginning) {
  const std::string a = keep(make("a", "1"));
  const std::string b = keep(make("b", "2", a));
  keep(make("c", "3", b));
  keep(make("d", "4", b));
  EXPECT_EQ(find("c")->items,
            R"({"asked":"1"},{"said":"1"},{"asked":"2"},{"said":"2"},{"asked":"3"},{"said":"3"})");
  EXPECT_EQ(find("d", "k", ResponseLog::Want::kInput)->items,
            R"({"asked":"1"},{"said":"1"},{"asked":"2"},{"said":"2"},{"asked":"4"})");
  EXPECT_TRUE(find("c")->is_whole);
  EXPECT_EQ(find("a", "other"), std::nullopt);
  EXPECT_EQ(find("a", ""), std::nullopt);
  expect_books_balanced();
}

TEST_F(ResponseLogTest, DeletingInTheMiddleBreaksNoConversationAndLeavesNothingBehind) {
  const std::string a = keep(make("a", "1"));
  const std::string b = keep(make("b", "2", a));
  keep(make("c", "3", b));
  EXPECT_TRUE(erase("b"));
  EXPECT_FALSE(erase("b"));
  EXPECT_TRUE(erase("a"));
  EXPECT_EQ(find("b"), std::nullopt);
  EXPECT_NE(find("c")->items.find(R"({"said":"1"})"), std::string::npos);
  expect_books_balanced();
  EXPECT_TRUE(erase("c"));
  EXPECT_EQ(rows(kResponsesTable) + rows(kResponseBodiesTable) + rows(kResponseIdsTable), 0u);
  expect_books_balanced();
}

TEST_F(ResponseLogTest, WhatIsUsedIsNotOldAndWhatIsOldGoes) {
  limits_.ttl = absl::Hours(80);
  const std::string a = keep(make("a", "1"));
  loop_.time.at += absl::Hours(50);
  const std::optional<FoundResponse> first = find("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->stale, std::vector<std::string>{a});
  NewResponse next = make("b", "2", a);
  next.stale = first->stale;
  keep(std::move(next));
  EXPECT_TRUE(find("b")->stale.empty());
  loop_.time.at += absl::Hours(50);
  // Of its own it has expired; for its continuation it is there.
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_TRUE(find("b")->is_whole);
  loop_.time.at += absl::Hours(50);
  EXPECT_EQ(find("b"), std::nullopt);
  keep(make("c", "3"));
  EXPECT_EQ(rows(kResponsesTable), 1u);
  expect_books_balanced();
}

TEST_F(ResponseLogTest, TheBoundIsKeptAndTheLongestUnusedGoFirst) {
  limits_.max_bytes = 10'000;
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) {
    loop_.time.at += absl::Milliseconds(1);
    keys.push_back(keep(make("r" + std::to_string(i), std::string(500, 'x'))));
    expect_books_balanced();
  }
  EXPECT_EQ(find("r0"), std::nullopt);
  EXPECT_TRUE(find("r39"));
  EXPECT_LE(rows(kResponsesTable), 10u);
  // One larger than the bound is not kept at all.
  keep(make("huge", std::string(20'000, 'x')));
  EXPECT_EQ(find("huge"), std::nullopt);
  // What continued something that is gone is not whole.
  const std::string parent = keep(make("p", "1"));
  keep(make("child", "2", parent));
  for (int i = 0; i < 40; ++i) {
    loop_.time.at += absl::Milliseconds(1);
    keep(make("more", "y"));
    keep(make("f" + std::to_string(i), std::string(700, 'x')));
    if (find("p") == std::nullopt) break;
  }
  const auto child = find("child");
  EXPECT_TRUE(!child || !child->is_whole);
  expect_books_balanced();
}

TEST_F(ResponseLogTest, AnAnswerThatIsGivenAgainIsTheNewOne) {
  keep(make("a", "1"));
  keep(make("a", "2"));
  EXPECT_EQ(find("a")->object, object_of("a", "2"));
  EXPECT_EQ(rows(kResponsesTable), 1u);
  // A job's record is written anew, unless it was deleted meanwhile.
  NewResponse job = make("j", "1");
  job.record.state = ResponseRecord::State::kQueued;
  NewResponse done = job;
  keep(std::move(job));
  done.record.state = ResponseRecord::State::kOver;
  done.object = object_of("j", "done");
  done.input.clear();
  done.events = "event: x\n\n";
  done.is_update = true;
  NewResponse late = done;
  keep(std::move(done));
  const auto found = find("j", "k", ResponseLog::Want::kEvents);
  EXPECT_EQ(found->object, object_of("j", "done"));
  EXPECT_EQ(found->events, "event: x\n\n");
  EXPECT_TRUE(erase("j"));
  keep(std::move(late));
  EXPECT_EQ(find("j"), std::nullopt);
  expect_books_balanced();
}

TEST_F(ResponseLogTest, AConversationBeyondTheBoundIsTooLong) {
  std::string parent;
  for (int i = 0; i < 9; ++i)
    parent = keep(make("big" + std::to_string(i), std::string(2 << 20, 'x'), parent));
  EXPECT_TRUE(find("big8")->is_too_long);
  EXPECT_FALSE(find("big2")->is_too_long);
}

TEST_F(ResponseLogTest, ALookUpIsAsFastAmongAHundredThousand) {
  const auto fill = [&](int from, int to) {
    while (from < to) {
      const int end = std::min(from + 2000, to);
      bool done = false;
      const auto pending = opened_->update(
          loop_,
          [this, from, end, limits = limits_](Update& update) -> absl::Status {
            ResponseBook book(update, limits, loop_.time.at);
            for (int i = from; i < end; ++i)
              if (absl::Status s = book.keep(make("n" + std::to_string(i), "x")); !s.ok()) return s;
            return absl::OkStatus();
          },
          [&](const absl::Status& status) {
            EXPECT_TRUE(status.ok()) << message(status);
            done = true;
          });
      ASSERT_TRUE(loop_.queue.run_until([&] { return done; }, std::chrono::seconds(120)));
      from = end;
    }
  };
  const auto time_of = [&](int count) {
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(find("n" + std::to_string(i * (count / 200))));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      best = std::min(best, took.count());
    }
    return best;
  };
  fill(0, 1000);
  const double few = time_of(1000);
  fill(1000, kMany);
  const double many = time_of(kMany);
  RecordProperty("few_us", static_cast<int>(few * 1e6 / 200));
  RecordProperty("many_us", static_cast<int>(many * 1e6 / 200));
  EXPECT_LT(many, few * 3) << few << " s, then " << many << " s";
}

TEST(ResponseRecordTest, TheBytesAreFrozen) {
  ResponseRecord record;
  record.owner = "key_1";
  record.id = "resp_1";
  record.parent = response_key(2, 3);
  record.provider = "oai";
  record.account = "main";
  record.session = "s";
  record.created_us = 1'790'000'000'000'000;
  record.used_us = 1'790'000'000'000'001;
  record.state = ResponseRecord::State::kInProgress;
  record.is_background = true;
  record.is_whole = false;
  record.children = 4;
  record.bytes = 5;
  record.maker = {6, 7};
  std::ifstream file(OMNI_SOURCE_DIR "/test/golden/store/response_v1.bin", std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(record.encode(), golden);
  const auto decoded = ResponseRecord::decode(golden);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, record);
  for (size_t size = 0; size < golden.size(); ++size)
    EXPECT_FALSE(ResponseRecord::decode(golden.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace omni::filters
