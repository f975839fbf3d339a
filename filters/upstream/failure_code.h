// What a failure of the connection to a provider is called.
#pragma once

#include <string_view>

#include "api/upstream.h"
#include "source/routing/failure.h"

namespace omni::filters {

// The status of an answer and its code, which is also the reason in the log.
struct FailureCode {
  int status;
  std::string_view code;
  int retry_after_seconds = 0;  // 0: no Retry-After.
};
FailureCode failure_code(UpstreamFailure kind);

// What it says of the provider. `sent`: the request may have reached it.
routing::Failure::Kind failure_kind(UpstreamFailure kind, bool sent);

}  // namespace omni::filters
