#include "filters/upstream/ending.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "filters/upstream/diagnostics.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

constexpr size_t kMostNamed = 10;

int seconds_until(int64_t until_ms, int64_t now_ms) {
  if (until_ms <= now_ms) return 0;
  constexpr int64_t kDay = 24 * 3600;
  return static_cast<int>(std::min((until_ms - now_ms + 999) / 1000, kDay));
}

// "cooling_down" for people.
std::string words(std::string_view why) {
  std::string out(why);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

bool was_tried(const Facts& facts, const routing::Skipped& skipped) {
  return std::any_of(facts.attempts.begin(), facts.attempts.end(), [&](const Attempt& attempt) {
    return attempt.provider == skipped.provider && attempt.model == skipped.model;
  });
}

// " [openai/gpt-5 (500), groq/llama (429), mistral/large (breaker open)]"; nothing when all of it
// is about one place, of which the message speaks already.
std::string what_became(const EndingInput& input) {
  std::vector<std::string> each;
  const auto note = [&](std::string said) {
    if (std::find(each.begin(), each.end(), said) == each.end()) each.push_back(std::move(said));
  };
  for (const Attempt& attempt : input.facts.attempts)
    note(fmt::format("{}/{} ({})", attempt.provider->id, attempt.model,
                     attempt.status != 0 ? fmt::format("{}", attempt.status) : attempt.reason));
  for (const routing::Skipped& skipped : input.skipped)
    if (!was_tried(input.facts, skipped))
      note(fmt::format("{}/{} ({})", skipped.provider->id, skipped.model, words(skipped.why)));
  if (each.size() < 2) return {};
  const size_t more = each.size() > kMostNamed ? each.size() - kMostNamed : 0;
  each.resize(each.size() - more);
  std::string out = fmt::format(" [{}", fmt::join(each, ", "));
  if (more > 0) out += fmt::format(" (+{})", more);
  return out + "]";
}

int64_t earliest(const std::vector<routing::Skipped>& skipped) {
  int64_t out = 0;
  for (const routing::Skipped& each : skipped)
    if (each.until_ms > 0 && (out == 0 || each.until_ms < out)) out = each.until_ms;
  return out;
}

bool all_are(const std::vector<routing::Skipped>& skipped, std::string_view why) {
  return !skipped.empty() && std::all_of(skipped.begin(), skipped.end(),
                                         [&](const auto& each) { return each.why == why; });
}

LocalReply nothing_tried(const EndingInput& input) {
  const std::vector<routing::Skipped>& skipped = input.skipped;
  LocalReply out{.status = 503, .code = "no_target_available"};
  out.retry_after_seconds = seconds_until(earliest(skipped), input.now_ms);
  const std::string_view first = skipped.empty() ? std::string_view("") : skipped.front().why;
  const std::string provider = skipped.empty() ? "" : skipped.front().provider->id;
  if (input.facts.plan.combo != nullptr) {
    out.code = "ALL_ACCOUNTS_INACTIVE";
    out.message =
        fmt::format("No target of combo '{}' can be used now.", input.facts.plan.combo->name);
  } else if (first == "queued") {
    out.status = 429;
    out.code = "RATE_LIMIT_QUEUE_FULL";
    out.message = fmt::format("Too many requests wait for {}.", provider);
  } else if (all_are(skipped, "breaker_open")) {
    out.code = "provider_circuit_open";
    out.message = fmt::format("Provider {} circuit breaker is open", provider);
    out.headers.emplace_back("x-omniroute-provider-breaker", "open");
  } else if (first == "cooling_down" || first == "model_locked" || first == "quota_exhausted") {
    out.status = 429;
    out.code = "model_cooldown";
    out.message =
        fmt::format("All credentials for model {} are cooling down", skipped.front().model);
  } else if (first == "credits_exhausted") {
    out.status = 402;
    out.code = "credits_exhausted";
    out.message = fmt::format("[{}] The credits of every account are exhausted.", provider);
  } else if (first == "banned") {
    out.status = 401;
    out.code = "no_credentials";
    out.message = fmt::format("[{}] Every account was banned by the provider.", provider);
  } else if (first == "not_allowed") {
    out.status = 403;
    out.code = "connection_not_allowed";
    out.message = fmt::format("No account of {} is allowed for this API key", provider);
  } else {
    out.message = "No target can be used now.";
  }
  return out;
}

}  // namespace

LocalReply make_ending(const EndingInput& input) {
  LocalReply out = input.last != nullptr ? *input.last : nothing_tried(input);
  if (input.has_timed_out) {
    out = {.status = 504,
           .code = "COMBO_TIMEOUT",
           .message = fmt::format("No target of combo '{}' answered in time.",
                                  input.facts.plan.combo->name)};
  }
  out.message += what_became(input);
  if (input.facts.plan.combo != nullptr) out.members = make_diagnostics(input, out);
  return out;
}

}  // namespace omni::filters
