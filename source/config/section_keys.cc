// keys and combos: who may ask, for how much, and when.
#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/digest.h"
#include "source/base/strings.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr absl::Duration kLongestWindow = absl::Hours(24 * 366);
constexpr double kWarnAt = 0.8;

// What has been used already by the keys before.
struct SeenKeys {
  StringSet names;
  absl::flat_hash_map<Digest, std::string, DigestHash> name_by_digest;
};

Measure read_measure(MappingReader& reader) {
  const std::string of = reader.text("of").value_or("requests");
  if (of != "requests" && of != "tokens")
    reader.fail("of", fmt::format("expected requests or tokens, found '{}'", of));
  return of == "tokens" ? Measure::kTokens : Measure::kRequests;
}

RateLimit read_rate_limit(const MappingReader::Item& item, ConfigErrors& errors) {
  MappingReader reader(*item.value, item.path, errors);
  RateLimit out;
  for (const std::string_view key : {"limit", "window"})
    if (!reader.has(key)) reader.missing(key, fmt::format("'{}' is missing", key));
  out.limit = reader.integer("limit", 1, RateLimit::kMost).value_or(1);
  const absl::Duration window =
      reader.duration("window", absl::Seconds(1), kLongestWindow).value_or(absl::Seconds(60));
  if (window % absl::Seconds(1) != absl::ZeroDuration())
    reader.fail("window", "must be whole seconds");
  out.window_seconds = absl::ToInt64Seconds(window);
  out.of = read_measure(reader);
  reader.done();
  return out;
}

std::vector<RateLimit> read_rate_limits(MappingReader& key) {
  std::vector<RateLimit> out;
  for (const MappingReader::Item& item : key.items("rate_limits")) {
    const RateLimit limit = read_rate_limit(item, key.errors());
    for (const RateLimit& other : out)
      if (other.window_seconds == limit.window_seconds && other.of == limit.of)
        key.errors().add(item.value->at, item.path, "another limit has the same window");
    out.push_back(limit);
  }
  return out;
}

std::optional<MoneyBudget> read_budget(MappingReader& key) {
  const ConfigValue* value = key.find("budget");
  if (value == nullptr || value->kind == ConfigValue::Kind::kNull) return std::nullopt;
  MappingReader reader(*value, key.path_of("budget"), key.errors());
  MoneyBudget out;
  const std::optional<double> limit = reader.number("limit", 0);
  if (!reader.has("limit")) reader.missing("limit", "'limit' is missing");
  if (limit && (*limit <= 0 || *limit > MoneyBudget::kMostDollars))
    reader.fail("limit",
                fmt::format("must be more than 0 and at most {}", MoneyBudget::kMostDollars));
  const std::string name = reader.text("period").value_or("monthly");
  if (const std::optional<BudgetPeriod> period = budget_period_from(name))
    out.period = *period;
  else
    reader.fail("period", fmt::format("expected daily, weekly or monthly, found '{}'{}", name,
                                      suggestion(name, {"daily", "weekly", "monthly"})));
  const double warn_at = reader.number("warn_at", 0).value_or(kWarnAt);
  if (warn_at > 1) reader.fail("warn_at", "must be a part of the limit, from 0 to 1");
  reader.done();
  const double nanos = limit.value_or(0) * static_cast<double>(kNanosPerDollar);
  out.limit_nanos = std::llround(nanos);
  out.warn_nanos = std::llround(nanos * warn_at);
  return out;
}

int read_minutes(MappingReader& reader, std::string_view key, int otherwise) {
  const std::optional<std::string> text = reader.text(key);
  if (!text) return otherwise;
  const std::optional<int> minutes = parse_minutes(*text);
  if (!minutes) reader.fail(key, "expected a time of day, such as 08:30");
  return minutes.value_or(otherwise);
}

uint8_t read_days(MappingReader& reader) {
  uint8_t out = 0;
  for (const std::string& name : reader.text_list("days")) {
    const uint8_t bit = day_bit(name);
    if (bit == 0) reader.fail("days", "each must be one of mon, tue, wed, thu, fri, sat, sun");
    out |= bit;
  }
  return out == 0 ? 0x7f : out;
}

