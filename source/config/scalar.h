// Scalars of the configuration as typed values. Each error is a sentence about the value alone:
// the caller knows where it stands.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/config/config_value.h"

namespace omni {

// Unquoted numbers and true/false are no text, unless ${...} made them.
absl::StatusOr<std::string> as_text(const ConfigValue& value);
absl::StatusOr<int64_t> as_integer(const ConfigValue& value);
absl::StatusOr<double> as_number(const ConfigValue& value);  // Finite.
absl::StatusOr<bool> as_boolean(const ConfigValue& value);   // true and false only.
// 250ms, 5s, 2m, 1h, 7d; at most 3650d.
absl::StatusOr<absl::Duration> as_duration(const ConfigValue& value);
// 64KiB, 4MiB, 1GiB, 1TiB.
absl::StatusOr<int64_t> as_size_bytes(const ConfigValue& value);

// "a list", "a single value": for messages about what is no place for a text. What was written
// there may be a secret that stands at the wrong place, so it is not said.
std::string_view kind_of(const ConfigValue& value);
// "a list", "the text 'x'": for messages. Long texts are cut.
std::string describe(const ConfigValue& value);

}  // namespace omni
