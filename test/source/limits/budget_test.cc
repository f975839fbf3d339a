#include "source/limits/budget.h"

#include <absl/time/civil_time.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace omni {
namespace {

absl::Time at(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

TEST(BudgetTest, PeriodsBeginAndEndInUtc) {
  const struct {
    BudgetPeriod period;
    const char *time, *same, *next, *end;
  } rows[] = {
      {BudgetPeriod::kDaily, "2026-02-28T00:00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z",
       "2026-03-01T00:00:00Z"},
      // A Sunday and the Monday after it.
      {BudgetPeriod::kWeekly, "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z",
       "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
      {BudgetPeriod::kMonthly, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z",
       "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z"},
      {BudgetPeriod::kMonthly, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z",
       "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
      {BudgetPeriod::kWeekly, "2026-12-31T23:59:59Z", "2026-12-28T00:00:00Z",
       "2027-01-04T00:00:00Z", "2027-01-04T00:00:00Z"},
  };
  for (const auto& row : rows) {
    const int64_t number = period_number(row.period, at(row.time));
    EXPECT_EQ(period_number(row.period, at(row.same)), number) << row.same;
    EXPECT_EQ(period_number(row.period, at(row.next)), number + 1) << row.next;
    EXPECT_EQ(period_end(row.period, number), at(row.end)) << row.time;
    EXPECT_EQ(period_number(row.period, period_end(row.period, number) - absl::Seconds(1)), number);
  }
}

TEST(BudgetTest, EveryMomentOfManyYearsLiesInFrontOfItsPeriodsEnd) {
  for (const BudgetPeriod period :
       {BudgetPeriod::kDaily, BudgetPeriod::kWeekly, BudgetPeriod::kMonthly})
    for (absl::Time time = at("1969-12-01T05:00:00Z"); time < at("2040-01-01T00:00:00Z");
         time += absl::Hours(31)) {
      const int64_t number = period_number(period, time);
      EXPECT_LT(time, period_end(period, number));
      EXPECT_GE(time, period_end(period, number - 1));
    }
}

TEST(BudgetTest, NamesReadBack) {
  for (const char* name : {"daily", "weekly", "monthly"})
    EXPECT_EQ(name_of(*budget_period_from(name)), name);
  EXPECT_FALSE(budget_period_from("yearly"));
}

TEST(BudgetTest, SomethingIsToldOnceInAPeriod) {
  std::atomic<int64_t> told{0};
  EXPECT_TRUE(is_first_in(told, 7));
  EXPECT_FALSE(is_first_in(told, 7));
  EXPECT_TRUE(is_first_in(told, 8));
  EXPECT_FALSE(is_first_in(told, 7));  // A thread that is late.
  EXPECT_TRUE(is_first_in(told, 5));
}

}  // namespace
}  // namespace omni
