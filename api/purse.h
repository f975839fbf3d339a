// The money that an exchange is paid from, for whoever is about to spend more of it.
#pragma once

#include <optional>

#include "api/http.h"

namespace omni {

// Of a key with a budget. On the exchange's worker.
class Purse {
 public:
  // Takes what the exchange has cost by now, so that others see it too. When nothing is left after
  // that: what the client is to be told in place of what would cost more.
  virtual std::optional<LocalReply> refuse_more() = 0;

 protected:
  ~Purse() = default;
};

}  // namespace omni
