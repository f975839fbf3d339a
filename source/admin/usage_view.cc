#include "source/admin/usage_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "source/base/format.h"
#include "source/json/writer.h"
#include "source/llm/cost.h"

namespace omni {
namespace {

constexpr int64_t kBuckets = 10;

std::string timestamp(int64_t time_us) {
  return json::quoted(
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMicros(time_us), absl::UTCTimeZone()));
}

std::string or_null(std::string_view text) {
  return text.empty() ? std::string("null") : json::quoted(text);
}

// The four numbers of a history's entries.
std::string numbers(const UsageTotals& totals) {
  return fmt::format(R"("requests":{},"promptTokens":{},"completionTokens":{},"cost":{})",
                     totals.requests, totals.input_tokens, totals.output_tokens,
                     llm::dollars(totals.nanodollars));
}

std::string all_numbers(const UsageTotals& totals) {
  return fmt::format(
      R"("requests":{},"errors":{},"inputTokens":{},"outputTokens":{},"cachedTokens":{},"cacheWriteTokens":{},"reasoningTokens":{},"costNanodollars":{},"cost":{},"unpriced":{})",
      totals.requests, totals.errors, totals.input_tokens, totals.output_tokens,
      totals.cached_tokens, totals.cache_write_tokens, totals.reasoning_tokens, totals.nanodollars,
      llm::dollars(totals.nanodollars), totals.unpriced);
}

template <class Entries, class Extra>
std::string object(const Entries& entries, Extra extra) {
  std::string out = "{";
  for (const auto& [name, entry] : entries) {
    if (out.size() > 1) out += ',';
    append_format(out, "{}:{{{}{}}}", json::quoted(name), numbers(entry.totals), extra(entry));
  }
  return out + "}";
}

std::string line_of(const UsageRecord& record) {
  std::string provider = record.provider;
  std::transform(provider.begin(), provider.end(), provider.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const std::string& model = record.model_sent.empty() ? record.model_asked : record.model_sent;
  return fmt::format("{} | {} | {} | {} | {} | {} | {}",
                     absl::FormatTime("%d-%m-%Y %H:%M:%S", absl::FromUnixMicros(record.time_us),
                                      absl::UTCTimeZone()),
                     model, provider.empty() ? "-" : provider,
                     record.account.empty() ? "-" : record.account, record.input_tokens,
                     record.output_tokens, record.status);
}

void append_call(std::string& out, const UsageRecord& record) {
  const std::string connection =
      record.account.empty() ? std::string() : record.provider + "/" + record.account;
  const std::string& model = record.model_sent.empty() ? record.model_asked : record.model_sent;
  append_format(
      out,
      R"({{"id":{},"timestamp":{},"status":{},"model":{},"requestedModel":{},"provider":{},"account":{},"connectionId":{},"duration":{},"firstByteMs":{},)"
      R"("tokens":{{"in":{},"out":{},"cached":{},"cacheWrite":{},"reasoning":{}}},"estimated":{},"stream":{},"aborted":{},"cost":{},"priced":{},"serviceTier":{},)"
      R"("cacheSource":"upstream","sourceFormat":{},"apiKeyId":{},"apiKeyName":{},"active":false}})",
      json::quoted(record.exchange_id), timestamp(record.time_us), record.status,
      json::quoted(model), json::quoted(record.model_asked), or_null(record.provider),
      or_null(record.account), or_null(connection), record.total_us / 1000,
      record.first_byte_us < 0 ? "null" : fmt::format("{}", record.first_byte_us / 1000),
      record.input_tokens, record.output_tokens, record.cached_tokens, record.cache_write_tokens,
      record.reasoning_tokens, record.is_estimated, record.is_streamed, record.is_aborted,
      record.cost_nanodollars ? llm::dollars(*record.cost_nanodollars) : "null",
      record.cost_nanodollars.has_value(),
      or_null(record.tier == ServiceTier::kUnsaid ? "" : name_of(record.tier)),
      json::quoted(record.dialect), or_null(record.key_id), or_null(record.key_name));
}

template <class Append>
std::string array(const std::vector<UsageRecord>& records, Append append) {
  std::string out = "[";
  for (const UsageRecord& record : records) {
    if (&record != &records.front()) out += ',';
    append(out, record);
  }
  return out + "]";
}

}  // namespace

void UsageHistory::add(const TotalsName& name, const UsageTotals& totals) {
  const auto put = [&](Entries& entries, std::string label, std::string_view model,
                       std::string_view provider, std::string_view account) {
    Entry& entry = entries[std::move(label)];
    entry.totals.add(totals);
    entry.model = model;
    entry.provider = provider;
    entry.account = account;
  };
  const auto& [a, b, c] = name.names;
  switch (name.group) {
    case TotalsGroup::kAll:
      return all_.add(totals);
    case TotalsGroup::kProvider:
      if (!a.empty()) put(providers_, std::string(a), {}, a, {});
      return;
    case TotalsGroup::kModel:
      if (!a.empty()) put(models_, fmt::format("{} ({})", a, b), a, b, {});
      return;
    case TotalsGroup::kConnection:
      if (!b.empty()) put(accounts_, fmt::format("{} ({} - {})", c, a, b), c, a, b);
      return;
    case TotalsGroup::kKey:
      if (a.empty()) return;  // Nobody's.
      put(keys_, fmt::format("id:{}", a), {}, {}, {});
      keys_[fmt::format("id:{}", a)].key = a;
      return;
    default:
      return;
  }
}

std::string UsageHistory::render(int64_t minute) const {
  std::string out = fmt::format(
      R"({{"totalRequests":{},"totalPromptTokens":{},"totalCompletionTokens":{},"totalCost":{},"totalErrors":{},"unpricedRequests":{},)",
      all_.requests, all_.input_tokens, all_.output_tokens, llm::dollars(all_.nanodollars),
      all_.errors, all_.unpriced);
  out += R"("byProvider":)" + object(providers_, [](const Entry&) { return std::string(); });
  out += R"(,"byModel":)" + object(models_, [](const Entry& entry) {
           return fmt::format(R"(,"rawModel":{},"provider":{},"lastUsed":{})",
                              json::quoted(entry.model), json::quoted(entry.provider),
                              timestamp(entry.totals.last_us));
         });
  out += R"(,"byAccount":)" + object(accounts_, [](const Entry& entry) {
           return fmt::format(
               R"(,"rawModel":{},"provider":{},"connectionId":{},"accountName":{},"lastUsed":{})",
               json::quoted(entry.model), json::quoted(entry.provider),
               json::quoted(entry.provider + "/" + entry.account), json::quoted(entry.account),
               timestamp(entry.totals.last_us));
         });
  out += R"(,"byApiKey":)" + object(keys_, [](const Entry& entry) {
           return fmt::format(R"(,"apiKeyId":{},"apiKeyName":{},"lastUsed":{})",
                              json::quoted(entry.key), json::quoted(entry.totals.key_name),
                              timestamp(entry.totals.last_us));
         });
  out += R"(,"last10Minutes":[)";
  for (int64_t at = minute - kBuckets + 1; at <= minute; ++at) {
    const auto found = minutes_.find(at);
    if (out.back() != '[') out += ',';
    out += "{" + numbers(found == minutes_.end() ? UsageTotals() : found->second) + "}";
  }
  return out + "]}";
}

void UsageBreakdown::add(const TotalsName& name, const UsageTotals& totals) {
  const auto& [a, b, c] = name.names;
  std::string label, members;
  if (name.group == TotalsGroup::kAll) {
    all_.add(totals);
  } else if (name.group == TotalsGroup::kModel && by_ == UsageBy::kModel) {
    label = fmt::format("{}\n{}", a, b);
    members = fmt::format(R"("model":{},"provider":{})", or_null(a), or_null(b));
  } else if (name.group == TotalsGroup::kProvider && by_ == UsageBy::kProvider) {
    label = a;
    members = fmt::format(R"("provider":{})", or_null(a));
  } else if (name.group == TotalsGroup::kKey && by_ == UsageBy::kKey) {
    label = a;
    members = fmt::format(R"("apiKeyId":{},"apiKeyName":{})", or_null(a), or_null(totals.key_name));
  } else if (name.group == TotalsGroup::kConnection && by_ == UsageBy::kConnection) {
    label = fmt::format("{}/{}", a, b);
    members = fmt::format(R"("connectionId":{},"provider":{},"account":{})",
                          b.empty() ? "null" : json::quoted(label), or_null(a), or_null(b));
  }
  if (members.empty()) return;
  Entry& entry = rows_[label];
  entry.totals.add(totals);
  entry.members = std::move(members);
}

std::string UsageBreakdown::render(std::string_view period) const {
  std::vector<const Entry*> sorted;
  for (const auto& [label, entry] : rows_) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->totals.nanodollars, a->totals.requests) >
           std::pair(b->totals.nanodollars, b->totals.requests);
  });
  constexpr std::string_view kNames[] = {"model", "provider", "key", "connection"};
  std::string out =
      fmt::format(R"({{"period":{},"by":"{}","total":{{{}}},"rows":[)", json::quoted(period),
                  kNames[static_cast<size_t>(by_)], all_numbers(all_));
  for (const Entry* entry : sorted) {
    if (entry != sorted.front()) out += ',';
    append_format(out, R"({{{},{},"lastUsed":{}}})", entry->members, all_numbers(entry->totals),
                  timestamp(entry->totals.last_us));
  }
  return out + "]}";
}

std::string render_call_logs(const std::vector<UsageRecord>& records) {
  return array(records, append_call);
}

std::string render_log_lines(const std::vector<UsageRecord>& records) {
  return array(records, [](std::string& out, const UsageRecord& record) {
    out += json::quoted(line_of(record));
  });
}

}  // namespace omni
