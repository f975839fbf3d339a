#include "source/store/usage_log.h"

#include <chrono>
#include <thread>

#include "test/source/store/store_fixture.h"

namespace omni::store {
namespace {

using std::chrono::steady_clock;

UsageRecord record_at(int64_t time_us) {
  UsageRecord out;
  out.time_us = time_us;
  out.exchange_id = "7f3a9c0e51d24b68";
  out.key_id = "key_01";
  out.key_name = "build server";
  out.model_asked = out.model_sent = "gpt-4o-mini";
  out.provider = "openai";
  out.account = "main";
  out.dialect = "openai_chat";
  out.status = 200;
  out.input_tokens = 1200;
  out.output_tokens = 350;
  out.total_us = 1'234'567;
  out.first_byte_us = 345'678;
  out.cost_nanodollars = 390'000;
  return out;
}

// Keeps the works and never runs them: a disk that does not answer.
class StuckStore final : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> get(TableId, std::string_view) const override {
    return std::optional<std::string>();
  }
  absl::Status scan(TableId, std::string_view, Visit) const override { return absl::OkStatus(); }
  std::unique_ptr<Pending> read(Dispatcher&, Reading, Done) override { return nullptr; }
  std::unique_ptr<Pending> fetch(Dispatcher&, TableId, std::string_view, Fetched) override {
    return nullptr;
  }
  std::unique_ptr<Pending> update(Dispatcher&, Work, Done) override { return nullptr; }
  void write(Work work) override { works.push_back(std::move(work)); }

  std::vector<Work> works;
};

class UsageLogTest : public StoreTest {
 protected:
  UsageLogTest() { stats_.attach_thread(); }
  ~UsageLogTest() override { stats_.detach_thread(); }
  UsageLog::Stats usage_stats_{stats_};
};

TEST_F(UsageLogTest, RecordsAreInTheStoreWithinASecond) {
  ASSERT_TRUE(open().ok());
  UsageLog log(*store_, loop_, usage_stats_);
  const auto start = steady_clock::now();
  log.append(record_at(1000));
  std::this_thread::sleep_for(std::chrono::milliseconds(110));  // The timer, at its latest.
  loop_.fire_timers();
  while (rows(kUsageTable).empty() && steady_clock::now() - start < std::chrono::seconds(5)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(1));
  const auto all = rows(kUsageTable);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(*UsageRecord::decode(all[0].second) == record_at(1000));
}

TEST_F(UsageLogTest, RecordsAreReadByTimeAndTwoOfOneMomentAreKept) {
  ASSERT_TRUE(open().ok());
  {
    UsageLog log(*store_, loop_, usage_stats_), other(*store_, loop_, usage_stats_);
    for (const int64_t time : {5000, 3000, 3000, 9000}) log.append(record_at(time));
    other.append(record_at(3000));
  }
  ASSERT_TRUE(open().ok());
  std::vector<int64_t> times;
  for (const auto& [key, value] : rows(kUsageTable, usage_key(3000, 0))) {
    times.push_back(UsageRecord::decode(value)->time_us);
  }
  EXPECT_THAT(times, ::testing::ElementsAre(3000, 3000, 3000, 5000, 9000));
  EXPECT_EQ(rows(kUsageTable, usage_key(3001, 0)).size(), 2u);
}

TEST_F(UsageLogTest, HandsOverAFullBufferWithoutTheTimer) {
  StuckStore stuck;
  UsageLog log(stuck, loop_, usage_stats_);
  for (size_t i = 0; i < 3 * UsageLog::kHandOver + 1; ++i) log.append(record_at(1));
  EXPECT_EQ(stuck.works.size(), 3u);
  loop_.fire_timers();
  EXPECT_EQ(stuck.works.size(), 4u);
  loop_.fire_timers();
  EXPECT_EQ(stuck.works.size(), 4u);
}

TEST_F(UsageLogTest, DropsAndCountsWhenTheDiskDoesNotKeepUp) {
  StuckStore stuck;
  UsageLog log(stuck, loop_, usage_stats_);
  for (size_t i = 0; i < UsageLog::kMostWaiting + 10; ++i) log.append(record_at(1));
  EXPECT_EQ(stats_.sum("omniroute_usage_records_dropped"), 10);
  stuck.works.pop_back();  // Written at last.
  for (size_t i = 0; i < UsageLog::kHandOver; ++i) log.append(record_at(1));
  EXPECT_EQ(stats_.sum("omniroute_usage_records_dropped"), 10);
}

TEST_F(UsageLogTest, CountsWhatAFullStoreRefuses) {
  auto small = options();
  small.bulk_map_size_bytes = 512 << 10;
  ASSERT_TRUE(open(std::move(small)).ok());
  {
    UsageLog log(*store_, loop_, usage_stats_);
    for (int64_t i = 0; i < 20'000; ++i) log.append(record_at(i));
  }
  ASSERT_TRUE(open().ok());
  const auto kept = static_cast<int64_t>(rows(kUsageTable).size());
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 20'000);
  EXPECT_LE(stats_.sum("omniroute_usage_records_dropped"), 20'000 - kept);
  EXPECT_GT(stats_.sum("omniroute_usage_records_dropped"), 0);
}

TEST_F(UsageLogTest, AppendingIsCheap) {
  ASSERT_TRUE(open().ok());
  UsageLog log(*store_, loop_, usage_stats_);
  constexpr int kCount = 50'000;
  const auto start = steady_clock::now();
  for (int i = 0; i < kCount; ++i) log.append(record_at(i));
  const auto spent = steady_clock::now() - start;
  RecordProperty("ns_per_record", static_cast<int>(spent / std::chrono::nanoseconds(kCount)));
  std::printf("usage append: %d ns per record\n",
              static_cast<int>(spent / std::chrono::nanoseconds(kCount)));
  // A wide bound, for slow machines and sanitizers: the point is that it never waits for the disk.
  EXPECT_LT(spent / kCount, std::chrono::microseconds(50));
}

}  // namespace
}  // namespace omni::store
