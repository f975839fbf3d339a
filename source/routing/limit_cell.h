// What a provider says of one limit of an account, as management shows it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace omni::routing {

// What providers count.
enum class LimitKind : uint8_t { kRequests, kTokens, kInputTokens, kOutputTokens };
inline constexpr size_t kLimitKinds = 4;
std::string_view name_of(LimitKind kind);

// One limit of an account in its provider's own words, for people to look at: what is decided by is
// the QuotaCell. The words of one answer may be seen apart. Any thread.
struct LimitCell {
  std::atomic<int64_t> limit{-1}, remaining{-1};  // Negative: not said.
  std::atomic<int64_t> reset_ms{0};               // 0: not said.
};

}  // namespace omni::routing
