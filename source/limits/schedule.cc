#include "source/limits/schedule.h"

#include <absl/time/civil_time.h>
#include <fmt/format.h>

#include <array>

#include "source/base/strings.h"

namespace omni {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kMinutesPerDay = 24 * 60;

}  // namespace

bool Schedule::is_open(absl::Time now) const {
  const absl::CivilSecond local = zone.At(now).cs;
  const auto day = static_cast<int>(absl::GetWeekday(local));  // 0 is Monday.
  const int minute = local.hour() * 60 + local.minute();
  const auto begins_on = [&](int which) { return ((days >> which) & 1) != 0; };
  if (from < until) return begins_on(day) && minute >= from && minute < until;
  if (minute >= from) return begins_on(day);
  return minute < until && begins_on((day + 6) % 7);
}

std::string Schedule::text() const {
  return fmt::format("{:02}:{:02}-{:02}:{:02} {}", from / 60, from % 60, until / 60, until % 60,
                     zone_name);
}

std::optional<int> parse_minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const std::optional<int64_t> hour = parse_int(text.substr(0, 2));
  const std::optional<int64_t> minute = parse_int(text.substr(3));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const int64_t minutes = *hour * 60 + *minute;
  if (minutes > kMinutesPerDay) return std::nullopt;
  return static_cast<int>(minutes);
}

uint8_t day_bit(std::string_view name) {
  for (size_t i = 0; i < kDays.size(); ++i)
    if (kDays[i] == name) return static_cast<uint8_t>(1u << i);
  return 0;
}

bool load_zone(const std::string& name, absl::TimeZone& zone) {
  return absl::LoadTimeZone(name, &zone);
}

}  // namespace omni
