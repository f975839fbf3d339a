#include "source/limits/schedule.h"

#include <gtest/gtest.h>

#include <string>

namespace omni {
namespace {

// 2026-03-02 is a Monday.
bool is_open(const Schedule& schedule, const std::string& time) {
  absl::Time at;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &at, &error)) << error;
  return schedule.is_open(at);
}

Schedule hours(const char* from, const char* until) {
  Schedule out;
  out.from = *parse_minutes(from);
  out.until = *parse_minutes(until);
  return out;
}

TEST(ScheduleTest, HoursOfADay) {
  const Schedule schedule = hours("08:30", "17:00");
  EXPECT_FALSE(is_open(schedule, "2026-03-02T08:29:59Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-02T08:30:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-02T16:59:59Z"));
  EXPECT_FALSE(is_open(schedule, "2026-03-02T17:00:00Z"));
}

TEST(ScheduleTest, ANightBelongsToTheDayItBeginsOn) {
  Schedule schedule = hours("22:00", "06:00");
  schedule.days = day_bit("fri");
  EXPECT_FALSE(is_open(schedule, "2026-03-06T05:00:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-06T22:00:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-07T05:59:00Z"));
  EXPECT_FALSE(is_open(schedule, "2026-03-07T06:00:00Z"));
  EXPECT_FALSE(is_open(schedule, "2026-03-07T22:30:00Z"));
}

TEST(ScheduleTest, DaysAndZonesAreThoseOfThePlace) {
  Schedule schedule = hours("09:00", "17:00");
  schedule.days = static_cast<uint8_t>(day_bit("mon") | day_bit("tue"));
  schedule.zone_name = "America/New_York";
  ASSERT_TRUE(load_zone(schedule.zone_name, schedule.zone));
  EXPECT_FALSE(is_open(schedule, "2026-03-02T13:59:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-02T14:00:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-09T13:00:00Z"));  // Summer time has begun.
  EXPECT_FALSE(is_open(schedule, "2026-03-04T15:00:00Z"));
  EXPECT_EQ(schedule.text(), "09:00-17:00 America/New_York");
}

TEST(ScheduleTest, TheSameHourTwiceIsTheWholeDay) {
  const Schedule schedule = hours("07:00", "07:00");
  EXPECT_TRUE(is_open(schedule, "2026-03-02T07:00:00Z"));
  EXPECT_TRUE(is_open(schedule, "2026-03-02T06:59:00Z"));
  EXPECT_TRUE(is_open(hours("00:00", "24:00"), "2026-03-02T23:59:59Z"));
}

TEST(ScheduleTest, WordsThatAreNoTimeOrDay) {
  for (const char* text : {"8:30", "24:01", "08:60", "-1:00", "0830", "", "08:30 ", "aa:bb"})
    EXPECT_FALSE(parse_minutes(text)) << text;
  EXPECT_EQ(day_bit("monday"), 0);
  absl::TimeZone zone;
  EXPECT_FALSE(load_zone("Nowhere/Atlantis", zone));
}

}  // namespace
}  // namespace omni
