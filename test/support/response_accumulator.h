// Builds a response from its stream by the rules of the vendor's libraries, which refuse what does
// not follow them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/json.h"

namespace omni::test {

struct Accumulated {
  std::vector<std::string> types;
  nlohmann::json output = nlohmann::json::array();
  nlohmann::json last;  // The terminal event's response.
  std::string error;    // The first rule that was broken.
};

// Server-sent events of Responses.
Accumulated accumulate(std::string_view stream);

}  // namespace omni::test
