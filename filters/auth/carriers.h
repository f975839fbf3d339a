// Where clients put their key.
#pragma once

#include <absl/functional/function_ref.h>

#include <string_view>

#include "api/http.h"

namespace omni::filters {

// Calls `visit` with each key that the request carries, in order of precedence, until it returns
// true. Views die with the call. Returns true when one did.
bool find_presented_key(const RequestHead& head,
                        absl::FunctionRef<bool(std::string_view key)> visit);

}  // namespace omni::filters
