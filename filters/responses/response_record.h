// A kept response as it lies in the store. docs/store_format.md shows the bytes and
// test/golden/store freezes them.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "api/background.h"
#include "api/store.h"

namespace omni::filters {

// Response key -> ResponseRecord.
inline constexpr TableId kResponsesTable{Realm::kBulk, "responses"};
// Response key | kind (1) -> text: see BodyKind.
inline constexpr TableId kResponseBodiesTable{Realm::kBulk, "response_bodies"};
// Digest of owner and id (16) -> response key.
inline constexpr TableId kResponseIdsTable{Realm::kBulk, "response_ids"};
// Microseconds since 1970 of the last use (8, big endian) | response key -> nothing.
inline constexpr TableId kResponseAgesTable{Realm::kBulk, "response_ages"};
// "bytes" -> how many all of them take.
inline constexpr TableId kResponseTotalsTable{Realm::kBulk, "response_totals"};

enum class BodyKind : char {
  kInput = 'i',   // Its own input items, with commas between them.
  kObject = 'o',  // The response object, as clients get it.
  kEvents = 'e',  // Of one made in the background: its stream.
};

struct ResponseRecord {
  enum class State : uint8_t { kQueued = 0, kInProgress = 1, kOver = 2 };

  std::string owner, id;          // Who may ask for it: a gateway key's id, or empty; and its name.
  std::string parent;             // The key of the response it continues, or empty.
  std::string provider, account;  // Who keeps it under the same id; empty: nobody but us.
  std::string session;
  int64_t created_us = 0, used_us = 0;  // Since 1970.
  State state = State::kOver;
  bool is_background = false;
  bool is_deleted = false;  // Its items are still needed by responses that continue it.
  bool is_whole = true;     // False: what came before it is not known here.
  uint32_t children = 0;    // That continue it.
  uint64_t bytes = 0;       // Of all its texts.
  JobMaker maker;           // Of one made in the background.

  std::string encode() const;
  static absl::StatusOr<ResponseRecord> decode(std::string_view bytes);
  bool operator==(const ResponseRecord&) const = default;
};

// 8 bytes of time, big endian, and 8 of chance: the order of keys is that of time.
std::string response_key(int64_t time_us, uint64_t chance);
std::string id_key(std::string_view owner, std::string_view id);
std::string body_key(std::string_view key, BodyKind kind);
std::string age_key(int64_t used_us, std::string_view key);
inline constexpr size_t kResponseKeyBytes = 16;

}  // namespace omni::filters
