#include "source/store/usage_totals.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni {
namespace {

constexpr uint8_t kTotalsVersion = 1;
constexpr size_t kPrefixBytes = 5;
constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kDayUs = 1440 * kMinuteUs;
constexpr absl::CivilMonth kFirstMonth(1970, 1);

int64_t floor_div(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

int64_t totals_number(TotalsPeriod period, int64_t time_us) {
  if (period == TotalsPeriod::kMinute) return floor_div(time_us, kMinuteUs);
  if (period == TotalsPeriod::kDay) return floor_div(time_us, kDayUs);
  return absl::ToCivilMonth(absl::FromUnixMicros(time_us), absl::UTCTimeZone()) - kFirstMonth;
}

int64_t totals_begin_us(TotalsPeriod period, int64_t number) {
  if (period == TotalsPeriod::kMinute) return number * kMinuteUs;
  if (period == TotalsPeriod::kDay) return number * kDayUs;
  return absl::ToUnixMicros(absl::FromCivil(kFirstMonth + number, absl::UTCTimeZone()));
}

std::string totals_prefix(TotalsPeriod period, int64_t number) {
  std::string out(1, static_cast<char>(period));
  append_big32(out, static_cast<uint32_t>(number));
  return out;
}

std::string_view totals_name(std::string_view name) {
  if (name.size() <= kMostTotalsName) return name;
  size_t end = kMostTotalsName;
  // Not within a character.
  while (end > 0 && (static_cast<uint8_t>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end);
}

std::string totals_key(TotalsPeriod period, int64_t number, TotalsGroup group,
                       std::initializer_list<std::string_view> names) {
  std::string out = totals_prefix(period, number);
  out += static_cast<char>(group);
  for (const std::string_view& name : names) {
    if (&name != names.begin()) out += '\0';
    out += totals_name(name);
  }
  return out;
}

void UsageTotals::add(const UsageView& record) {
  ++requests;
  if (record.status >= 400 || record.status == 0) ++errors;
  if (!record.cost_nanodollars && record.input_tokens + record.output_tokens > 0) ++unpriced;
  input_tokens += record.input_tokens;
  output_tokens += record.output_tokens;
  cached_tokens += record.cached_tokens;
  cache_write_tokens += record.cache_write_tokens;
  reasoning_tokens += record.reasoning_tokens;
  nanodollars += record.cost_nanodollars.value_or(0);
  if (record.time_us < last_us) return;
  last_us = record.time_us;
  key_name = record.key_name;
}

void UsageTotals::add(const UsageTotals& other) {
  requests += other.requests;
  errors += other.errors;
  unpriced += other.unpriced;
  input_tokens += other.input_tokens;
  output_tokens += other.output_tokens;
  cached_tokens += other.cached_tokens;
  cache_write_tokens += other.cache_write_tokens;
  reasoning_tokens += other.reasoning_tokens;
  nanodollars += other.nanodollars;
  if (other.last_us < last_us) return;
  last_us = other.last_us;
  key_name = other.key_name;
}

std::string UsageTotals::encode() const {
  RecordWriter out(kTotalsVersion);
  for (const uint64_t each : {requests, errors, unpriced, input_tokens, output_tokens,
                              cached_tokens, cache_write_tokens, reasoning_tokens})
    out.u64(each);
  out.i64(nanodollars);
  out.i64(last_us);
  out.text(key_name);
  return std::move(out).take();
}

absl::StatusOr<UsageTotals> UsageTotals::decode(std::string_view bytes) {
  RecordReader in(bytes);
  OMNI_RETURN_IF_ERROR(check_version(in.u8(), kTotalsVersion, "usage totals"));
  UsageTotals out;
  for (uint64_t* each :
       {&out.requests, &out.errors, &out.unpriced, &out.input_tokens, &out.output_tokens,
        &out.cached_tokens, &out.cache_write_tokens, &out.reasoning_tokens})
    *each = in.u64();
  out.nanodollars = in.i64();
  out.last_us = in.i64();
  out.key_name = in.text();
  OMNI_RETURN_IF_ERROR(in.finish("usage totals"));
  return out;
}

bool UsageTally::Group::is_of(int64_t at_minute, const UsageView& record) const {
  return minute == at_minute && model == record.model_sent && asked == record.model_asked &&
         provider == record.provider && account == record.account && key_id == record.key_id;
}

UsageTally::Group& UsageTally::group_of(int64_t minute, const UsageView& record) {
  name_.clear();
  append_big64(name_, static_cast<uint64_t>(minute));
  for (const std::string_view text :
       {record.model_sent, record.model_asked, record.provider, record.account, record.key_id}) {
    name_ += text;
    name_ += '\0';
  }
  const auto [at, is_new] = groups_.try_emplace(name_);
  Group& group = at->second;
  if (!is_new) return group;
  group.minute = minute;
  group.model = record.model_sent;
  group.asked = record.model_asked;
  group.provider = record.provider;
  group.account = record.account;
  group.key_id = record.key_id;
  return group;
}

void UsageTally::add(const UsageView& record) {
  const int64_t minute = totals_number(TotalsPeriod::kMinute, record.time_us);
  if (last_ == nullptr || !last_->is_of(minute, record)) last_ = &group_of(minute, record);
  last_->totals.add(record);
}

absl::Status UsageTally::write(Update& update) const {
  StringMap<UsageTotals> rows;
  for (const auto& [name, group] : groups_) {
    const auto add = [&rows, &totals = group.totals](std::string key, bool is_of_key = false) {
      UsageTotals& row = rows[std::move(key)];
      row.add(totals);
      if (!is_of_key) row.key_name.clear();
    };
    add(totals_key(TotalsPeriod::kMinute, group.minute, TotalsGroup::kAll));
    const int64_t time_us = totals_begin_us(TotalsPeriod::kMinute, group.minute);
    for (const TotalsPeriod period : {TotalsPeriod::kDay, TotalsPeriod::kMonth}) {
      const int64_t number = totals_number(period, time_us);
      add(totals_key(period, number, TotalsGroup::kAll));
      add(totals_key(period, number, TotalsGroup::kProvider, {group.provider}));
      add(totals_key(period, number, TotalsGroup::kModel, {group.model, group.provider}));
      add(totals_key(period, number, TotalsGroup::kKey, {group.key_id}), true);
      add(totals_key(period, number, TotalsGroup::kConnection,
                     {group.provider, group.account, group.model}));
      if (period == TotalsPeriod::kDay)
        add(totals_key(period, number, TotalsGroup::kAsked, {group.asked}));
    }
  }
  for (auto& [key, row] : rows) {
    const absl::StatusOr<std::optional<std::string_view>> stored =
        update.get(kUsageTotalsTable, key);
    if (!stored.ok() && stored.status().code() != absl::StatusCode::kDataLoss)
      return stored.status();
    if (stored.ok() && stored->has_value()) {
      absl::StatusOr<UsageTotals> sum = UsageTotals::decode(**stored);
      if (sum.ok()) row.add(*sum);
    }
    OMNI_RETURN_IF_ERROR(update.put(kUsageTotalsTable, key, row.encode()));
  }
  return absl::OkStatus();
}

bool parse_totals_key(std::string_view key, TotalsName& out) {
  if (key.size() <= kPrefixBytes) return false;
  out.period = static_cast<TotalsPeriod>(key[0]);
  out.number = 0;
  for (size_t i = 1; i < kPrefixBytes; ++i)
    out.number = (out.number << 8) | static_cast<uint8_t>(key[i]);
  out.group = static_cast<TotalsGroup>(key[kPrefixBytes]);
  const std::vector<std::string_view> names = split(key.substr(kPrefixBytes + 1), '\0');
  if (names.size() > std::size(out.names)) return false;
  std::fill(std::begin(out.names), std::end(out.names), std::string_view());
  std::copy(names.begin(), names.end(), std::begin(out.names));
  return true;
}

absl::Status read_totals(const Store& store, TotalsPeriod period, int64_t from, int64_t to,
                         absl::FunctionRef<void(const TotalsName&, const UsageTotals&)> visit) {
  const std::string end = totals_prefix(period, to);
  absl::Status damage;
  absl::Status status = store.scan(kUsageTotalsTable, totals_prefix(period, from),
                                   [&](std::string_view key, std::string_view value) {
                                     if (key.substr(0, kPrefixBytes) > end) return false;
                                     TotalsName name;
                                     const absl::StatusOr<UsageTotals> totals =
                                         UsageTotals::decode(value);
                                     if (!totals.ok()) damage = totals.status();
                                     if (totals.ok() && parse_totals_key(key, name))
                                       visit(name, *totals);
                                     return true;
                                   });
  return status.ok() ? damage : status;
}

}  // namespace omni
