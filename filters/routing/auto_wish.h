// What a request may ask of a combo that scores: X-OmniRoute-Mode, X-OmniRoute-Budget and
// X-OmniRoute-Budget-Fallback.
#pragma once

#include <optional>
#include <string_view>

#include "api/headers.h"
#include "api/http.h"
#include "source/llm/call.h"
#include "source/routing/plan.h"

namespace omni::filters {

// Of a chat. Changes the plan, which has a combo of Strategy::kAuto; or says why the request is
// refused.
std::optional<LocalReply> grant_wishes(const Headers& headers, llm::Call& call, Plan& plan);

// A name that begins as those that are built in and means nothing here: 503 for a known one, for
// which nobody is connected, else 400.
LocalReply refuse_auto(std::string_view name);

}  // namespace omni::filters
