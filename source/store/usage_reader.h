// Usage records as management asks for them: newest first, in pages. A page looks at a bounded
// number of records, and passes over whole days in which the totals say there is nothing to find.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "source/store/lmdb_store.h"
#include "source/store/tables.h"

namespace omni {

struct UsageQuery {
  enum class Outcome : uint8_t { kAny, kOk, kError, kStatus };

  std::string key;         // Id or name. Empty here and below: whatever it is.
  std::string model;       // As the client named it, or as it was sent.
  std::string provider;    // Id.
  std::string connection;  // PROVIDER/ACCOUNT, or the account alone.
  Outcome outcome = Outcome::kAny;
  int status = 0;  // With kStatus.
  int64_t from_us = 0, before_us = std::numeric_limits<int64_t>::max();
  std::string before;  // Where the last page ended.
  size_t limit = 200;

  bool matches(const UsageView& record) const;
};

struct UsagePage {
  std::vector<UsageRecord> records;  // Newest first.
  // For the next page's `before`; empty: there is none. A page may be short, or empty, and yet not
  // be the last: it has looked at enough.
  std::string next;
};

// A page looks at no more records than this.
inline constexpr size_t kMostLookedAt = 20'000;

// Both read `bulk`: never on a loop.
absl::StatusOr<UsagePage> read_usage_page(const LmdbStore& store, const UsageQuery& query);

}  // namespace omni
