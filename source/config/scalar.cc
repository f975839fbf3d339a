#include "source/config/scalar.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

constexpr int64_t kMaxDurationMs = int64_t{3650} * 24 * 3600 * 1000;

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out))
    return std::nullopt;
  return out;
}

bool is_boolean_word(std::string_view text) { return text == "true" || text == "false"; }

// What a plain scalar means by itself (YAML 1.2 core schema, without hexadecimal and octal).
bool is_number_word(std::string_view text) {
  if (text.find_first_of("0123456789") == std::string_view::npos) return false;
  return parse_number(text).has_value();
}

bool is_typed(const ConfigValue& value) { return !value.is_quoted || value.is_substituted; }

absl::Status expected(std::string_view what, const ConfigValue& value) {
  return invalid(fmt::format("expected {}, found {}", what, describe(value)));
}

// Digits, then a unit. Empty optional when the text is anything else.
std::optional<std::pair<int64_t, std::string_view>> number_and_unit(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = parse_int(text.substr(0, digits));
  if (!number) return std::nullopt;
  return std::pair(*number, text.substr(digits));
}

}  // namespace

std::string_view kind_of(const ConfigValue& value) {
  switch (value.kind) {
    case ConfigValue::Kind::kNull:
      return "nothing";
    case ConfigValue::Kind::kMapping:
      return "a mapping";
    case ConfigValue::Kind::kList:
      return "a list";
    default:
      return "a single value";
  }
}

std::string describe(const ConfigValue& value) {
  constexpr size_t kLongest = 40;
  if (value.kind != ConfigValue::Kind::kScalar) return std::string(kind_of(value));
  // It may come from the environment or a file, and be a secret.
  if (value.is_substituted) return "the value of ${...}";
  if (is_typed(value) && is_boolean_word(value.text)) return value.text;
  if (is_typed(value) && is_number_word(value.text)) return "the number " + value.text;
  if (value.text.size() > kLongest) return "a long text";
  return fmt::format("the text '{}'", value.text);
}

absl::StatusOr<std::string> as_text(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::kScalar) return expected("text", value);
  if (!value.is_quoted && !value.is_substituted &&
      (is_boolean_word(value.text) || is_number_word(value.text)))
    return invalid(fmt::format("expected text, found a {}; put it in quotes",
                               is_number_word(value.text) ? "number" : "truth value"));
  return value.text;
}

absl::StatusOr<int64_t> as_integer(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::kScalar || !is_typed(value))
    return expected("a whole number", value);
  const std::optional<int64_t> number = parse_int(value.text);
  if (!number) return expected("a whole number", value);
  return *number;
}

absl::StatusOr<double> as_number(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::kScalar || !is_typed(value))
    return expected("a number", value);
  const std::optional<double> number =
      is_number_word(value.text) ? parse_number(value.text) : std::nullopt;
  if (!number) return expected("a number", value);
  return *number;
}

absl::StatusOr<bool> as_boolean(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::kScalar || !is_typed(value) || !is_boolean_word(value.text))
    return expected("true or false", value);
  return value.text == "true";
}

absl::StatusOr<absl::Duration> as_duration(const ConfigValue& value) {
  constexpr std::string_view kWanted = "a duration such as 250ms, 5s, 2m, 1h or 7d";
  constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  if (value.kind != ConfigValue::Kind::kScalar) return expected(kWanted, value);
  const auto parts = number_and_unit(value.text);
  if (!parts) return expected(kWanted, value);
  for (const auto& [unit, ms] : kUnits) {
    if (unit != parts->second) continue;
    if (parts->first > kMaxDurationMs / ms) return invalid("the duration is longer than 3650d");
    return absl::Milliseconds(parts->first * ms);
  }
  return expected(kWanted, value);
}

absl::StatusOr<int64_t> as_size_bytes(const ConfigValue& value) {
  constexpr std::string_view kWanted = "a size such as 64KiB, 4MiB or 1GiB";
  constexpr std::array<std::pair<std::string_view, int>, 4> kUnits = {
      {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  if (value.kind != ConfigValue::Kind::kScalar) return expected(kWanted, value);
  const auto parts = number_and_unit(value.text);
  if (!parts) return expected(kWanted, value);
  for (const auto& [unit, shift] : kUnits) {
    if (unit != parts->second) continue;
    if (parts->first > (std::numeric_limits<int64_t>::max() >> shift))
      return invalid("the size is too large");
    return parts->first << shift;
  }
  return expected(kWanted, value);
}

}  // namespace omni
