// Strategy context-relay: who takes a conversation over is told by a summary what it was about.
#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <string>

#include "filters/upstream/side_call.h"
#include "source/llm/transcript.h"
#include "source/routing/combo.h"
#include "source/routing/handoff_book.h"

namespace omni::filters {

// Of one request. Whatever goes wrong, the request goes on as it is.
class Handoff {
 public:
  // Everything outlives it. Puts who has the conversation first in the exchange's plan, so that it
  // stays there until it has to move.
  Handoff(Exchange& exchange, const AttemptRules& rules);

  // Before an attempt at `target`. True: it has to wait for the summary, after which `go` is called
  // at a turn's end; `target` stays as it is until then.
  bool delays(const Target& target, absl::AnyInvocable<void()> go);
  // A summary under way is not waited for any longer, and is noted as an attempt that was given up;
  // `go` is not called.
  void give_up(std::string_view reason);
  // Its answer goes to the client.
  void on_commit(const Target& target);

 private:
  std::string name() const;
  bool is_told_of_this(const routing::HandoffBook::Entry& entry) const;
  bool runs_out(const Target& target, double least) const;
  bool is_due(const Target& target) const;
  bool ask(const Target& target, absl::AnyInvocable<void()> go);
  Plan summary_plan(const Target& target) const;
  void write_request(llm::Request& request) const;
  void finish();
  void tell(std::string note);

  Exchange& exchange_;
  const AttemptRules& rules_;
  const std::shared_ptr<const routing::StagePlans> stages_;
  const routing::Combo& combo_;
  // Who had it before, null: nobody, or that is forgotten.
  std::shared_ptr<const routing::HandoffBook::Entry> before_;
  std::string note_;       // What the request says by now, as it stands between the quotes of JSON.
  std::string next_;       // What whoever takes over from now on will be told.
  llm::Reached covered_;   // By both.
  bool is_ahead_ = false;  // What is asked for is next_.
  bool has_asked_ = false;
  std::unique_ptr<Timer> timeout_;
  std::unique_ptr<SideCall> call_;
  absl::AnyInvocable<void()> go_;
};

}  // namespace omni::filters
