// The scalars of a skimmed document: texts with their escapes resolved, and numbers. The ordinary
// forms, a short integer or decimal and a text without escapes, are read without a library call.
#include <charconv>
#include <cmath>
#include <optional>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/escapes.h"
#include "source/json/skim.h"

namespace omni::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Powers of ten and integers of 15 digits are exact doubles, so one division rounds correctly.
constexpr size_t kExactDigits = 15;
constexpr double kPowersOfTen[kExactDigits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// A number without an exponent and with few digits; nullopt for anything else, broken ones
// included.
std::optional<double> short_decimal(std::string_view raw) {
  const bool is_negative = !raw.empty() && raw.front() == '-';
  if (is_negative) raw.remove_prefix(1);
  if (raw.empty() || raw.size() > kExactDigits || !is_digit(raw.back())) return std::nullopt;
  if (!is_digit(raw.front()) || (raw.size() > 1 && raw[0] == '0' && raw[1] != '.'))
    return std::nullopt;
  uint64_t digits = 0;
  size_t behind_point = 0;
  bool has_point = false;
  for (const char c : raw) {
    if (c == '.' && !has_point) {
      has_point = true;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    digits = digits * 10 + static_cast<uint64_t>(c - '0');
    behind_point += has_point ? 1 : 0;
  }
  const double out = static_cast<double>(digits) / kPowersOfTen[behind_point];
  return is_negative ? -out : out;
}

}  // namespace

absl::StatusOr<std::string> Skimmed::text() const {
  if (kind != Kind::kString) return invalid("wrong type");
  if (is_plain) return std::string(inside());
  if (has_control(inside())) return invalid("a control character stands in a string");
  std::string out;
  if (!unescape(inside(), out)) return invalid("a string holds a broken escape");
  return out;
}

absl::StatusOr<double> Skimmed::number() const {
  if (const std::optional<double> exact = short_decimal(raw)) return *exact;
  double out = 0;
  const char* end = raw.data() + raw.size();
  if (raw.empty() || number_end(raw.data(), end) != end) return invalid("malformed JSON");
  const auto result = std::from_chars(raw.data(), end, out);
  if (result.ec == std::errc::result_out_of_range) return raw.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  return out;
}

absl::StatusOr<int64_t> Skimmed::integer() const {
  if (kind == Kind::kNumber && is_plain) return plain_integer();
  if (const std::optional<int64_t> plain = parse_int(raw)) return *plain;
  OMNI_ASSIGN_OR_RETURN(const double real, number());
  // Beyond 2^53 a double is no longer exact; nothing we read is that large.
  if (!(std::fabs(real) <= 9007199254740992.0)) return invalid("out of range");
  const auto whole = static_cast<int64_t>(real);
  if (static_cast<double>(whole) != real) return invalid("not an integer");
  return whole;
}

}  // namespace omni::json
