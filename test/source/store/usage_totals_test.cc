#include "source/store/usage_totals.h"

#include <absl/time/civil_time.h>

#include <map>
#include <string>
#include <vector>

#include "source/store/retention.h"
#include "source/store/usage_log.h"
#include "source/store/usage_reader.h"
#include "test/source/store/store_fixture.h"
#include "test/source/store/timed_loop.h"

namespace omni::store {
namespace {

using ::testing::ElementsAre;

int64_t us(int year, int month, int day, int hour = 0, int minute = 0) {
  return absl::ToUnixMicros(
      absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute), absl::UTCTimeZone()));
}

UsageRecord record_at(int64_t time_us, std::string model = "m", std::string key = "k1") {
  UsageRecord out;
  out.time_us = time_us;
  out.key_id = key;
  out.key_name = "name of " + key;
  out.model_asked = "asked-" + model;
  out.model_sent = std::move(model);
  out.provider = "up";
  out.account = "main";
  out.status = 200;
  out.input_tokens = 10;
  out.output_tokens = 3;
  out.cost_nanodollars = 7;
  return out;
}

class UsageTotalsTest : public StoreTest {
 protected:
  UsageTotalsTest() {
    stats_.attach_thread();
    EXPECT_TRUE(open().ok());
  }
  ~UsageTotalsTest() override { stats_.detach_thread(); }

  void append(const std::vector<UsageRecord>& records) {
    {
      UsageLog log(*store_, loop_, UsageLog::Stats(stats_));
      for (const UsageRecord& record : records) log.append(record);
    }
    EXPECT_TRUE(update([](Update&) { return absl::OkStatus(); }).ok());  // Behind all of them.
  }
  // "group:names" -> requests/tokens in/nanodollars.
  std::map<std::string, std::string> totals(TotalsPeriod period, int64_t from, int64_t to) {
    std::map<std::string, std::string> out;
    EXPECT_TRUE(read_totals(*store_, period, totals_number(period, from), totals_number(period, to),
                            [&](const TotalsName& name, const UsageTotals& sum) {
                              std::string label(1, static_cast<char>(name.group));
                              for (const std::string_view each : name.names)
                                if (!each.empty()) label += ":" + std::string(each);
                              out[label] += std::to_string(sum.requests) + "/" +
                                            std::to_string(sum.input_tokens) + "/" +
                                            std::to_string(sum.nanodollars) + " ";
                            })
                    .ok());
    return out;
  }
};

TEST_F(UsageTotalsTest, ADayAndAMonthAreSumsOfTheirRecordsByEverything) {
  UsageRecord failed = record_at(us(2026, 11, 30, 23, 59), "n", "k2");
  failed.status = 502;
  failed.cost_nanodollars.reset();
  failed.input_tokens = failed.output_tokens = 0;
  append({record_at(us(2026, 11, 1)), record_at(us(2026, 11, 1, 5)), failed});
  append({record_at(us(2026, 11, 1, 6)), record_at(us(2026, 12, 1))});
  const auto november = totals(TotalsPeriod::kMonth, us(2026, 11, 1), us(2026, 11, 30));
  EXPECT_EQ(november.at("a"), "4/30/21 ");
  EXPECT_EQ(november.at("p:up"), "4/30/21 ");
  EXPECT_EQ(november.at("m:m:up"), "3/30/21 ");
  EXPECT_EQ(november.at("m:n:up"), "1/0/0 ");
  EXPECT_EQ(november.at("k:k1"), "3/30/21 ");
  EXPECT_EQ(november.at("c:up:main:m"), "3/30/21 ");
  EXPECT_EQ(november.size(), 8u);
  const auto day = totals(TotalsPeriod::kDay, us(2026, 11, 1), us(2026, 11, 1));
  EXPECT_EQ(day.at("a"), "3/30/21 ");
  EXPECT_EQ(day.at("r:asked-m"), "3/30/21 ");
  const auto both = totals(TotalsPeriod::kDay, us(2026, 11, 30), us(2026, 12, 1));
  EXPECT_EQ(both.at("a"), "1/0/0 1/10/7 ");
}

