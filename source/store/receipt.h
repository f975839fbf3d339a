// What became of one request: who decided what, whom we asked and whom we did not, what it cost and
// by which price. docs/store_format.md shows the bytes; a changed layout needs a new version byte.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "source/catalog/service_tier.h"
#include "source/store/receipt_id.h"

namespace omni {

// ReceiptId's key -> Receipt, in order of time.
inline constexpr TableId kReceiptsTable{Realm::kBulk, "receipts"};

// Texts that clients choose are cut to this where they are noted.
inline constexpr size_t kMostReceiptText = 256;

// Of a filter. The numbers are those of the bytes, here and below.
struct ReceiptStep {
  enum class State : uint8_t {
    kUnreached = 0,
    kWaiting = 1,
    kPassed = 2,
    kAnswered = 3,
    kRefused = 4
  };
  std::string_view filter;
  State state = State::kUnreached;
  uint64_t spent_ns = 0;

  bool operator==(const ReceiptStep&) const = default;
};

// Of a target that was asked.
struct ReceiptTry {
  enum class End : uint8_t {
    kAnswered = 0,
    kFailed = 1,
    kLost = 2,  // Another one, made beside it, was quicker.
    kCut = 3,   // The exchange ended first.
  };
  std::string_view provider, account, model, reason, upstream_id;
  End end = End::kFailed;
  bool is_hedge = false;
  uint64_t status = 0;  // 0: no answer.
  // Since the exchange began; since the attempt began, 0: none; the same.
  uint64_t start_us = 0, first_byte_us = 0, total_us = 0;

  bool operator==(const ReceiptTry&) const = default;
};

// Of one that was not.
struct ReceiptSkip {
  std::string_view provider, account, model, why;  // No account: the target as a whole.
  uint64_t left_ms = 0;  // At the exchange's end, until it may be tried; 0: not known, or over.

  bool operator==(const ReceiptSkip&) const = default;
};

// What a million tokens cost, in millionths of a dollar, as cost_of() reckons.
struct ReceiptPrice {
  enum class Source : uint8_t {
    kNobodyAnswered = 0,
    kNone = 1,
    kCatalogue = 2,
    kFile = 3,
    kProvider = 4,  // Its answer said what it cost: no rates.
  };
  // Input, output, cached, cache write, cache write for an hour, reasoning, audio in, audio out.
  static constexpr size_t kRates = 8;

  Source source = Source::kNobodyAnswered;
  ServiceTier tier = ServiceTier::kUnsaid;
  std::string_view version;  // Of the catalogue's prices, or of the file.
  std::array<std::optional<uint64_t>, kRates> rates;

  bool operator==(const ReceiptPrice&) const = default;
};

// The texts are views: of what is alive while one is written, or of the bytes it was read from.
struct Receipt {
  enum Flag : uint64_t {
    kStreamed = 1,
    kEstimated = 2,    // Tokens were counted here.
    kAborted = 4,      // The client left, or we cut it.
    kUnknownKey = 8,   // A key was presented, and none that is known.
    kKeyRefused = 16,  // It was known.
    kKeyLimited = 32,  // It has limits.
    kTranslated = 64,  // The client and the target speak different dialects.
    kBackground = 128,
  };

  int64_t ended_us = 0;  // Since 1970.
  uint64_t flags = 0;
  uint64_t status = 0;  // 0: the client left before there was one.
  // Since the exchange began, each plus 1; 0: never.
  uint64_t request_us = 0, first_byte_us = 0, total_us = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint64_t input_tokens = 0, output_tokens = 0;
  uint64_t cached_tokens = 0, cache_write_tokens = 0, reasoning_tokens = 0;
  std::optional<uint64_t> cost_nanodollars;
  uint64_t targets = 0;   // That the plan had.
  uint64_t answered = 0;  // Which of the tries, from 1; 0: none.
  std::string_view method, path, peer, protocol, key_id, key_name, session;
  std::string_view model_asked, combo, strategy, dialect, target_dialect;
  std::string_view error_code, refusal;
  ReceiptPrice price;
  std::vector<ReceiptStep> steps;
  std::vector<ReceiptTry> tries;
  std::vector<ReceiptSkip> skips;
  std::vector<std::string_view> dropped;  // What the target could not be told.

  bool has(Flag flag) const { return (flags & flag) != 0; }
  // As new, but with the room it has.
  void clear();

  // No encoding is longer.
  size_t bound() const;
  // Writes up to bound() bytes; returns how many.
  size_t encode(char* to) const;
  static absl::StatusOr<Receipt> parse(std::string_view bytes);
  bool operator==(const Receipt&) const = default;
};

}  // namespace omni
