// The endpoints that tell what models there are.
#pragma once

#include <string>
#include <variant>

#include "api/exchange.h"

namespace omni::filters {

// The body of the answer in the dialect of the call, for the endpoints kModels, kModel, kShowModel,
// kVersion and kNotOffered; or why there is none. What the key may not use does not exist for its
// holder.
std::variant<std::string, LocalReply> answer_listing(Exchange& exchange);

}  // namespace omni::filters
