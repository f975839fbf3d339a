// Runs captured answers and requests through the codecs, as the gateway does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/replay/options.h"

namespace omni::replay {

struct Outcome {
  std::string output;              // As the other side would get it.
  std::vector<std::string> notes;  // For a person, one line each.
  bool has_failed = false;
};

// An answer of a provider of `options.from` for a client of `options.to`. Ids and times that it
// does not tell are always the same ones, so that outputs can be compared.
Outcome replay_answer(const Options& options, std::string_view answer);

// A request of a client of `options.from` for a provider of `options.to`.
Outcome replay_request(const Options& options, std::string_view body);

}  // namespace omni::replay
