#include "source/json/checked_size.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "source/json/escapes.h"
#include "source/json/token_scan.h"
#include "source/json/valid.h"

namespace omni::json {
namespace {

constexpr size_t kRunBytes = 64;
constexpr size_t kRunsAtOnce = 16;

// What may come next.
enum State : uint8_t {
  kFirstKey,  // Behind `{`: a key or `}`.
  kKey,
  kColon,
  kObjectValue,
  kObjectNext,  // Behind a member: `,` or `}`.
  kFirstItem,   // Behind `[`: a value or `]`.
  kArrayValue,
  kArrayNext,
  kFault,
  kStates,
};

// What a token's first byte says of it.
enum Token : uint8_t {
  kScalar,
  kQuote,
  kComma,
  kColonMark,
  kOpenObject,
  kOpenArray,
  kCloseObject,
  kCloseArray,
  kTokens,
};

constexpr std::array<uint8_t, 256> make_tokens() {
  std::array<uint8_t, 256> out{};  // kScalar: which one, its own check says.
  out['"'] = kQuote;
  out[','] = kComma;
  out[':'] = kColonMark;
  out['{'] = kOpenObject;
  out['['] = kOpenArray;
  out['}'] = kCloseObject;
  out[']'] = kCloseArray;
  return out;
}
constexpr std::array<uint8_t, 256> kTokenOf = make_tokens();

using Row = std::array<uint8_t, kTokens>;

// A bracket that opens leads to what comes behind its value.
constexpr std::array<Row, kStates> make_next() {
  std::array<Row, kStates> out{};
  for (Row& row : out) row.fill(kFault);
  out[kFirstKey][kQuote] = out[kKey][kQuote] = kColon;
  out[kColon][kColonMark] = kObjectValue;
  out[kObjectNext][kComma] = kKey;
  out[kArrayNext][kComma] = kArrayValue;
  out[kFirstKey][kCloseObject] = out[kObjectNext][kCloseObject] = kObjectNext;
  out[kFirstItem][kCloseArray] = out[kArrayNext][kCloseArray] = kArrayNext;
  for (const uint8_t token : {kScalar, kQuote, kOpenObject, kOpenArray}) {
    out[kObjectValue][token] = kObjectNext;
    out[kFirstItem][token] = out[kArrayValue][token] = kArrayNext;
  }
  return out;
}
constexpr std::array<Row, kStates> kNext = make_next();

bool is_scalar(const char* at, const char* end) {
  const char* behind = scalar_end(at, end);
  return behind != nullptr && (behind == end || ends_scalar(*behind));
}

// Takes the tokens of one value, run by run.
class Grammar {
 public:
  enum class Verdict : uint8_t { kMore, kFault, kEnd };

  // Those of the run at `at`; when the value ends, `last` is the bit of its closing bracket.
  Verdict take(uint64_t tokens, const char* at, const char* end, uint64_t& last) {
    uint8_t state = state_;  // Both in registers.
    size_t depth = depth_;
    for (; tokens != 0; tokens &= tokens - 1) {
      const char* token_at = at + __builtin_ctzll(tokens);
      const uint8_t token = kTokenOf[static_cast<uint8_t>(*token_at)];
      state = kNext[state][token];
      if (state == kFault) return Verdict::kFault;
      if (token >= kCloseObject) {
        state = behind_[--depth];
        if (depth > 0) continue;
        last = tokens & -tokens;
        return Verdict::kEnd;
      }
      if (token >= kOpenObject) {
        if (depth == kMaxDepth) return Verdict::kFault;
        behind_[depth++] = state;
        state = token == kOpenObject ? kFirstKey : kFirstItem;
      } else if (token == kScalar && !is_scalar(token_at, end)) {
        return Verdict::kFault;
      }
    }
    state_ = state;
    depth_ = depth;
    return Verdict::kMore;
  }

 private:
  uint8_t state_ = kArrayValue;
  size_t depth_ = 0;
  std::array<uint8_t, kMaxDepth> behind_;  // The state behind each open bracket's value.
};

// Runs of a text, of which the last may not be whole: it is read from a copy then, with blanks
// behind.
class Runs {
 public:
  Runs(std::string_view text, const char* readable_end)
      : text_(text),
        whole_(std::min((text.size() + kRunBytes - 1) / kRunBytes,
                        static_cast<size_t>(readable_end - text.data()) / kRunBytes)) {}

  // The next ones, and how many.
  size_t next(TokenScan scan, std::array<TokenRun, kRunsAtOnce>& out) {
    const char* end = text_.data() + text_.size();
    const char* at = text_.data() + run_ * kRunBytes;
    if (run_ < whole_) {
      const size_t count = std::min(kRunsAtOnce, whole_ - run_);
      scan(at, count, end, carry_, out.data());
      run_ += count;
      return count;
    }
    if (at >= end) return 0;
    // Room behind, so that an escape at its end is looked for in the copy only.
    char rest[kRunBytes + 8];
    std::memset(rest, ' ', sizeof rest);
    std::memcpy(rest, at, static_cast<size_t>(end - at));
    scan(rest, 1, rest + sizeof rest, carry_, out.data());
    ++run_;
    return 1;
  }

 private:
  const std::string_view text_;
  const size_t whole_;
  size_t run_ = 0;
  TokenCarry carry_;
};

size_t scan_size(TokenScan scan, std::string_view text, const char* readable_end) {
  using Verdict = Grammar::Verdict;
  std::array<TokenRun, kRunsAtOnce> found;
  Runs runs(text, readable_end);
  Grammar grammar;
  const char* end = text.data() + text.size();
  const char* at = text.data();
  while (const size_t count = runs.next(scan, found)) {
    for (size_t i = 0; i < count; ++i, at += kRunBytes) {
      const auto [tokens, faults] = found[i];
      if ((tokens | faults) == 0) continue;
      uint64_t last = 0;
      const Verdict verdict = grammar.take(tokens, at, end, last);
      const uint64_t before = verdict == Verdict::kEnd ? last - 1 : ~uint64_t{0};
      if (verdict == Verdict::kFault || (faults & before) != 0) return 0;
      if (verdict == Verdict::kMore) continue;
      const size_t size = static_cast<size_t>(at - text.data()) + __builtin_ctzll(last) + 1;
      return size <= text.size() ? size : 0;
    }
  }
  return 0;
}

const TokenScan kScan = token_scans().empty() ? nullptr : token_scans().front();

}  // namespace

size_t checked_size(std::string_view text, const Readable& readable, TokenScan scan) {
  if (scan != nullptr) return scan_size(scan, text, readable.end);
  const size_t size = nested_size(text, readable);
  return size != 0 && is_valid(text.substr(0, size)) ? size : 0;
}

size_t checked_size(std::string_view text, const Readable& readable) {
  return checked_size(text, readable, kScan);
}

bool is_sound_string(std::string_view raw) {
  if (kScan == nullptr) return is_valid(raw);
  std::array<TokenRun, kRunsAtOnce> found;
  Runs runs(raw, raw.data() + raw.size());
  while (const size_t count = runs.next(kScan, found))
    for (size_t i = 0; i < count; ++i)
      if (found[i].faults != 0) return false;
  return true;
}

}  // namespace omni::json
