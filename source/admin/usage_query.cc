#include "source/admin/usage_query.h"

#include <absl/time/civil_time.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

constexpr int64_t kMostLimit = 1000;
constexpr std::string_view kTimes = "expected RFC 3339, YYYY-MM-DD or milliseconds since 1970";

absl::Status bad(std::string_view name, std::string_view value, std::string_view expected) {
  return invalid(fmt::format("{}: {}, found '{}'", name, expected, value));
}

// A year that a person may mean, so that no sum overflows.
bool is_possible(int64_t time_us) {
  return time_us >= 0 && time_us < int64_t{4'102'444'800} * 1'000'000 * 2;
}

struct Moment {
  int64_t us = 0;
  bool is_day = false;  // A day as a whole.
};

template <class Civil>
std::optional<Civil> civil(std::string_view text, size_t size) {
  Civil out;
  if (text.size() != size ||
      !absl::ParseCivilTime(absl::string_view(text.data(), text.size()), &out))
    return std::nullopt;
  return out;
}

absl::StatusOr<std::optional<Moment>> moment(std::string_view target, std::string_view name) {
  const std::optional<std::string> text = query_value(target, name);
  if (!text || text->empty()) return std::optional<Moment>();
  Moment out;
  absl::Time time;
  if (const auto day = civil<absl::CivilDay>(*text, 10)) {
    out = {absl::ToUnixMicros(absl::FromCivil(*day, absl::UTCTimeZone())), true};
  } else if (const auto ms = parse_int(*text);
             ms && *ms >= 0 && *ms < std::numeric_limits<int64_t>::max() / 1000) {
    out.us = *ms * 1000;
  } else if (std::string ignored; absl::ParseTime(absl::RFC3339_full, *text, &time, &ignored)) {
    out.us = absl::ToUnixMicros(time);
  } else {
    return bad(name, *text, kTimes);
  }
  if (!is_possible(out.us)) return bad(name, *text, kTimes);
  return std::optional<Moment>(out);
}

std::string either(std::string_view target, std::string_view name, std::string_view other) {
  std::string out = query_value(target, name).value_or("");
  return out.empty() ? query_value(target, other).value_or("") : out;
}

absl::Status read_status(std::string_view target, UsageQuery& out) {
  using Outcome = UsageQuery::Outcome;
  const std::string text = query_value(target, "status").value_or("");
  if (text.empty()) return absl::OkStatus();
  if (text == "ok") {
    out.outcome = Outcome::kOk;
  } else if (text == "error") {
    out.outcome = Outcome::kError;
  } else if (const auto number = parse_int(text); number && *number >= 0 && *number <= 599) {
    out.outcome = Outcome::kStatus;
    out.status = static_cast<int>(*number);
  } else {
    return bad("status", text, "expected ok, error or a status");
  }
  return absl::OkStatus();
}

absl::Status read_bounds(std::string_view target, UsageQuery& out) {
  OMNI_ASSIGN_OR_RETURN(const std::optional<Moment> from, moment(target, "from"));
  OMNI_ASSIGN_OR_RETURN(const std::optional<Moment> to, moment(target, "to"));
  if (from) out.from_us = from->us;
  constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;
  if (to) out.before_us = to->us + (to->is_day ? kDayUs : 0);
  if (from && to && out.from_us >= out.before_us) return invalid("to: is not behind from");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UsageQuery> read_usage_query(std::string_view target) {
  UsageQuery out;
  out.key = either(target, "key", "apiKey");
  out.model = query_value(target, "model").value_or("");
  out.provider = query_value(target, "provider").value_or("");
  out.connection = either(target, "connection", "account");
  OMNI_RETURN_IF_ERROR(read_status(target, out));
  OMNI_RETURN_IF_ERROR(read_bounds(target, out));
  if (const std::string text = query_value(target, "limit").value_or(""); !text.empty()) {
    const std::optional<int64_t> limit = parse_int(text);
    if (!limit || *limit < 1 || *limit > kMostLimit)
      return bad("limit", text, fmt::format("expected a number from 1 to {}", kMostLimit));
    out.limit = static_cast<size_t>(*limit);
  }
  const std::string cursor = query_value(target, "cursor").value_or("");
  for (size_t i = 0; i + 1 < cursor.size(); i += 2)
    out.before += static_cast<char>(hex_value(cursor[i]) << 4 | (hex_value(cursor[i + 1]) & 15));
  if (!cursor.empty() && (out.before.size() != kUsageKeyBytes || to_hex(out.before) != cursor))
    return bad("cursor", cursor, "expected one that an answer named");
  return out;
}

absl::StatusOr<HistoryRange> read_history_range(std::string_view target, absl::Time now) {
  OMNI_ASSIGN_OR_RETURN(const std::optional<Moment> from, moment(target, "from"));
  OMNI_ASSIGN_OR_RETURN(const std::optional<Moment> to, moment(target, "to"));
  HistoryRange out;
  if (from || to) out.period = TotalsPeriod::kDay;
  out.from = from ? totals_number(out.period, from->us) : 0;
  // Without an end: also what a clock that went wrong has put into tomorrow.
  out.to = to ? totals_number(out.period, to->us)
              : totals_number(out.period, absl::ToUnixMicros(now)) + 1;
  if (out.from > out.to) return invalid("to: is not behind from");
  return out;
}

absl::StatusOr<BreakdownRange> read_breakdown_range(std::string_view target, absl::Time now) {
  BreakdownRange out;
  out.name = query_value(target, "period").value_or("");
  if (out.name.empty()) out.name = absl::FormatTime("%Y-%m", now, absl::UTCTimeZone());
  std::optional<int64_t> begin;
  if (const auto month = civil<absl::CivilMonth>(out.name, 7)) {
    begin = absl::ToUnixMicros(absl::FromCivil(*month, absl::UTCTimeZone()));
  } else if (const auto day = civil<absl::CivilDay>(out.name, 10)) {
    out.period = TotalsPeriod::kDay;
    begin = absl::ToUnixMicros(absl::FromCivil(*day, absl::UTCTimeZone()));
  }
  if (!begin || !is_possible(*begin))
    return bad("period", out.name, "expected YYYY-MM or YYYY-MM-DD");
  out.number = totals_number(out.period, *begin);
  const std::string by = query_value(target, "by").value_or("model");
  constexpr std::string_view kNames[] = {"model", "provider", "key", "connection"};
  const auto at = std::find(std::begin(kNames), std::end(kNames), by);
  if (at == std::end(kNames)) return bad("by", by, "expected model, provider, key or connection");
  out.by = static_cast<UsageBy>(at - std::begin(kNames));
  return out;
}

}  // namespace omni
