#include "source/json/skim.h"

#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "source/base/status.h"
#include "source/json/checked_size.h"
#include "source/json/escapes.h"

namespace omni::json {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// How many bytes one look at a string takes.
constexpr ptrdiff_t kRun = 16;

// Bytes that end a string or mean something in it: quote, backslash, control characters. Bit i
// stands for the byte `i` behind `at`; all kRun of them are read.
#if defined(__SSE2__)
inline uint32_t special_in_run(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}
// The same for bytes that are no digits.
inline uint32_t no_digits_in_run(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  return static_cast<uint32_t>(_mm_movemask_epi8(is_digit)) ^ 0xFFFF;
}
#else
bool is_special(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }
inline uint32_t special_in_run(const char* at) {
  uint32_t out = 0;
  for (int i = 0; i < kRun; ++i) out |= is_special(at[i]) ? uint32_t{1} << i : 0;
  return out;
}
inline uint32_t no_digits_in_run(const char* at) {
  uint32_t out = 0;
  for (int i = 0; i < kRun; ++i) out |= at[i] < '0' || at[i] > '9' ? uint32_t{1} << i : 0;
  return out;
}
#endif

}  // namespace

Skimmer::Skimmer(std::string_view document, Kind kind, Behind behind, Inner inner)
    : at_(document.data()),
      end_(document.data() + document.size()),
      readable_{at_, end_},
      is_object_(kind == Kind::kObject),
      behind_(behind),
      inner_(inner) {}

Skimmer::Skimmer(const Skimmed& nested)
    : at_(nested.raw.data()),
      end_(nested.raw.data() + nested.raw.size()),
      readable_(nested.readable),
      is_object_(nested.kind == Kind::kObject),
      behind_(Behind::kBlanks),
      inner_(Inner::kSkipped) {}

absl::Status Skimmer::status() const { return ok() ? absl::OkStatus() : invalid(error_); }

inline const char* Skimmer::skip_blanks(const char* at) const {
  while (at != end_ && is_blank(*at)) ++at;
  return at;
}

inline uint32_t Skimmer::special_bytes(const char* at) const {
  return readable_.end - at >= kRun ? special_in_run(at) : special_bytes_near_end(at);
}

uint32_t Skimmer::special_bytes_near_end(const char* at) const {
  const ptrdiff_t left = readable_.end - at;
  if (readable_.end - readable_.begin >= kRun)
    return special_in_run(readable_.end - kRun) >> (kRun - left);
  char run[kRun];
  std::memset(run, ' ', sizeof run);
  std::memcpy(run, at, static_cast<size_t>(left));
  return special_in_run(run);
}

// Behind the closing quote of the string whose text begins at `at`; null when it does not end.
inline const char* Skimmer::string_end(const char* at, bool& is_plain) const {
  // Names and words are short, and one look at their bytes finds all there is to know. Long texts
  // are left to memchr.
  for (int run = 0; run < 4; ++run) {
    const uint32_t special = special_bytes(at);
    if (special != 0) {
      at += __builtin_ctz(special);
      is_plain = *at == '"';
      if (is_plain) return at < end_ ? at + 1 : nullptr;
      break;
    }
    if (end_ - at <= kRun) return nullptr;
    at += kRun;
  }
  is_plain = false;
  return far_string_end(at);
}

// The same when no byte before `at` is a backslash that could escape one behind it.
const char* Skimmer::far_string_end(const char* at) const {
  while (at < end_) {
    const void* found = std::memchr(at, '"', static_cast<size_t>(end_ - at));
    if (found == nullptr) return nullptr;
    const char* quote = static_cast<const char*>(found);
    const char* slashes = quote;
    while (slashes > at && slashes[-1] == '\\') --slashes;
    at = quote + 1;
    if ((quote - slashes) % 2 == 0) return at;
  }
  return nullptr;
}

const char* Skimmer::resolve_key(Skimmed& member) {
  if (has_control(member.key)) return fail("a control character stands in a string");
  if (!unescape(member.key, key_)) return fail("a string holds a broken escape");
  member.key = key_;
  return member.key_begin;
}

const char* Skimmer::take_key(const char* at, Skimmed& member) {
  at = skip_blanks(at);
  if (at == end_ || *at != '"') return fail("a member has no name");
  member.key_begin = at;
  bool is_plain = true;
  at = string_end(at + 1, is_plain);
  if (at == nullptr) return fail("a string is not closed");
  member.key = {member.key_begin + 1, static_cast<size_t>(at - member.key_begin) - 2};
  if (!is_plain && resolve_key(member) == nullptr) return nullptr;
  at = skip_blanks(at);
  return at != end_ && *at == ':' ? at + 1 : fail("a member has no value");
}

