// What is asked before the answer itself: a panel, the steps of a pipeline.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/exchange.h"
#include "filters/upstream/side_call.h"
#include "source/routing/combo.h"

namespace omni::filters {

class PreludeEvents {
 public:
  // The exchange's call says by now what is to be answered, about `added_bytes` more than its body,
  // and `plan` where.
  virtual void on_prelude_done(Plan&& plan, size_t added_bytes) = 0;
  virtual void on_prelude_failed(LocalReply&& why) = 0;

 protected:
  ~PreludeEvents() = default;
};

// Destroying it cancels it, but not from inside one of its events.
class Prelude {
 public:
  virtual ~Prelude() = default;
  // Ends with one of the events, perhaps before this has returned.
  virtual void begin() = 0;
  // Whoever is asked is asked no longer, and noted with this reason. No event follows.
  virtual void give_up(std::string_view reason) = 0;
};

// That of the exchange's combo, whose request can be decoded; null when it has none. Everything
// outlives it.
std::unique_ptr<Prelude> make_prelude(Exchange& exchange, const AttemptRules& rules,
                                      PreludeEvents& events);

// Why the conversation cannot be told to anybody in other words than the client's; nullopt: it can.
std::optional<LocalReply> refuse_conversation(Exchange& exchange);

// What the client is told when its key has nothing left for `next`, which then is not asked;
// nothing while it has. What the exchange has cost by now is taken first.
std::optional<LocalReply> refuse_unpaid(Exchange& exchange, std::string_view next);

// "p1/m", or what stands for a call that nobody was asked in.
std::string target_name(const SideCall& call);

}  // namespace omni::filters
