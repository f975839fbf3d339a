#include "source/admin/moment.h"

#include <absl/time/time.h>

#include "source/json/writer.h"

namespace omni {

std::string moment(int64_t ms) {
  if (ms == 0) return "null";
  return json::quoted(
      absl::FormatTime(absl::RFC3339_full, absl::FromUnixMillis(ms), absl::UTCTimeZone()));
}

}  // namespace omni
