#include "source/store/usage_reader.h"

#include <algorithm>
#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/store/usage_totals.h"

namespace omni {
namespace {

constexpr int64_t kMostTimeUs = std::numeric_limits<int64_t>::max() / 1000;

int64_t time_of(std::string_view key) {
  return key.size() < 8 ? 0 : static_cast<int64_t>(load_big64(key.data()) / 1000);
}

class PageReader {
 public:
  PageReader(const LmdbStore& store, const UsageQuery& query) : store_(store), query_(query) {
    before_ = query.before;
    if (before_.empty() && query.before_us < kMostTimeUs)
      before_ = usage_key(std::max<int64_t>(query.before_us, 0), 0);
  }

  absl::StatusOr<UsagePage> read() {
    is_more_ = true;
    while (is_more_) {
      is_more_ = false;
      absl::Status status = store_.scan_back(
          kUsageTable, before_,
          [this](std::string_view key, std::string_view value) { return visit(key, value); });
      // One that cannot be read is as one that is not there.
      if (!status.ok() && status.code() != absl::StatusCode::kDataLoss) return status;
      OMNI_RETURN_IF_ERROR(failure_);
    }
    return std::move(page_);
  }

 private:
  bool visit(std::string_view key, std::string_view value) {
    const int64_t time_us = time_of(key);
    if (time_us < query_.from_us) return false;
    const int64_t day = totals_number(TotalsPeriod::kDay, time_us);
    if (day != day_ && !enter(day)) return false;
    const absl::StatusOr<UsageView> record = UsageView::parse(value);
    if (record.ok() && query_.matches(*record)) page_.records.emplace_back(*record);
    if (page_.records.size() < query_.limit && ++looked_at_ < kMostLookedAt) return true;
    page_.next = key;
    return false;
  }

  // False: this day has nothing, and the next scan begins in front of it.
  bool enter(int64_t day) {
    day_ = day;
    absl::StatusOr<bool> has = has_any(day);
    if (!has.ok()) failure_ = has.status();
    if (!has.ok() || *has) return has.ok();
    before_ = usage_key(totals_begin_us(TotalsPeriod::kDay, day), 0);
    is_more_ = day > 0;
    return false;
  }

  // Whether the totals of the day know what is asked for.
  absl::StatusOr<bool> has_any(int64_t day) const {
    using G = TotalsGroup;
    if (!query_.provider.empty()) {
      OMNI_ASSIGN_OR_RETURN(const bool has, has_row(day, G::kProvider, query_.provider));
      if (!has) return false;
    }
    if (!query_.model.empty()) {
      OMNI_ASSIGN_OR_RETURN(bool has, has_row(day, G::kAsked, query_.model));
      if (!has) {
        OMNI_ASSIGN_OR_RETURN(has, finds(day, G::kModel, [&](const TotalsName& name, auto&) {
                                return name.names[0] == totals_name(query_.model);
                              }));
      }
      if (!has) return false;
    }
    if (!query_.connection.empty()) {
      OMNI_ASSIGN_OR_RETURN(const bool has,
                            finds(day, G::kConnection, [&](const TotalsName& name, auto&) {
                              return is_connection(query_.connection, name.names[0], name.names[1]);
                            }));
      if (!has) return false;
    }
    if (query_.key.empty()) return true;
    return finds(day, G::kKey, [&](const TotalsName& name, const UsageTotals& totals) {
      return name.names[0] == totals_name(query_.key) || totals.key_name == query_.key;
    });
  }

  static bool is_connection(std::string_view asked, std::string_view provider,
                            std::string_view account) {
    if (asked == account) return true;
    const size_t slash = asked.find('/');
    return slash != std::string_view::npos && totals_name(asked.substr(0, slash)) == provider &&
           totals_name(asked.substr(slash + 1)) == account;
  }

  absl::StatusOr<bool> has_row(int64_t day, TotalsGroup group, std::string_view name) const {
    OMNI_ASSIGN_OR_RETURN(
        const auto row,
        store_.get(kUsageTotalsTable, totals_key(TotalsPeriod::kDay, day, group, {name})));
    return row.has_value();
  }

  template <class Matches>
  absl::StatusOr<bool> finds(int64_t day, TotalsGroup group, Matches matches) const {
    const std::string prefix = totals_key(TotalsPeriod::kDay, day, group);
    bool found = false;
    OMNI_RETURN_IF_ERROR(
        store_.scan(kUsageTotalsTable, prefix, [&](std::string_view key, std::string_view value) {
          TotalsName name;
          if (!key.starts_with(prefix) || !parse_totals_key(key, name)) return false;
          const absl::StatusOr<UsageTotals> totals = UsageTotals::decode(value);
          // What the row would say is not known: look.
          found = !totals.ok() || matches(name, *totals);
          return !found;
        }));
    return found;
  }

  const LmdbStore& store_;
  const UsageQuery& query_;
  UsagePage page_;
  std::string before_;
  int64_t day_ = std::numeric_limits<int64_t>::min();
  size_t looked_at_ = 0;
  bool is_more_ = false;
  absl::Status failure_;
};

bool has_outcome(const UsageQuery& query, int status) {
  switch (query.outcome) {
    case UsageQuery::Outcome::kOk:
      return status >= 200 && status < 300;
    case UsageQuery::Outcome::kError:
      return status >= 400 || status == 0;
    case UsageQuery::Outcome::kStatus:
      return status == query.status;
    default:
      return true;
  }
}

}  // namespace

bool UsageQuery::matches(const UsageView& record) const {
  const auto is_connection = [&] {
    if (connection == record.account) return true;
    const size_t size = record.provider.size();
    return connection.size() == size + 1 + record.account.size() && connection[size] == '/' &&
           connection.starts_with(record.provider) && connection.ends_with(record.account);
  };
  return has_outcome(*this, record.status) &&
         (key.empty() || key == record.key_id || key == record.key_name) &&
         (model.empty() || model == record.model_sent || model == record.model_asked) &&
         (provider.empty() || provider == record.provider) &&
         (connection.empty() || is_connection());
}

absl::StatusOr<UsagePage> read_usage_page(const LmdbStore& store, const UsageQuery& query) {
  return PageReader(store, query).read();
}

}  // namespace omni
