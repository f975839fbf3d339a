// Which account of a provider serves a request.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"

namespace omni::routing {

struct QueueRule;

// How well something would do now; the better come first.
enum class Fitness : uint8_t {
  kGood,
  kUnsuited,  // The model probably holds too little, or does not read what was sent.
  kResting,   // It failed a moment ago: worth a try when nothing else is left.
  kWaiting,   // Its provider asks to wait.
  kOut,       // No account, none allowed, none that works.
};

// An account in whose way something stands.
struct AccountNote {
  const Account* account = nullptr;
  std::string_view why;  // A stable word, a literal.
  int64_t until_ms = 0;
};
using AccountNotes = absl::InlinedVector<AccountNote, 4>;

struct AccountQuery {
  const Provider& provider;
  std::string_view model;
  int64_t now_ms = 0;
  uint64_t random = 0;
  std::string_view session;                           // Empty: none.
  const Account* only = nullptr;                      // The one to use; null: any.
  absl::Span<const Account* const> excluded;          // Failed in this request already.
  const std::vector<std::string>* allowed = nullptr;  // As is_allowed_account(); null: all.
  const QueueRule* queue = nullptr;                   // Who is asked too fast has to wait.
  AccountNotes* notes = nullptr;                      // Null: nobody asks.
};

struct AccountChoice {
  const Account* account = nullptr;  // Null unless the fitness is kGood or kResting.
  Fitness fitness = Fitness::kOut;
  int64_t until_ms = 0;  // Of kWaiting: when the first one may be used.
  std::string_view why;  // Of kWaiting and kOut: a stable word.
  // Of kWaiting, when the first one that may be used is only asked too fast now.
  const Account* queued = nullptr;
};

// How well the provider's accounts would do for `model`, without choosing one.
AccountChoice look_at_accounts(const AccountQuery& query);

// Chooses: the account that the session is pinned to while that is good, else by the provider's
// strategy among the best. Counts the choice, and pins the session to it. About 5 ns an account.
AccountChoice choose_account(const AccountQuery& query);

}  // namespace omni::routing
