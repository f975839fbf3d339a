// What a combo does beside the one attempt after the other that makes a plain answer.
#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "filters/upstream/handoff.h"
#include "filters/upstream/prelude.h"

namespace omni::filters {

// Of one request whose plan has stages.
class Staging {
 public:
  explicit Staging(AttemptRules rules) : rules_(std::move(rules)) {}

  // True: the answer has to wait for one of the events, which may have come by then. Both outlive
  // this.
  bool begin(Exchange& exchange, PreludeEvents& events);
  // What goes before the answer is not waited for any longer; no event follows.
  void give_up(std::string_view reason) {
    if (prelude_) prelude_->give_up(reason);
    if (handoff_) handoff_->give_up(reason);
  }
  // As Handoff's.
  bool delays(const Target& target, absl::AnyInvocable<void()> go) {
    return handoff_ && handoff_->delays(target, std::move(go));
  }
  void on_commit(const Target& target) {
    if (handoff_) handoff_->on_commit(target);
  }

 private:
  const AttemptRules rules_;
  std::unique_ptr<Prelude> prelude_;
  std::optional<Handoff> handoff_;
};

}  // namespace omni::filters
