#include "source/admin/receipt_verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace omni {
namespace {

using State = ReceiptStep::State;

struct Sentence {
  std::string_view word, text;
};
constexpr Sentence kSkips[] = {
    {"cooling_down", "It failed or asked for a pause a moment ago."},
    {"model_locked", "This account may not be asked for this model for now."},
    {"quota_exhausted", "It said that nothing is left of what it may be asked."},
    {"queued", "It was asked as often as the request queue allows."},
    {"breaker_open", "The provider failed too often; its circuit breaker is open."},
    {"credits_exhausted", "The account has no credits left."},
    {"banned", "The account was banned by its provider."},
    {"not_allowed", "The key may not use this account."},
    {"no_account", "The provider has no account."},
    {"quota_scarce", "It said that little is left of what it may be asked."},
    {"input_not_read", "The model does not read all that was sent."},
    {"tools_not_supported", "The model does not call tools."},
    {"context_too_small", "The request is probably larger than what the model holds."}};

std::string refusal_of(const Receipt& receipt) {
  if (!receipt.refusal.empty()) return std::string(receipt.refusal);
  if (!receipt.error_code.empty()) return fmt::format("Ended with {}.", receipt.error_code);
  return "Refused.";
}

std::string auth_passed(const Receipt& receipt) {
  if (!receipt.key_id.empty() || !receipt.key_name.empty())
    return fmt::format("The key '{}' is known and may be used.", receipt.key_name);
  if (receipt.has(Receipt::kUnknownKey))
    return "The key that was presented is not known; none is needed here, so the request is "
           "anonymous.";
  return "No key was presented, and none is needed here.";
}

std::string limits_passed(const Receipt& receipt) {
  if (receipt.has(Receipt::kKeyLimited)) return "Within the limits of the key.";
  return receipt.key_name.empty() ? "Anonymous requests have no limits." : "The key has no limits.";
}

std::string translation_passed(const Receipt& receipt) {
  if (receipt.target_dialect.empty()) return "There was no answer of a target to tell.";
  if (!receipt.has(Receipt::kTranslated))
    return fmt::format("Client and target speak {}: both pass as they are.", receipt.dialect);
  std::string out = fmt::format("The client speaks {} and the target {}: both were translated.",
                                receipt.dialect, receipt.target_dialect);
  if (!receipt.dropped.empty())
    out += fmt::format(" The target could not be told: {}.", fmt::join(receipt.dropped, ", "));
  return out;
}

std::string routing_passed(const Receipt& receipt) {
  const std::string_view plural = receipt.targets == 1 ? "" : "s";
  if (!receipt.combo.empty())
    return fmt::format("'{}' is the combo '{}' ({}) with {} target{} that may be used.",
                       receipt.model_asked, receipt.combo, receipt.strategy, receipt.targets,
                       plural);
  return fmt::format("'{}' leads to {} target{}.", receipt.model_asked, receipt.targets, plural);
}

const ReceiptTry* answered_by(const Receipt& receipt) {
  if (receipt.answered == 0 || receipt.answered > receipt.tries.size()) return nullptr;
  return &receipt.tries[receipt.answered - 1];
}

// The provider broke its answer off: the connection failed, or its stream ended without its end.
bool was_broken_off(const Receipt& receipt) {
  const ReceiptTry* made = answered_by(receipt);
  if (made == nullptr) return false;
  if (made->end == ReceiptTry::End::kFailed) return true;
  return made->end == ReceiptTry::End::kAnswered &&
         receipt.error_code == "upstream_stream_incomplete";
}

std::string upstream_answered(const Receipt& receipt) {
  const ReceiptTry* made = answered_by(receipt);
  if (made == nullptr) return "Answered here.";
  const std::string account =
      made->account.empty() ? std::string() : fmt::format(" (account '{}')", made->account);
  const std::string end =
      was_broken_off(receipt)
          ? fmt::format(", but broke off before its end ({})", receipt.error_code)
          : std::string();
  return fmt::format("{}{} answered as {}{}; {} asked, {} passed over.", made->provider, account,
                     made->model, end, receipt.tries.size(), receipt.skips.size());
}

std::string upstream_failed(const Receipt& receipt) {
  if (receipt.tries.empty()) return refusal_of(receipt);
  return fmt::format("None of those asked answered ({}): {} asked, {} passed over.",
                     receipt.error_code, receipt.tries.size(), receipt.skips.size());
}

std::string passed(const Receipt& receipt, std::string_view filter) {
  if (filter == "auth") return auth_passed(receipt);
  if (filter == "limits") return limits_passed(receipt);
  if (filter == "translation") return translation_passed(receipt);
  if (filter == "routing") return routing_passed(receipt);
  if (filter == "upstream") return "The exchange ended before a target's answer began.";
  return "Let the request pass.";
}

std::string_view word_of(const Receipt& receipt, const ReceiptStep& step) {
  const bool is_anonymous = receipt.key_id.empty() && receipt.key_name.empty();
  switch (step.state) {
    case State::kUnreached:
      return "not_reached";
    case State::kWaiting:
      return "unfinished";
    case State::kPassed:
      if (step.filter == "upstream") return "unfinished";
      return step.filter == "auth" && is_anonymous ? "anonymous" : "passed";
    case State::kAnswered:
      return step.filter == "upstream" && was_broken_off(receipt) ? "cut" : "answered";
    case State::kRefused:
      return step.filter == "upstream" ? "failed" : "refused";
  }
  return "passed";
}

std::string reason_of(const Receipt& receipt, const ReceiptStep& step) {
  switch (step.state) {
    case State::kUnreached:
      return "The request was over before.";
    case State::kWaiting:
      return "The exchange ended while this waited.";
    case State::kPassed:
      return passed(receipt, step.filter);
    case State::kAnswered:
      return step.filter == "upstream" ? upstream_answered(receipt) : "Answered by itself.";
    case State::kRefused:
      return step.filter == "upstream" ? upstream_failed(receipt) : refusal_of(receipt);
  }
  return {};
}

// Address and path are looked at before there is a row of filters.
ReceiptVerdict entry_of(const Receipt& receipt) {
  if (receipt.steps.empty() && !receipt.error_code.empty())
    return {"entry", "refused", refusal_of(receipt)};
  return {"entry", "passed", "The address is allowed, and the path is served."};
}

bool has_step(const Receipt& receipt, std::string_view filter) {
  return std::any_of(receipt.steps.begin(), receipt.steps.end(),
                     [&](const ReceiptStep& step) { return step.filter == filter; });
}

}  // namespace

std::vector<ReceiptVerdict> verdicts_of(const Receipt& receipt) {
  std::vector<ReceiptVerdict> out = {entry_of(receipt)};
  for (const ReceiptStep& step : receipt.steps) {
    out.push_back({step.filter, word_of(receipt, step), reason_of(receipt, step), step.spent_ns});
    if (step.filter == "auth" && !has_step(receipt, "limits"))
      out.push_back({"limits", "not_needed", "No key has limits, or this path has none."});
  }
  return out;
}

std::string_view explain_skip(std::string_view why) {
  for (const Sentence& each : kSkips)
    if (each.word == why) return each.text;
  return "It could not be asked.";
}

}  // namespace omni