TEST_F(UsageTotalsTest, ErrorsAndAnswersWithoutAPriceAreCountedApart) {
  UsageRecord unpriced = record_at(us(2026, 11, 2)), left = unpriced, refused = unpriced;
  unpriced.cost_nanodollars.reset();
  left.status = 0;
  refused.status = 429;
  append({unpriced, left, refused});
  UsageTotals all;
  const int64_t month = totals_number(TotalsPeriod::kMonth, us(2026, 11, 2));
  ASSERT_TRUE(read_totals(*store_, TotalsPeriod::kMonth, month, month,
                          [&](const TotalsName& name, const UsageTotals& sum) {
                            if (name.group == TotalsGroup::kAll) all.add(sum);
                          })
                  .ok());
  EXPECT_EQ(all.requests, 3u);
  EXPECT_EQ(all.errors, 2u);
  EXPECT_EQ(all.unpriced, 1u);
}

// Sums of one turn stay where they are while new ones come between them.
TEST_F(UsageTotalsTest, RecordsOfManyModelsInAnyOrderAreSummedUp) {
  const int64_t at = us(2026, 11, 29, 12);
  std::vector<UsageRecord> records;
  for (int i = 0; i < 200; ++i) {
    records.push_back(record_at(at, "m" + std::to_string(i % 50)));
    records.push_back(record_at(at, "often"));
    records.push_back(record_at(at, "often"));
  }
  append(records);
  const std::map<std::string, std::string> found = totals(TotalsPeriod::kDay, at, at);
  EXPECT_EQ(found.at("a"), "600/6000/4200 ");
  EXPECT_EQ(found.at("m:often:up"), "400/4000/2800 ");
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(found.at("m:m" + std::to_string(i) + ":up"), "4/40/28 ") << i;
}

TEST_F(UsageTotalsTest, NamesOfAnyLengthAreCounted) {
  const std::string letters(119, 'x');
  append({record_at(us(2026, 11, 2), letters + "\xc3\xa9" + std::string(900, 'y'))});
  const auto month = totals(TotalsPeriod::kMonth, us(2026, 11, 2), us(2026, 11, 2));
  EXPECT_EQ(month.count("m:" + letters + ":up"), 1u) << "cut between characters";
}

class UsagePageTest : public UsageTotalsTest {
 protected:
  std::vector<int64_t> seconds(const UsagePage& page) {
    std::vector<int64_t> out;
    for (const UsageRecord& record : page.records) out.push_back(record.time_us / 1'000'000);
    return out;
  }
};

TEST_F(UsagePageTest, PagesGoFromTheNewestToTheOldest) {
  std::vector<UsageRecord> records;
  for (int i = 1; i <= 5; ++i) records.push_back(record_at(i * 1'000'000));
  append(records);
  UsageQuery query;
  query.limit = 2;
  std::vector<int64_t> all;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = read_usage_page(*store_, query);
    ASSERT_TRUE(page.ok());
    for (const int64_t second : seconds(*page)) all.push_back(second);
    query.before = page->next;
    if (page->next.empty()) break;
  }
  EXPECT_THAT(all, ElementsAre(5, 4, 3, 2, 1));
  EXPECT_TRUE(query.before.empty());
}

