// Where a request may go, and what came of trying.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"

namespace omni {

// One place that can answer. Pointers live as long as the exchange's snapshot.
struct Target {
  const Provider* provider = nullptr;
  const Account* account = nullptr;  // Null for the demo provider.
  std::string model;                 // As the provider names it.
};

// The dialect that `target` is spoken to in for a client of `client`: its own, but for the one old
// endpoint that a provider serves by itself.
inline Dialect spoken_to(const Provider& provider, Dialect client) {
  const bool is_own = client == Dialect::kOllamaGenerate && provider.dialect == Dialect::kOllama;
  return is_own ? client : provider.dialect;
}

// routing writes it, upstream runs it: targets in order, each tried at most once.
struct Plan {
  std::vector<Target> targets;
};

// One line of history per upstream attempt, for the log, the receipt and the failure body.
struct Attempt {
  const Provider* provider = nullptr;
  std::string_view account;  // Lives as long as the exchange's snapshot.
  std::string model;
  int status = 0;             // 0: no answer.
  std::string reason;         // Empty for success; else a stable word such as "connect_failed".
  int64_t start_us = 0;       // Since the exchange began.
  int64_t first_byte_us = 0;  // Since the attempt began; 0: none.
  int64_t total_us = 0;
};

}  // namespace omni
