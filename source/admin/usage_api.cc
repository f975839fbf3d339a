#include "source/admin/usage_api.h"

#include <utility>

#include "source/admin/admin_error.h"
#include "source/admin/usage_query.h"
#include "source/admin/usage_view.h"
#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

absl::Status show_history(const LmdbStore& store, std::string_view target, absl::Time now,
                          AdminReply& reply) {
  OMNI_ASSIGN_OR_RETURN(const HistoryRange range, read_history_range(target, now));
  UsageHistory history;
  OMNI_RETURN_IF_ERROR(read_totals(
      store, range.period, range.from, range.to,
      [&](const TotalsName& name, const UsageTotals& totals) { history.add(name, totals); }));
  const int64_t minute = totals_number(TotalsPeriod::kMinute, absl::ToUnixMicros(now));
  OMNI_RETURN_IF_ERROR(read_totals(store, TotalsPeriod::kMinute, minute - 9, minute,
                                   [&](const TotalsName& name, const UsageTotals& totals) {
                                     history.add_minute(name.number, totals);
                                   }));
  reply.body = history.render(minute);
  return absl::OkStatus();
}

absl::Status show_totals(const LmdbStore& store, std::string_view target, absl::Time now,
                         AdminReply& reply) {
  OMNI_ASSIGN_OR_RETURN(const BreakdownRange range, read_breakdown_range(target, now));
  UsageBreakdown breakdown(range.by);
  OMNI_RETURN_IF_ERROR(read_totals(
      store, range.period, range.number, range.number,
      [&](const TotalsName& name, const UsageTotals& totals) { breakdown.add(name, totals); }));
  reply.body = breakdown.render(range.name);
  return absl::OkStatus();
}

absl::Status show_calls(const LmdbStore& store, std::string_view target, absl::Time,
                        AdminReply& reply, std::string (*render)(const std::vector<UsageRecord>&)) {
  OMNI_ASSIGN_OR_RETURN(const UsageQuery query, read_usage_query(target));
  OMNI_ASSIGN_OR_RETURN(const UsagePage page, read_usage_page(store, query));
  if (!page.next.empty()) reply.headers.emplace_back("x-omniroute-next-cursor", to_hex(page.next));
  reply.body = render(page.records);
  return absl::OkStatus();
}

absl::Status show_call_logs(const LmdbStore& store, std::string_view target, absl::Time now,
                            AdminReply& reply) {
  return show_calls(store, target, now, reply, render_call_logs);
}

absl::Status show_log_lines(const LmdbStore& store, std::string_view target, absl::Time now,
                            AdminReply& reply) {
  return show_calls(store, target, now, reply, render_log_lines);
}

struct Row {
  std::string_view path;
  absl::Status (*show)(const LmdbStore&, std::string_view, absl::Time, AdminReply&);
};
constexpr Row kRows[] = {{"/api/usage/history", show_history},
                         {"/api/usage/totals", show_totals},
                         {"/api/usage/call-logs", show_call_logs},
                         {"/api/usage/logs", show_log_lines},
                         {"/api/usage/request-logs", show_log_lines}};

}  // namespace

void UsageApi::handle(AdminRequest request, AdminDone done) {
  for (const Row& row : kRows) {
    if (row.path != request.path) continue;
    return read(
        [show = row.show, target = std::move(request.target), now = home_.clock().now()](
            const LmdbStore& store, AdminReply& reply) { return show(store, target, now, reply); },
        std::move(done));
  }
  done(admin_error(404, "not_found", "There is nothing at this path."));
}

void UsageApi::read(Make make, AdminDone done) {
  const uint64_t id = ++last_id_;
  const auto reply = std::make_shared<AdminReply>();
  pending_[id] = store_.read(
      home_,
      [&store = store_, make = std::move(make), reply](const Store&) mutable {
        return make(store, *reply);
      },
      [this, id, reply, done = std::move(done)](const absl::Status& status) mutable {
        pending_.erase(id);
        if (status.code() == absl::StatusCode::kInvalidArgument)
          return done(admin_error(400, "invalid_parameter", message(status)));
        if (!status.ok()) return done(admin_error(500, "store_failed", message(status)));
        done(std::move(*reply));
      });
}

}  // namespace omni
