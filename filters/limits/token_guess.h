// What a request may come to in tokens, before anybody has run it.
#pragma once

#include <cstdint>

#include "api/exchange.h"

namespace omni::filters {

struct TokenGuess {
  int64_t input = 0;
  int64_t output = 0;  // As many as the request lets the model write; 0 where it does not say.

  int64_t all() const { return input + output; }
};

// By length. Needs the body. What a request continues that is kept elsewhere is not in it.
TokenGuess guess_tokens(const Facts& facts);

}  // namespace omni::filters
