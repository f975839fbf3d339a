// Hours in which a key may be used.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace omni {

struct Schedule {
  // Minutes since midnight. `until` is the first that is closed; when it is not after `from`, the
  // hours end on the next day.
  int from = 0, until = 24 * 60;
  uint8_t days = 0x7f;  // On which the hours begin: bit 0 is Monday.
  std::string zone_name = "UTC";
  absl::TimeZone zone = absl::UTCTimeZone();

  bool is_open(absl::Time now) const;
  // "22:00-06:00 Europe/Berlin", for messages.
  std::string text() const;
  bool operator==(const Schedule&) const = default;
};

// Minutes of "08:30"; "24:00" is the end of the day. nullopt for anything else.
std::optional<int> parse_minutes(std::string_view text);
// The bit of "mon" to "sun"; 0 for anything else.
uint8_t day_bit(std::string_view name);
// False when the system knows no such zone. Reads files: main thread.
bool load_zone(const std::string& name, absl::TimeZone& zone);

}  // namespace omni
