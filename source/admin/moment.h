// How management writes a moment.
#pragma once

#include <cstdint>
#include <string>

namespace omni {

// RFC 3339 in UTC, quoted; null for 0, which is no moment.
std::string moment(int64_t ms);

}  // namespace omni
