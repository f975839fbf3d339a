// What management shows of usage, as JSON and as lines of text.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "source/store/usage_reader.h"
#include "source/store/usage_totals.h"

namespace omni {

// Sums of a range of days or months, from the rows of kUsageTotalsTable.
class UsageHistory {
 public:
  void add(const TotalsName& name, const UsageTotals& totals);
  void add_minute(int64_t minute, const UsageTotals& totals) { minutes_[minute].add(totals); }
  // {totalRequests, ..., byProvider, byModel, byAccount, byApiKey, last10Minutes}; `minute` is the
  // last of the ten.
  std::string render(int64_t minute) const;

 private:
  struct Entry {
    UsageTotals totals;
    std::string model, provider, account, key;
  };
  using Entries = std::map<std::string, Entry>;

  UsageTotals all_;
  Entries providers_, models_, accounts_, keys_;
  std::map<int64_t, UsageTotals> minutes_;
};

enum class UsageBy : uint8_t { kModel, kProvider, kKey, kConnection };

// One period's totals by one thing: {period, by, total: {...}, rows: [{...}]}; most expensive
// first, then most used.
class UsageBreakdown {
 public:
  explicit UsageBreakdown(UsageBy by) : by_(by) {}
  void add(const TotalsName& name, const UsageTotals& totals);
  std::string render(std::string_view period) const;

 private:
  struct Entry {
    UsageTotals totals;
    std::string members;  // What names it, as JSON members.
  };

  const UsageBy by_;
  UsageTotals all_;
  std::map<std::string, Entry> rows_;
};

// An array of {id, timestamp, status, model, ...}.
std::string render_call_logs(const std::vector<UsageRecord>& records);
// An array of lines `DD-MM-YYYY HH:mm:ss | model | PROVIDER | account | in | out | status`.
std::string render_log_lines(const std::vector<UsageRecord>& records);

}  // namespace omni
