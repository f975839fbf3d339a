#include "source/routing/failure.h"

#include <algorithm>
#include <array>
#include <string>

#include "source/base/strings.h"

namespace omni::routing {
namespace {

template <size_t kSize>
bool holds_any(std::string_view text, const std::array<std::string_view, kSize>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// As OpenAI, Anthropic, Gemini, Groq, DeepSeek and vLLM word it, lower case.
constexpr std::array<std::string_view, 10> kOverflow = {
    "context_length_exceeded", "context length",
    "context window",          "maximum context",
    "prompt is too long",      "input is too long",
    "too many input tokens",   "exceeds the maximum number of tokens",
    "input token count",       "reduce the length"};
constexpr std::array<std::string_view, 9> kCredits = {
    "insufficient_quota",        "billing_hard_limit_reached", "exceeded your current quota",
    "credit balance is too low", "credit balance too low",     "insufficient balance",
    "insufficient credits",      "payment required",           "free tier exhausted"};
constexpr std::array<std::string_view, 5> kBanned = {
    "account deactivated", "account has been deactivated", "account has been disabled",
    "account has been suspended", "organization has been disabled"};
constexpr std::array<std::string_view, 5> kGone = {"no longer available", "has been deprecated",
                                                   "end of life", "endpoint has moved",
                                                   "update your base url"};
constexpr std::array<std::string_view, 3> kPerDay = {"per day", "daily", "perday"};
// A 400 that is about the model or a parameter of it: another model may take the request.
constexpr std::array<std::string_view, 11> kOfTheModel = {
    "model_not_found",   "unsupported_parameter",
    "unsupported_value", "does not support",
    "not supported",     "unknown model",
    "invalid model",     "model does not exist",
    "unknown parameter", "unrecognized request argument",
    "is not available"};

bool is_limit(const std::string& text) {
  return text.find("rate limit") != std::string::npos ||
         text.find("rate_limit") != std::string::npos ||
         text.find("too many requests") != std::string::npos;
}

Verdict judge_bad_request(const std::string& text) {
  if (holds_any(text, kOverflow)) return {.then = Then::kLargerTarget};
  if (holds_any(text, kCredits)) return {.then = Then::kNextAccount, .mark = Mark::kCredits};
  return {.then = holds_any(text, kOfTheModel) ? Then::kNextTarget : Then::kStop};
}

Verdict judge_limited(const Failure& failure, const std::string& text, bool limits_by_model) {
  if (holds_any(text, kCredits) && failure.hint == absl::ZeroDuration())
    return {.then = Then::kNextAccount, .mark = Mark::kCredits};
  Verdict out{.then = Then::kNextAccount, .mark = limits_by_model ? Mark::kLockModel : Mark::kCool};
  if (holds_any(text, kPerDay)) out.at_least = absl::Hours(1);
  return out;
}

Verdict judge_answer(const Failure& failure, bool limits_by_model) {
  const std::string text = lower(failure.code) + " " + lower(failure.message.substr(0, 2048));
  if (failure.status != 400 && failure.status < 500 && holds_any(text, kBanned))
    return {.then = Then::kNextAccount, .mark = Mark::kBanned};
  switch (failure.status) {
    case 400:
      return judge_bad_request(text);
    case 409:
    case 422:
    case 499:
      return {.then = Then::kStop};
    case 413:
      return {.then = holds_any(text, kOverflow) ? Then::kLargerTarget : Then::kStop};
    case 401:
      return {.then = Then::kNextAccount, .mark = Mark::kRest};
    case 402:
      return {.then = Then::kNextAccount, .mark = Mark::kCredits};
    case 403:
      if (holds_any(text, kCredits)) return {.then = Then::kNextAccount, .mark = Mark::kCredits};
      return {.then = Then::kNextAccount, .mark = Mark::kRest};
    case 404:
    case 410:
      return {.then = Then::kNextTarget,
              .mark = holds_any(text, kGone) ? Mark::kModelGone : Mark::kRestModel,
              .at_least = absl::Minutes(2)};
    case 429:
      return judge_limited(failure, text, limits_by_model);
    case 529:
      return {.then = Then::kNextAccount, .mark = Mark::kRest, .may_retry = true};
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
      return {.then = Then::kNextAccount,
              .mark = Mark::kRest,
              .may_retry = true,
              .counts_for_breaker = true};
    default:
      return {.then = Then::kNextTarget,
              .mark = failure.status >= 500 ? Mark::kRest : Mark::kNothing};
  }
}

}  // namespace

bool is_context_overflow(std::string_view code, std::string_view message) {
  return holds_any(lower(code) + " " + lower(message.substr(0, 2048)), kOverflow);
}

Verdict judge(const Failure& failure, bool limits_by_model) {
  switch (failure.kind) {
    case Failure::Kind::kAnswer:
      return judge_answer(failure, limits_by_model);
    // What it says in a stream or document of its own has no status to go by.
    case Failure::Kind::kInvalid:
      if (is_context_overflow(failure.code, failure.message)) return {.then = Then::kLargerTarget};
      if (is_limit(lower(failure.code) + " " + lower(failure.message.substr(0, 2048))))
        return {.then = Then::kNextAccount, .mark = Mark::kCool};
      return {.then = Then::kNextAccount, .mark = Mark::kRest, .may_retry = true};
    // Accounts may have ways of their own to the provider; its breaker ends it for all of them.
    case Failure::Kind::kTransport:
      return {.then = Then::kNextAccount,
              .mark = Mark::kRest,
              .may_retry = true,
              .counts_for_breaker = true};
    // The limit is ours, and a long answer breaks no provider.
    case Failure::Kind::kTimeout:
    case Failure::Kind::kUnsayable:
    case Failure::Kind::kOurs:
      break;
  }
  return {.then = Then::kNextTarget};
}

}  // namespace omni::routing
