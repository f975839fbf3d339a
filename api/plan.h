// Where a request may go, and what came of trying.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"
#include "source/llm/usage.h"
#include "source/routing/plan.h"

namespace omni {

// The dialect that `target` is spoken to in for a client of `client`: its own, but for the one old
// endpoint that a provider serves by itself.
inline Dialect spoken_to(const Provider& provider, Dialect client) {
  const bool is_own = client == Dialect::kOllamaGenerate && provider.dialect == Dialect::kOllama;
  return is_own ? client : provider.dialect;
}

// Of an attempt that another one, made beside it, was quicker than.
inline constexpr std::string_view kHedgeLost = "hedge_lost";

// What was asked beside the answer and is paid for as well: a member of a panel, a step of a
// pipeline, the summary of a conversation.
struct Aside {
  const Provider* provider = nullptr;
  std::string model;
  llm::Usage usage;  // An estimate of the prompt while nobody has answered.
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