std::optional<Schedule> read_schedule(MappingReader& key) {
  const ConfigValue* value = key.find("schedule");
  if (value == nullptr || value->kind == ConfigValue::Kind::kNull) return std::nullopt;
  MappingReader reader(*value, key.path_of("schedule"), key.errors());
  Schedule out;
  for (const std::string_view name : {"from", "until"})
    if (!reader.has(name)) reader.missing(name, fmt::format("'{}' is missing", name));
  out.from = read_minutes(reader, "from", out.from);
  out.until = read_minutes(reader, "until", out.until);
  out.days = read_days(reader);
  out.zone_name = reader.text("tz").value_or(out.zone_name);
  if (!load_zone(out.zone_name, out.zone))
    reader.fail("tz", fmt::format("no time zone is named '{}' on this system", out.zone_name));
  reader.done();
  return out;
}

std::optional<absl::Time> read_time(MappingReader& reader, std::string_view key) {
  const std::optional<std::string> text = reader.text(key);
  if (!text) return std::nullopt;
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr)) return time;
  reader.fail(key, "expected a time such as 2027-01-31T00:00:00Z");
  return std::nullopt;
}

// False when the key is left out: a ${NAME:-} that fell back to nothing.
bool read_secret(MappingReader& reader, SeenKeys& seen, const std::string& name, Secret& out) {
  const ConfigValue* value = reader.find("key");
  const std::optional<std::string> key = reader.required_text("key");
  if (key && key->empty() && value->used_default) return false;
  if (!key || !check_header_text(reader, "key", *key)) return true;
  const auto [other, is_new] = seen.name_by_digest.emplace(sha256(*key), name);
  if (!is_new) reader.fail("key", fmt::format("is the same as that of '{}'", other->second));
  out = Secret(*key);
  return true;
}

std::vector<KeyConfig::Previous> read_previous(MappingReader& key, SeenKeys& seen,
                                               const std::string& name) {
  std::vector<KeyConfig::Previous> out;
  for (const MappingReader::Item& item : key.items("previous")) {
    MappingReader reader(*item.value, item.path, key.errors());
    KeyConfig::Previous made;
    const bool is_there = read_secret(reader, seen, name, made.key);
    if (!reader.has("until")) reader.missing("until", "'until' is missing");
    made.until = read_time(reader, "until").value_or(absl::InfinitePast());
    reader.done();
    if (is_there) out.push_back(std::move(made));
  }
  return out;
}

void read_key(const MappingReader::Item& item, SectionContext& context, SeenKeys& seen) {
  MappingReader reader(*item.value, item.path, context.errors);
  KeyConfig out;
  out.name = reader.required_text("name").value_or("");
  if (out.name.empty() && reader.has("name")) reader.fail("name", "must not be empty");
  if (!out.name.empty() && !seen.names.insert(out.name).second)
    reader.fail("name", fmt::format("another key is named '{}'", out.name));
  const bool is_there = read_secret(reader, seen, out.name, out.key);
  out.previous = read_previous(reader, seen, out.name);
  out.allowed_models = reader.text_list("allowed_models");
  out.allowed_connections = reader.text_list("allowed_connections");
  out.proxy = read_proxy(reader, context);
  out.disabled = reader.boolean("disabled").value_or(false);
  out.expires_at = read_time(reader, "expires_at");
  out.schedule = read_schedule(reader);
  out.no_log = reader.boolean("no_log").value_or(false);
  out.rules.rate_limits = read_rate_limits(reader);
  out.rules.budget = read_budget(reader);
  out.rules.max_sessions =
      static_cast<uint32_t>(reader.integer("max_sessions", 0, SessionSlots::kMost).value_or(0));
  reader.done();
  if (is_there) context.config.keys.push_back(std::move(out));
}

}  // namespace

void read_keys(MappingReader& root, SectionContext& context) {
  SeenKeys seen;
  for (const MappingReader::Item& item : root.items("keys")) read_key(item, context, seen);
}

}  // namespace omni
