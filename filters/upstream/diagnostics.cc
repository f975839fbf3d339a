#include "filters/upstream/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "source/json/writer.h"
#include "source/routing/combo.h"
#include "source/routing/retry_hint.h"

namespace omni::filters {
namespace {

using json::quoted;

struct Recovery {
  std::string_view action;
  std::string next_step;
  int seconds = 0;  // 0: not known.
};

std::string_view reason_of(const EndingInput& input, const LocalReply& reply) {
  if (input.has_timed_out) return "combo_timeout";
  if (input.last == nullptr) return "no_model_available";
  return is_refusal(reply.status) ? "request_refused" : "all_models_failed";
}

Recovery recovery_of(const EndingInput& input, const LocalReply& reply) {
  if (input.last != nullptr && !input.has_timed_out && is_refusal(reply.status))
    return {"switch-combo", "Change the request, or ask for another model."};
  if (const int seconds = told_wait(reply, input.now_ms); seconds > 0)
    return {"wait", fmt::format("Try again in {} s.", seconds), seconds};
  const bool may_pass =
      input.has_timed_out || reply.status == 408 || reply.status == 429 || reply.status >= 500;
  if (may_pass) return {"retry", "Try again."};
  return {"switch-combo", "Ask for another model or combo."};
}

std::string render(const Recovery& recovery) {
  std::string out =
      fmt::format(R"({{"action":"{}","next_step":{})", recovery.action, quoted(recovery.next_step));
  if (recovery.seconds > 0) out += fmt::format(R"(,"retry_after_seconds":{})", recovery.seconds);
  return out + "}";
}

std::string place(const Provider& provider, std::string_view model) {
  return fmt::format(R"("provider":{},"model":{})", quoted(provider.id),
                     quoted(fmt::format("{}/{}", provider.id, model)));
}

std::string excluded(const EndingInput& input) {
  std::vector<std::string> out;
  for (const routing::Skipped& each : input.skipped) {
    std::string one =
        fmt::format(R"({{{},"reason":{})", place(*each.provider, each.model), quoted(each.why));
    if (each.until_ms > input.now_ms)
      one +=
          fmt::format(R"(,"retry_after_seconds":{})", (each.until_ms - input.now_ms + 999) / 1000);
    out.push_back(one + "}");
  }
  return fmt::format("{}", fmt::join(out, ","));
}

std::string attempts(const EndingInput& input) {
  std::vector<std::string> out;
  for (const Attempt& each : input.facts.attempts)
    out.push_back(fmt::format(R"({{{},"status":{},"reason":{},"ms":{}}})",
                              place(*each.provider, each.model), each.status, quoted(each.reason),
                              each.total_us / 1000));
  return fmt::format("{}", fmt::join(out, ","));
}

}  // namespace

bool is_refusal(int status) {
  return status == 400 || status == 409 || status == 413 || status == 422;
}

int told_wait(const LocalReply& reply, int64_t now_ms) {
  if (reply.retry_after_seconds > 0) return reply.retry_after_seconds;
  routing::RetryHintSource said;
  for (const auto& [name, value] : reply.headers) {
    if (name == "retry-after") said.retry_after = value;
    if (name == "retry-after-ms") said.retry_after_ms = value;
  }
  const absl::Duration wait = routing::retry_hint(said, absl::FromUnixMillis(now_ms));
  return static_cast<int>(absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1))));
}

std::string make_diagnostics(const EndingInput& input, const LocalReply& reply) {
  const std::string recovery = render(recovery_of(input, reply));
  return fmt::format(
      R"("diagnostics":{{"poolSize":{},"attempted":{},"excluded":[{}],"attemptOrder":[{}],)"
      R"("terminalReason":"{}","recovery":{}}},"recovery_hint":{})",
      input.facts.plan.places.size(), input.facts.attempts.size(), excluded(input), attempts(input),
      reason_of(input, reply), recovery, recovery);
}

void add_diagnostics(Exchange& exchange, LocalReply& reply) {
  if (!reply.members.empty()) return;
  const int64_t now = absl::ToUnixMillis(exchange.dispatcher().clock().now());
  reply.members = make_diagnostics(
      {.facts = exchange.facts(), .last = &reply, .skipped = {}, .now_ms = now}, reply);
}

}  // namespace omni::filters
