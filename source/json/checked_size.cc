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
constexpr size_t kRunsAtOnce = 64;

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

  // Those of the run that begins `offset` bytes behind `text`; when the value ends, `last` is the
  // bit of its closing bracket.
  Verdict take(uint64_t tokens, const char* text, ptrdiff_t offset, const char* end,
               uint64_t& last) {
    uint8_t state = state_;  // Both in registers.
    size_t depth = depth_;
    for (; tokens != 0; tokens &= tokens - 1) {
      const char* token_at = text + (offset + __builtin_ctzll(tokens));
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

// Runs of a text, of which the last may not be whole, and the first of a long text has blanks in
// front, so that those behind it begin where lines of memory do. Both are read from copies.
class Runs {
 public:
  Runs(std::string_view text, const char* readable_end)
      : text_(text),
        offset_(text.size() < kLong ? 0 : -static_cast<ptrdiff_t>(misplaced(text.data()))),
        whole_end_(readable_end - text.data() - static_cast<ptrdiff_t>(kRunBytes)) {}

  bool is_at_end() const { return offset_ >= size(); }
  // Where the next ones begin, in bytes behind the text's begin.
  ptrdiff_t offset() const { return offset_; }
  // Reads them, and tells which of them hold something.
  uint64_t next(TokenScan scan, std::array<TokenRun, kRunsAtOnce>& out) {
    if (offset_ < 0 || offset_ > whole_end_) return next_copied(scan, out);
    const ptrdiff_t left =
        std::min((whole_end_ - offset_) / kRun + 1, (size() - offset_ + kRun - 1) / kRun);
    const size_t count = std::min(kRunsAtOnce, static_cast<size_t>(left));
    const char* at = text_.data() + offset_;
    offset_ += static_cast<ptrdiff_t>(count) * kRun;
    return scan(at, count, text_.data() + text_.size(), carry_, out.data());
  }

 private:
  static constexpr size_t kLong = 4096;
  static constexpr ptrdiff_t kRun = kRunBytes;
  // An escape that begins in a run is read to its end.
  static constexpr ptrdiff_t kEscapeBytes = 8;

  static size_t misplaced(const char* at) { return reinterpret_cast<uintptr_t>(at) % kRunBytes; }
  ptrdiff_t size() const { return static_cast<ptrdiff_t>(text_.size()); }

  uint64_t next_copied(TokenScan scan, std::array<TokenRun, kRunsAtOnce>& out) {
    char run[kRun + kEscapeBytes];
    std::memset(run, ' ', sizeof run);
    const ptrdiff_t from = std::max<ptrdiff_t>(offset_, 0);
    const ptrdiff_t to = std::min(offset_ + kRun + kEscapeBytes, size());
    std::memcpy(run + (from - offset_), text_.data() + from, static_cast<size_t>(to - from));
    offset_ += kRun;
    return scan(run, 1, run + sizeof run, carry_, out.data());
  }

  const std::string_view text_;
  ptrdiff_t offset_;
  const ptrdiff_t whole_end_;  // The last place where a whole run may be read.
  TokenCarry carry_;
};

size_t scan_size(TokenScan scan, std::string_view text, const char* readable_end) {
  using Verdict = Grammar::Verdict;
  std::array<TokenRun, kRunsAtOnce> found;
  Runs runs(text, readable_end);
  Grammar grammar;
  const char* end = text.data() + text.size();
  while (!runs.is_at_end()) {
    const ptrdiff_t first = runs.offset();
    for (uint64_t left = runs.next(scan, found); left != 0; left &= left - 1) {
      const int run = __builtin_ctzll(left);
      const ptrdiff_t offset = first + run * static_cast<ptrdiff_t>(kRunBytes);
      const auto [tokens, faults] = found[run];
      uint64_t last = 0;
      const Verdict verdict = grammar.take(tokens, text.data(), offset, end, last);
      const uint64_t before = verdict == Verdict::kEnd ? last - 1 : ~uint64_t{0};
      if (verdict == Verdict::kFault || (faults & before) != 0) return 0;
      if (verdict == Verdict::kMore) continue;
      const size_t size = static_cast<size_t>(offset + __builtin_ctzll(last)) + 1;
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
  while (!runs.is_at_end())
    for (uint64_t left = runs.next(kScan, found); left != 0; left &= left - 1)
      if (found[__builtin_ctzll(left)].faults != 0) return false;
  return true;
}

}  // namespace omni::json