// Plain digits; null, and no error, for everything else.
inline const char* Skimmer::take_digits(const char* at, Skimmed& member) {
  if (readable_.end - at < kRun) return nullptr;
  const uint32_t others = no_digits_in_run(at);
  if (others == 0) return nullptr;
  const int size = __builtin_ctz(others);
  const char* end = at + size;
  if (size == 0 || (size > 1 && *at == '0') || end >= end_ || !ends_scalar(*end)) return nullptr;
  member.kind = Kind::kNumber;
  member.is_plain = true;
  member.raw = {at, static_cast<size_t>(size)};
  return end;
}

// Each kind of value has a function of its own that is called last: this one needs no frame.
inline const char* Skimmer::take_value(const char* at, Skimmed& member) {
  if (at != end_ && is_blank(*at)) at = skip_blanks(at);
  if (at == end_) return fail("the document ends too early");
  switch (*at) {
    case '"':
      return take_string(at, member);
    case '{':
    case '[':
      return take_nested(at, member);
    default:
      const char* end = take_digits(at, member);
      return end != nullptr ? end : take_scalar(at, member);
  }
}

const char* Skimmer::take_string(const char* at, Skimmed& member) {
  member.kind = Kind::kString;
  const char* end = string_end(at + 1, member.is_plain);
  if (end == nullptr) return fail("a string is not closed");
  member.raw = {at, static_cast<size_t>(end - at)};
  if (inner_ == Inner::kChecked && !member.is_plain && !is_sound_string(member.raw))
    return fail("a string holds a control character or a broken escape");
  return end;
}

const char* Skimmer::take_nested(const char* at, Skimmed& member) {
  const std::string_view rest(at, static_cast<size_t>(end_ - at));
  const bool is_checked = inner_ == Inner::kChecked;
  const size_t size = is_checked ? checked_size(rest, readable_) : nested_size(rest, readable_);
  if (size == 0) return fail(is_checked ? "malformed JSON" : "the document ends too early");
  member.kind = *at == '{' ? Kind::kObject : Kind::kArray;
  member.is_plain = false;
  member.raw = {at, size};
  member.readable = readable_;
  return at + size;
}

const char* Skimmer::take_scalar(const char* at, Skimmed& member) {
  const char* end = scalar_end(at, end_);
  const char first = *at;
  member.is_plain = false;
  member.kind = first == 't' || first == 'f' ? Kind::kBoolean
                : first == 'n'               ? Kind::kNull
                                             : Kind::kNumber;
  if (end == nullptr || (end != end_ && !ends_scalar(*end))) return fail("malformed JSON");
  member.raw = {at, static_cast<size_t>(end - at)};
  return end;
}

const char* Skimmer::finish(const char* at) {
  closing_ = at;
  if (behind_ == Behind::kBlanks && skip_blanks(at + 1) != end_)
    return fail("something follows the document");
  return nullptr;
}

const char* Skimmer::begin_walk() {
  has_begun_ = true;
  const char* at = skip_blanks(at_);
  if (at == end_) return fail("empty");
  if (*at != (is_object_ ? '{' : '[')) return fail(is_object_ ? "not an object" : "not an array");
  at = skip_blanks(at + 1);
  return at != end_ && *at == (is_object_ ? '}' : ']') ? finish(at) : at;
}

inline const char* Skimmer::between_members() {
  if (at_ != end_ && *at_ == ',') return at_ + 1;
  return end_or_comma();
}

const char* Skimmer::end_or_comma() {
  const char* at = skip_blanks(at_);
  if (at == end_) return fail("malformed JSON");
  if (*at == ',') return at + 1;
  return *at == (is_object_ ? '}' : ']') ? finish(at) : fail("malformed JSON");
}

// What programs write: `"key":`, without a blank and with a key that is short and plain. Behind the
// colon; null, and no error, for everything else.
inline const char* Skimmer::take_usual_key(const char* at, Skimmed& member) {
  if (readable_.end - at < 2 * kRun + 3 || *at != '"') return nullptr;
  const char* quote = at + 1;
  uint32_t special = special_in_run(quote);
  if (special == 0) special = special_in_run(quote += kRun);
  if (special == 0) return nullptr;
  quote += __builtin_ctz(special);
  if (quote[0] != '"' || quote[1] != ':' || end_ - quote < 2) return nullptr;
  member.key_begin = at;
  member.key = {at + 1, static_cast<size_t>(quote - at) - 1};
  return quote + 2;
}

bool Skimmer::next(Skimmed& member) {
  const char* at = has_begun_ ? between_members() : begin_walk();
  if (at == nullptr) return false;
  if (is_object_) {
    const char* behind = take_usual_key(at, member);
    if (behind == nullptr) behind = take_key(at, member);
    if (behind == nullptr) return false;
    at = behind;
  }
  at_ = take_value(at, member);
  return at_ != nullptr;
}

absl::Status skim_object(std::string_view document, VisitSkimmed visit) {
  Skimmer skimmer(document, Kind::kObject);
  Skimmed member;
  while (skimmer.next(member)) OMNI_RETURN_IF_ERROR(visit(member));
  return skimmer.status();
}

}  // namespace omni::json
