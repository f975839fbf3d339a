// Sums of usage records, kept beside them: what was used in a minute, a day or a month (UTC), by
// model, provider, key and account. A month is a few reads, however many records it has, and it
// stays when its records are gone. docs/adr/0020-usage-totals.md says why there is no index beside.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "api/store.h"
#include "source/base/strings.h"
#include "source/store/tables.h"

namespace omni {

// Period, group and name (see totals_key) -> UsageTotals.
inline constexpr TableId kUsageTotalsTable{Realm::kBulk, "usage_totals"};

// The letters are those of the keys.
enum class TotalsPeriod : char { kMinute = 'n', kDay = 'd', kMonth = 'm' };
enum class TotalsGroup : char {
  kAll = 'a',         // No name. The only group of minutes.
  kProvider = 'p',    // Provider.
  kModel = 'm',       // Model, provider.
  kKey = 'k',         // The key's id; nothing for anonymous requests.
  kConnection = 'c',  // Provider, account, model.
  kAsked = 'r',       // Model as the client named it. Of days only.
};

// The minute, day or month since 1970 that `time_us` (since 1970) lies in.
int64_t totals_number(TotalsPeriod period, int64_t time_us);
// When it begins.
int64_t totals_begin_us(TotalsPeriod period, int64_t number);

// Period (1) | number (4, big endian): what the keys of one period begin with.
std::string totals_prefix(TotalsPeriod period, int64_t number);
// That, the group (1), and the names with a zero byte between them. Names longer than
// kMostTotalsName are cut, because LMDB's keys are short.
inline constexpr size_t kMostTotalsName = 120;
std::string_view totals_name(std::string_view name);
std::string totals_key(TotalsPeriod period, int64_t number, TotalsGroup group,
                       std::initializer_list<std::string_view> names = {});

struct UsageTotals {
  uint64_t requests = 0;
  uint64_t errors = 0;    // Of them: status 400 and above, or the client left before there was one.
  uint64_t unpriced = 0;  // Of them: tokens were used and nobody knows what they cost.
  uint64_t input_tokens = 0, output_tokens = 0;
  uint64_t cached_tokens = 0, cache_write_tokens = 0, reasoning_tokens = 0;
  int64_t nanodollars = 0;
  int64_t last_us = 0;   // When the last of them ended.
  std::string key_name;  // Of the group kKey: the key's name at that time.

  void add(const UsageView& record);
  void add(const UsageTotals& other);

  std::string encode() const;
  static absl::StatusOr<UsageTotals> decode(std::string_view bytes);
  bool operator==(const UsageTotals&) const = default;
};

// Sums records first and touches each row once. Writer thread.
class UsageTally {
 public:
  void add(const UsageView& record);
  // To the rows of kUsageTotalsTable. A row that cannot be read begins anew: it must not stop the
  // records.
  absl::Status write(Update& update) const;

 private:
  struct Group {
    int64_t minute = 0;
    std::string model, asked, provider, account, key_id;
    UsageTotals totals;

    bool is_of(int64_t at_minute, const UsageView& record) const;
  };
  Group& group_of(int64_t minute, const UsageView& record);

  StringMap<Group> groups_;
  Group* last_ = nullptr;  // Of the record before: the next one is most often alike.
  std::string name_;       // Reused.
};

// A row's key, taken apart; views of `key`.
struct TotalsName {
  TotalsPeriod period;
  int64_t number = 0;
  TotalsGroup group;
  std::string_view names[3];
};
// False for what is not such a key.
bool parse_totals_key(std::string_view key, TotalsName& out);

// Visits the rows of the periods `from` to `to`, both included. Never on a loop.
absl::Status read_totals(const Store& store, TotalsPeriod period, int64_t from, int64_t to,
                         absl::FunctionRef<void(const TotalsName&, const UsageTotals&)> visit);

}  // namespace omni
