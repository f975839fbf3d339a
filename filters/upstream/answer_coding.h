// The content codings of a provider's answer.
#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "api/http.h"
#include "source/coding/body_decoder.h"

namespace omni::filters {

// Takes them off the head, and with them what is true of the coded bytes only. Null: there were
// none. Not OK, and the head as it was: one that cannot be undone.
absl::StatusOr<std::unique_ptr<coding::BodyDecoder>> take_codings(ResponseHead& head);

}  // namespace omni::filters
