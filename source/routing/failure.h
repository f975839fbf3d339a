// What a failed attempt means: for the request, and for the place that it was sent to.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string_view>

#include "source/routing/cells.h"

namespace omni::routing {

struct Failure {
  enum class Kind : uint8_t {
    kAnswer,     // The provider said no.
    kInvalid,    // It said something that is no answer.
    kTransport,  // It could not be reached, or the connection broke.
    kTimeout,    // It was too slow for us.
    kUnsayable,  // The target cannot be asked this: nothing was sent.
    kOurs,       // Our own queue was full, or our own proxy dead: nothing was sent.
  };
  Kind kind = Kind::kAnswer;
  int status = 502;
  std::string_view code;     // Of the error body, or our own.
  std::string_view message;  // The same.
  absl::Duration hint;       // How long it asks to be left alone; zero: not said.
};

enum class Then : uint8_t {
  kStop,          // Every target would say the same.
  kNextAccount,   // Another account of the provider, else the next target.
  kNextTarget,    // Not this model of this provider.
  kLargerTarget,  // One whose context holds more.
};

// What is remembered of the account, for others.
enum class Mark : uint8_t {
  kNothing,
  kRest,       // Better left alone for a while: tried only when there is nothing else.
  kCool,       // Not to be used before the hint, or the cooldown, is over.
  kCredits,    // Its money is spent.
  kBanned,     // It will not work again.
  kLockModel,  // As kCool, for this model alone.
  kRestModel,  // As kRest, for this model alone.
  kModelGone,  // The model will not come back.
};

struct Verdict {
  Then then = Then::kNextTarget;
  Mark mark = Mark::kNothing;
  bool may_retry = false;           // The same place may do better in a moment.
  bool counts_for_breaker = false;  // The provider itself seems to be down.
  absl::Duration at_least;          // Of kCool, when no hint says otherwise; zero: the rule's.
};

// Pure. `limits_by_model`: the provider's limits are per model, so that 429 says nothing of others.
Verdict judge(const Failure& failure, bool limits_by_model);

// Whether a text is about a request that is too long for the model.
bool is_context_overflow(std::string_view code, std::string_view message);

}  // namespace omni::routing
