#include "source/routing/retry_hint.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "source/base/strings.h"

namespace omni::routing {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24);

absl::Duration bounded(absl::Duration wait) {
  return std::clamp(wait, absl::ZeroDuration(), kLongest);
}

std::optional<double> number(std::string_view text) {
  double out = 0;
  text = trim(text);
  if (text.empty() || !absl::SimpleAtod({text.data(), text.size()}, &out)) return std::nullopt;
  if (!std::isfinite(out) || out < 0) return std::nullopt;
  return out;
}

// IMF-fixdate is the only form that RFC 9110 section 5.6.7 lets anybody send, RFC 850's and
// asctime's are those that it makes everybody understand.
constexpr std::array<const char*, 3> kDates = {"%a, %d %b %Y %H:%M:%S GMT",
                                               "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};

std::optional<absl::Time> http_date(std::string_view text) {
  absl::Time out;
  std::string wrong;
  text = trim(text);
  for (const char* form : kDates)
    if (absl::ParseTime(form, {text.data(), text.size()}, &out, &wrong)) return out;
  return std::nullopt;
}

absl::Duration from_header(std::string_view text, absl::Time now) {
  if (const auto seconds = number(text)) return bounded(absl::Seconds(*seconds));
  if (const auto date = http_date(text)) return bounded(*date - now);
  return absl::ZeroDuration();
}

absl::Duration from_reset(std::string_view text, absl::Time now) {
  const auto moment = number(text);
  if (!moment) return absl::ZeroDuration();
  constexpr double kMostSeconds = 1e10;  // Beyond it a number means milliseconds.
  const double seconds = *moment > kMostSeconds ? *moment / 1000 : *moment;
  return bounded(absl::UnixEpoch() + absl::Seconds(seconds) - now);
}

// "2h7m23s", "20.5s", "350ms", "7 seconds": every part that is one, from the front.
absl::Duration spelled(std::string_view text) {
  absl::Duration sum;
  for (;;) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    size_t digits = 0;
    while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') ||
                                    (text[digits] == '.' && digits + 1 < text.size() &&
                                     text[digits + 1] >= '0' && text[digits + 1] <= '9')))
      ++digits;
    const auto count = number(text.substr(0, digits));
    if (!count) return sum;
    text = trim(text.substr(digits));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const std::string_view unit = text.substr(0, letters);
    if (unit == "ms" || unit.substr(0, 5) == "milli") {
      sum += absl::Milliseconds(*count);
    } else if (unit == "s" || unit.substr(0, 3) == "sec") {
      sum += absl::Seconds(*count);
    } else if (unit == "m" || unit.substr(0, 3) == "min") {
      sum += absl::Minutes(*count);
    } else if (unit == "h" || unit.substr(0, 4) == "hour") {
      sum += absl::Hours(*count);
    } else if (unit == "d" || unit.substr(0, 3) == "day") {
      sum += absl::Hours(24 * *count);
    } else {
      return sum;
    }
    text.remove_prefix(letters);
  }
}

constexpr std::array<std::string_view, 9> kBeforeSpan = {
    "retry after",  "retry in", "try again in", "try again after", "reset after",
    "resets after", "reset in", "resets in",    "please wait"};
constexpr std::array<std::string_view, 4> kBeforeMoment = {"try again at", "wait until",
                                                           "resets at", "available at"};

absl::Duration from_text(std::string_view said, absl::Time now) {
  const std::string text = lower(said.substr(0, 2048));
  for (const std::string_view words : kBeforeSpan) {
    const size_t at = text.find(words);
    if (at == std::string::npos) continue;
    const absl::Duration span = spelled(std::string_view(text).substr(at + words.size()));
    if (span > absl::ZeroDuration()) return bounded(span);
  }
  for (const std::string_view words : kBeforeMoment) {
    const size_t at = text.find(words);
    if (at == std::string::npos) continue;
    std::string_view rest = trim(said.substr(at + words.size()));
    rest = rest.substr(0, rest.find_first_of(" ,;)\"'"));
    while (!rest.empty() && rest.back() == '.') rest.remove_suffix(1);
    absl::Time moment;
    std::string wrong;
    if (absl::ParseTime(absl::RFC3339_full, {rest.data(), rest.size()}, &moment, &wrong))
      return bounded(moment - now);
  }
  return absl::ZeroDuration();
}

}  // namespace

absl::Duration retry_hint(const RetryHintSource& said, absl::Time now) {
  if (const auto ms = number(said.retry_after_ms); ms && *ms > 0)
    return bounded(absl::Milliseconds(*ms));
  absl::Duration wait = from_header(said.retry_after, now);
  if (wait == absl::ZeroDuration()) wait = from_reset(said.reset, now);
  if (wait == absl::ZeroDuration() && said.body_seconds > 0)
    wait = bounded(absl::Seconds(said.body_seconds));
  if (wait == absl::ZeroDuration()) wait = from_text(said.text, now);
  return wait;
}

absl::Time reset_moment(std::string_view text, absl::Time now) {
  text = trim(text);
  if (const auto seconds = number(text)) {
    constexpr double kSince1970 = 1e9;
    if (*seconds < kSince1970) return now + bounded(absl::Seconds(*seconds));
    return now + from_reset(text, now);
  }
  absl::Time moment;
  std::string wrong;
  if (absl::ParseTime(absl::RFC3339_full, {text.data(), text.size()}, &moment, &wrong))
    return moment;
  const absl::Duration span = spelled(text);
  return span > absl::ZeroDuration() ? now + bounded(span) : absl::UnixEpoch();
}

}  // namespace omni::routing
