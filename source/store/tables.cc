#include "source/store/tables.h"

#include <array>
#include <cstring>
#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr uint8_t kKeyVersion = 2;
constexpr uint8_t kUsageVersion = 2;
constexpr uint8_t kSpendVersion = 1;
constexpr size_t kDisplayPrefixBytes = 7;

void write_rules(RecordWriter& out, const KeyRules& rules) {
  out.u32(static_cast<uint32_t>(rules.rate_limits.size()));
  for (const RateLimit& rate : rules.rate_limits) {
    out.i64(rate.limit);
    out.i64(rate.window_seconds);
    out.u8(static_cast<uint8_t>(rate.of));
  }
  out.boolean(rules.budget.has_value());
  if (rules.budget) {
    out.i64(rules.budget->limit_nanos);
    out.u8(static_cast<uint8_t>(rules.budget->period));
    out.i64(rules.budget->warn_nanos);
  }
  out.u32(rules.max_sessions);
}

RateLimit read_rate(RecordReader& in, bool& is_good) {
  RateLimit out;
  out.limit = in.i64();
  out.window_seconds = in.i64();
  const uint8_t of = in.u8();
  is_good &= out.window_seconds > 0 && out.limit > 0 && out.limit <= RateLimit::kMost &&
             of <= static_cast<uint8_t>(Measure::kTokens);
  out.of = static_cast<Measure>(of);
  return out;
}

// False for what no writer writes.
bool read_rules(RecordReader& in, KeyRules& out) {
  bool is_good = true;
  for (uint32_t left = in.u32(); left > 0 && is_good; --left)
    out.rate_limits.push_back(read_rate(in, is_good));
  if (in.boolean()) {
    MoneyBudget budget;
    budget.limit_nanos = in.i64();
    const uint8_t period = in.u8();
    is_good &= period <= static_cast<uint8_t>(BudgetPeriod::kMonthly);
    budget.period = static_cast<BudgetPeriod>(period);
    budget.warn_nanos = in.i64();
    out.budget = budget;
  }
  out.max_sessions = in.u32();
  return is_good && out.max_sessions <= SessionSlots::kMost;
}

void write_schedule(RecordWriter& out, const std::optional<Schedule>& schedule) {
  out.boolean(schedule.has_value());
  if (!schedule) return;
  out.u16(static_cast<uint16_t>(schedule->from));
  out.u16(static_cast<uint16_t>(schedule->until));
  out.u8(schedule->days);
  out.text(schedule->zone_name);
}

std::optional<Schedule> read_schedule(RecordReader& in) {
  if (!in.boolean()) return std::nullopt;
  Schedule out;
  out.from = in.u16();
  out.until = in.u16();
  out.days = in.u8();
  out.zone_name = in.text();
  // A zone that this system does not know locks nobody out: the hours are then those of UTC.
  (void)load_zone(out.zone_name, out.zone);
  return out;
}

}  // namespace

std::string GatewayKeyRecord::encode() const {
  RecordWriter out(kKeyVersion);
  out.text(id);
  out.text(name);
  out.raw(as_bytes(hash));
  // No more than this may ever reach the disk: the rest of a key is secret.
  out.text(std::string_view(display_prefix).substr(0, kDisplayPrefixBytes));
  out.i64(created_at_us);
  out.boolean(is_disabled);
  out.boolean(is_banned);
  out.boolean(no_log);
  out.optional_i64(expires_at_us);
  out.texts(allowed_models);
  out.texts(allowed_connections);
  write_rules(out, rules);
  write_schedule(out, schedule);
  return std::move(out).take();
}

absl::StatusOr<GatewayKeyRecord> GatewayKeyRecord::decode(std::string_view bytes) {
  RecordReader in(bytes);
  const uint8_t version = in.u8();
  OMNI_RETURN_IF_ERROR(check_version(version, kKeyVersion, "key"));
  GatewayKeyRecord out;
  out.id = in.text();
  out.name = in.text();
  const std::string_view hash = in.raw(out.hash.size());
  if (!hash.empty()) std::memcpy(out.hash.data(), hash.data(), hash.size());
  out.display_prefix = in.text();
  out.created_at_us = in.i64();
  out.is_disabled = in.boolean();
  out.is_banned = in.boolean();
  out.no_log = in.boolean();
  out.expires_at_us = in.optional_i64();
  out.allowed_models = in.texts();
  bool is_good = true;
  if (version >= 2) {
    out.allowed_connections = in.texts();
    is_good = read_rules(in, out.rules);
    out.schedule = read_schedule(in);
  }
  OMNI_RETURN_IF_ERROR(in.finish("key"));
  if (!is_good) return error(absl::StatusCode::kDataLoss, "key: a limit makes no sense");
  return out;
}

std::string SpendRecord::encode() const {
  RecordWriter out(kSpendVersion);
  out.i64(number);
  out.i64(nanos);
  out.i64(unpriced);
  out.boolean(is_told);
  return std::move(out).take();
}

