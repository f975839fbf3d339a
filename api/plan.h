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

// A text that is kept without an allocation; what is too long is cut.
class ShortText {
 public:
  static constexpr size_t kMost = 63;
  ShortText() = default;
  ShortText(std::string_view text)  // NOLINT(google-explicit-constructor): as one assigns text.
      : size_(static_cast<uint8_t>(text.size() < kMost ? text.size() : kMost)) {
    std::char_traits<char>::copy(text_, text.data(), size_);
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  uint8_t size_ = 0;
  char text_[kMost];
};

// One line of history per upstream attempt, for the log, the receipt and the failure body.
struct Attempt {
  const Provider* provider = nullptr;
  std::string_view account;  // Lives as long as the exchange's snapshot.
  std::string model;
  int status = 0;              // 0: no answer.
  std::string reason;          // Empty for success; else a stable word such as "connect_failed".
  int64_t start_us = 0;        // Since the exchange began.
  int64_t first_byte_us = 0;   // Since the attempt began; 0: none.
  int64_t first_token_us = 0;  // The same, of a stream's first content; 0: not seen.
  int64_t total_us = 0;
  bool is_hedge = false;  // Made beside one that was slow to begin.
  ShortText upstream_id;  // What the provider calls it (its x-request-id); empty: not said.
};

}  // namespace omni
