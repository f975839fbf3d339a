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
    return attempt.provider == skipped.provider && attempt.model == skipped.model &&
           (skipped.account == nullptr || attempt.account == skipped.account->name);
  });
}

// "openai/gpt-5", or "openai/gpt-5 via main" where the combo tells its accounts apart: which others
// a gateway has is not its clients' business.
std::string target_told(const Facts& facts, const Provider& provider, std::string_view model,
                        std::string_view account) {
  std::string out = fmt::format("{}/{}", provider.id, model);
  if (facts.plan.combo == nullptr || account.empty()) return out;
  const std::vector<routing::ComboTarget>& all = facts.plan.combo->targets;
  const auto is_alike = [&](const routing::ComboTarget& each) {
    return each.target.provider == &provider && each.target.model == model;
  };
  const auto is_meant = [&](const routing::ComboTarget& each) {
    return is_alike(each) && each.target.account != nullptr && each.target.account->name == account;
  };
  const bool is_told_apart = std::count_if(all.begin(), all.end(), is_alike) > 1 &&
                             std::any_of(all.begin(), all.end(), is_meant);
  return is_told_apart ? fmt::format("{} via {}", out, account) : out;
}

// " [openai/gpt-5 (500), groq/llama (429), mistral/large (breaker open)]"; nothing when all of it
// is about one place, of which the message speaks already.
std::string what_became(const EndingInput& input) {
  std::vector<std::string> each;
  const auto note = [&](std::string said) {
    if (std::find(each.begin(), each.end(), said) == each.end()) each.push_back(std::move(said));
  };
  for (const Attempt& attempt : input.facts.attempts)
    note(fmt::format(
        "{} ({})", target_told(input.facts, *attempt.provider, attempt.model, attempt.account),
        attempt.status != 0 ? fmt::format("{}", attempt.status) : words(attempt.reason)));
  for (const routing::Skipped& skipped : input.skipped)
    if (!was_tried(input.facts, skipped))
      note(fmt::format("{} ({})",
                       target_told(input.facts, *skipped.provider, skipped.model,
                                   skipped.account != nullptr ? skipped.account->name : ""),
                       words(skipped.why)));
  const bool is_told = input.last != nullptr || input.facts.plan.combo == nullptr;
  if (each.empty() || (each.size() == 1 && is_told && !input.has_timed_out)) return {};
  const size_t more = each.size() > kMostNamed ? each.size() - kMostNamed : 0;
  each.resize(each.size() - more);
  std::string out = fmt::format(" [{}", fmt::join(each, ", "));
  if (more > 0) out += fmt::format(" (+{})", more);
  return out + "]";
}

// Until the first of them may be asked; 0: not known.
int soonest(const EndingInput& input) {
  int64_t out = input.asked_until_ms > input.now_ms ? input.asked_until_ms : 0;
  for (const routing::Skipped& each : input.skipped)
    if (each.until_ms > input.now_ms && (out == 0 || each.until_ms < out)) out = each.until_ms;
  return seconds_until(out, input.now_ms);
}

// Who may be asked first says how long to wait, not who happened to be asked last. What it said
// itself stays where it comes to the same.
void tell_wait(const EndingInput& input, LocalReply& out) {
  const int seconds = soonest(input);
  if (seconds == 0 || is_refusal(out.status) || told_wait(out, input.now_ms) == seconds) return;
  std::erase_if(out.headers, [](const auto& each) {
    return each.first == "retry-after" || each.first == "retry-after-ms";
  });
  out.retry_after_seconds = seconds;
}

bool any_is(const std::vector<routing::Skipped>& skipped, std::string_view why) {
  return std::any_of(skipped.begin(), skipped.end(),
                     [&](const auto& each) { return each.why == why; });
}

bool all_are(const std::vector<routing::Skipped>& skipped, std::string_view why) {
  return !skipped.empty() && std::all_of(skipped.begin(), skipped.end(),
                                         [&](const auto& each) { return each.why == why; });
}

LocalReply nothing_tried(const EndingInput& input) {
  const std::vector<routing::Skipped>& skipped = input.skipped;
  LocalReply out{.status = 503, .code = "no_target_available"};
  const std::string_view first = skipped.empty() ? std::string_view("") : skipped.front().why;
  const std::string provider = skipped.empty() ? "" : skipped.front().provider->id;
  if (input.facts.plan.combo != nullptr && any_is(skipped, "queued")) {
    out.status = 429;
    out.code = "RATE_LIMIT_QUEUE_FULL";
    out.message = fmt::format("Too many requests wait for the targets of combo '{}'.",
                              input.facts.plan.combo->name);
  } else if (input.facts.plan.combo != nullptr) {
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
  tell_wait(input, out);
  out.message += what_became(input);
  if (input.facts.plan.combo != nullptr) out.members = make_diagnostics(input, out);
  return out;
}

}  // namespace omni::filters
