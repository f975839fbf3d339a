// What an answer tells its client about the key's windows, in the client's dialect.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/dialect.h"
#include "source/limits/rate_limit.h"

namespace omni::filters {

// Calls `visit` with each header. Of several windows of one measure the one with the least left is
// told. Anthropic's clients get Anthropic's names and times; all others OpenAI's.
void tell_rates(Dialect dialect, const std::vector<RateWindow>& windows, int64_t now_seconds,
                absl::FunctionRef<void(std::string_view name, std::string value)> visit);

// "6m0s", as OpenAI writes a time to wait.
std::string short_duration(int64_t seconds);

}  // namespace omni::filters