TEST_F(UsagePageTest, EachFilterFindsItsRecordsAndNoOthers) {
  UsageRecord other = record_at(2'000'000, "n", "k2");
  other.provider = "down";
  other.account = "spare";
  other.status = 503;
  append({record_at(1'000'000), other, record_at(3'000'000)});
  const auto found = [&](auto fill) {
    UsageQuery query;
    fill(query);
    const auto page = read_usage_page(*store_, query);
    EXPECT_TRUE(page.ok());
    return page.ok() ? seconds(*page) : std::vector<int64_t>();
  };
  EXPECT_THAT(found([](UsageQuery& q) { q.key = "k2"; }), ElementsAre(2));
  EXPECT_THAT(found([](UsageQuery& q) { q.key = "name of k1"; }), ElementsAre(3, 1));
  EXPECT_THAT(found([](UsageQuery& q) { q.model = "n"; }), ElementsAre(2));
  EXPECT_THAT(found([](UsageQuery& q) { q.model = "asked-m"; }), ElementsAre(3, 1));
  EXPECT_THAT(found([](UsageQuery& q) { q.provider = "down"; }), ElementsAre(2));
  EXPECT_THAT(found([](UsageQuery& q) { q.connection = "down/spare"; }), ElementsAre(2));
  EXPECT_THAT(found([](UsageQuery& q) { q.connection = "main"; }), ElementsAre(3, 1));
  EXPECT_THAT(found([](UsageQuery& q) { q.connection = "up/spare"; }), ElementsAre());
  EXPECT_THAT(found([](UsageQuery& q) { q.outcome = UsageQuery::Outcome::kError; }),
              ElementsAre(2));
  EXPECT_THAT(found([](UsageQuery& q) { q.outcome = UsageQuery::Outcome::kOk; }),
              ElementsAre(3, 1));
  EXPECT_THAT(found([](UsageQuery& q) { q.from_us = 2'000'000, q.before_us = 3'000'000; }),
              ElementsAre(2));
}

TEST_F(UsagePageTest, ARareKeyIsFoundBehindDaysOfOthers) {
  std::vector<UsageRecord> records = {record_at(us(2026, 1, 1), "m", "rare")};
  for (int i = 0; i < 21'000; ++i) records.push_back(record_at(us(2026, 2, 1) + i));
  append(records);
  UsageQuery query;
  query.key = "rare";
  const auto page = read_usage_page(*store_, query);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->records.size(), 1u) << "without looking at the day of the others";
  query.key.clear();
  query.outcome = UsageQuery::Outcome::kError;
  const auto bounded = read_usage_page(*store_, query);
  ASSERT_TRUE(bounded.ok());
  EXPECT_TRUE(bounded->records.empty());
  EXPECT_FALSE(bounded->next.empty()) << "has looked at enough, and says where to go on";
}

TEST_F(UsageTotalsTest, OldRecordsGoInStepsAndTheirTotalsStay) {
  TimedLoop home(loop_);
  const int64_t now = absl::ToUnixMicros(home.time.now());
  std::vector<UsageRecord> records;
  for (int i = 0; i < 2500; ++i) records.push_back(record_at(now - 100 * 86'400'000'000 + i));
  records.push_back(record_at(now - 80 * 86'400'000'000));
  append(records);
  const auto before = totals(TotalsPeriod::kDay, 0, now);
  Retention retention(*store_, home, Retention::of_usage(), {});
  for (size_t left : {1501u, 501u, 1u}) {
    retention.step();
    ASSERT_TRUE(loop_.run_until([&] { return rows(kUsageTable).size() == left; })) << left;
  }
  EXPECT_EQ(totals(TotalsPeriod::kDay, 0, now), before);
}

TEST_F(UsageTotalsTest, BeyondTheirSizeTheOldestGoFirst) {
  TimedLoop home(loop_);
  const int64_t now = absl::ToUnixMicros(home.time.now());
  std::vector<UsageRecord> records;
  for (int i = 0; i < 3000; ++i) records.push_back(record_at(now - 7'200'000'000 + i * 1000));
  append(records);
  Retention retention(*store_, home, Retention::of_usage(), {.bytes = 400'000});
  retention.step();
  ASSERT_TRUE(loop_.run_until([&] { return rows(kUsageTable).size() == 2000; }));
  EXPECT_EQ(UsageRecord::decode(rows(kUsageTable)[0].second)->time_us, records[1000].time_us);
}

}  // namespace
}  // namespace omni::store
