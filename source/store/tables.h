// The tables the gateway itself keeps, and their records. docs/store_format.md shows the bytes and
// test/golden/store freezes them; a changed layout needs a new version byte and both decoders.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "source/base/digest.h"
#include "source/catalog/service_tier.h"
#include "source/limits/key_limits.h"
#include "source/limits/schedule.h"

namespace omni {

// Key id -> GatewayKeyRecord.
inline constexpr TableId kKeysTable{Realm::kState, "keys"};
// Usage key (see usage_key) -> UsageRecord, in order of time.
inline constexpr TableId kUsageTable{Realm::kBulk, "usage"};

// Key id and period (see spend_name) -> SpendRecord.
inline constexpr TableId kSpendTable{Realm::kState, "spend"};

// A gateway key. The key itself is nowhere: only its keyed digest, under the store's pepper.
struct GatewayKeyRecord {
  std::string id, name;
  Digest hash{};               // HMAC-SHA-256(pepper, key).
  std::string display_prefix;  // The key's first characters, at most 7: encode() cuts it.
  int64_t created_at_us = 0;   // Since 1970, as all times here.
  bool is_disabled = false;
  bool is_banned = false;
  bool no_log = false;
  std::optional<int64_t> expires_at_us;
  std::vector<std::string> allowed_models;       // Empty: all.
  std::vector<std::string> allowed_connections;  // Since version 2, as what follows.
  KeyRules rules;
  std::optional<Schedule> schedule;

  std::string encode() const;
  static absl::StatusOr<GatewayKeyRecord> decode(std::string_view bytes);
  bool operator==(const GatewayKeyRecord&) const = default;
};

// What a key has spent in one period of its budget.
struct SpendRecord {
  int64_t number = 0;    // As period_number().
  int64_t nanos = 0;     // Nanodollars.
  int64_t unpriced = 0;  // Answers whose cost is not known.
  bool is_told = false;  // Its owner was warned.

  std::string encode() const;
  static absl::StatusOr<SpendRecord> decode(std::string_view bytes);
  bool operator==(const SpendRecord&) const = default;
};

// What one exchange used and cost, but for its texts.
struct UsageNumbers {
  int64_t time_us = 0;
  uint16_t status = 0;  // The HTTP status the client got.
  bool is_streamed = false;
  bool is_estimated = false;  // The tokens were counted here, not reported.
  bool is_aborted = false;    // The client left before the end.
  uint64_t input_tokens = 0, output_tokens = 0;
  uint64_t cached_tokens = 0, cache_write_tokens = 0, reasoning_tokens = 0;
  int64_t total_us = 0, first_byte_us = 0;  // From the request's first byte.
  std::optional<int64_t> cost_nanodollars;  // Absent: the model has no price.
  ServiceTier tier = ServiceTier::kUnsaid;  // That it was billed by. Since version 2.

  bool operator==(const UsageNumbers&) const = default;
};

// All of it, without owning a text: what a worker writes a record from while the exchange is there.
struct UsageView : UsageNumbers {
  std::string_view exchange_id, key_id, key_name;
  std::string_view model_asked, model_sent, provider, account, dialect;

  size_t encoded_size() const;
  // Writes that many bytes.
  void encode(char* to) const;
  // The texts are views of `bytes`.
  static absl::StatusOr<UsageView> parse(std::string_view bytes);
};

// The same with texts of its own.
struct UsageRecord : UsageNumbers {
  std::string exchange_id, key_id, key_name;
  std::string model_asked, model_sent, provider, account, dialect;

  UsageRecord() = default;
  explicit UsageRecord(const UsageView& view);
  UsageView view() const;  // Of this record.

  std::string encode() const;
  static absl::StatusOr<UsageRecord> decode(std::string_view bytes);
  bool operator==(const UsageRecord&) const = default;
};

// Nanoseconds since 1970 (8, big endian) | sequence (4, big endian): time order is key order, and
// a scan from usage_key(t, 0) visits the records from `t` on.
std::string usage_key(int64_t time_us, uint32_t sequence);
inline constexpr size_t kUsageKeyBytes = 12;
void write_usage_key(char* to, int64_t time_us, uint32_t sequence);

}  // namespace omni