absl::StatusOr<SpendRecord> SpendRecord::decode(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(check_version(in.u8(), kSpendVersion, "spend"));
  SpendRecord out;
  out.number = in.i64();
  out.nanos = in.i64();
  out.unpriced = in.i64();
  out.is_told = in.boolean();
  OMNI_RETURN_IF_ERROR(in.finish("spend"));
  return out;
}

namespace {

std::array<std::string_view, 8> texts_of(const UsageView& view) {
  return {view.exchange_id, view.key_id,   view.key_name, view.model_asked,
          view.model_sent,  view.provider, view.account,  view.dialect};
}

// Version, time, status, three flags, five counts, two durations, whether there is a cost, and the
// tier.
constexpr size_t kUsageFixedBytes = 1 + 8 + 2 + 3 + 5 * 8 + 2 * 8 + 1 + 1;

}  // namespace

size_t UsageView::encoded_size() const {
  size_t size = kUsageFixedBytes + (cost_nanodollars.has_value() ? 8 : 0);
  for (const std::string_view text : texts_of(*this)) size += 4 + text.size();
  return size;
}

void UsageView::encode(char* to) const {
  const auto u64 = [&](uint64_t value) {
    store_little64(to, value);
    to += 8;
  };
  *to++ = static_cast<char>(kUsageVersion);
  u64(static_cast<uint64_t>(time_us));
  for (const std::string_view text : texts_of(*this)) {
    store_little32(to, static_cast<uint32_t>(text.size()));
    if (!text.empty()) std::memcpy(to + 4, text.data(), text.size());
    to += 4 + text.size();
  }
  *to++ = static_cast<char>(status);
  *to++ = static_cast<char>(status >> 8);
  for (const bool flag : {is_streamed, is_estimated, is_aborted}) *to++ = flag ? 1 : 0;
  for (const uint64_t count :
       {input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens})
    u64(count);
  u64(static_cast<uint64_t>(total_us));
  u64(static_cast<uint64_t>(first_byte_us));
  *to++ = cost_nanodollars.has_value() ? 1 : 0;
  if (cost_nanodollars.has_value()) u64(static_cast<uint64_t>(*cost_nanodollars));
  *to = static_cast<char>(tier);
}

UsageRecord::UsageRecord(const UsageView& view)
    : UsageNumbers(view),
      exchange_id(view.exchange_id),
      key_id(view.key_id),
      key_name(view.key_name),
      model_asked(view.model_asked),
      model_sent(view.model_sent),
      provider(view.provider),
      account(view.account),
      dialect(view.dialect) {}

UsageView UsageRecord::view() const {
  return {*this,      exchange_id, key_id,  key_name, model_asked,
          model_sent, provider,    account, dialect};
}

std::string UsageRecord::encode() const {
  const UsageView fields = view();
  std::string out(fields.encoded_size(), '\0');
  fields.encode(out.data());
  return out;
}

absl::StatusOr<UsageView> UsageView::parse(std::string_view bytes) {
  RecordReader in(bytes);
  const uint8_t version = in.u8();
  OMNI_RETURN_IF_ERROR(check_version(version, kUsageVersion, "usage"));
  UsageView out;
  out.time_us = in.i64();
  for (std::string_view* each : {&out.exchange_id, &out.key_id, &out.key_name, &out.model_asked,
                                 &out.model_sent, &out.provider, &out.account, &out.dialect}) {
    *each = in.raw(in.u32());
  }
  out.status = in.u16();
  out.is_streamed = in.boolean();
  out.is_estimated = in.boolean();
  out.is_aborted = in.boolean();
  for (uint64_t* each : {&out.input_tokens, &out.output_tokens, &out.cached_tokens,
                         &out.cache_write_tokens, &out.reasoning_tokens}) {
    *each = in.u64();
  }
  out.total_us = in.i64();
  out.first_byte_us = in.i64();
  out.cost_nanodollars = in.optional_i64();
  const uint8_t tier = version >= 2 ? in.u8() : 0;
  OMNI_RETURN_IF_ERROR(in.finish("usage"));
  if (tier > static_cast<uint8_t>(ServiceTier::kUltrafast))
    return error(absl::StatusCode::kDataLoss, "usage: there is no such tier");
  out.tier = static_cast<ServiceTier>(tier);
  return out;
}

absl::StatusOr<UsageRecord> UsageRecord::decode(std::string_view bytes) {
  OMNI_ASSIGN_OR_RETURN(const UsageView view, UsageView::parse(bytes));
  return UsageRecord(view);
}

void write_usage_key(char* to, int64_t time_us, uint32_t sequence) {
  store_big64(to, static_cast<uint64_t>(time_us) * 1000);
  store_big32(to + 8, sequence);
}

std::string usage_key(int64_t time_us, uint32_t sequence) {
  std::string out(kUsageKeyBytes, '\0');
  write_usage_key(out.data(), time_us, sequence);
  return out;
}

}  // namespace omni
