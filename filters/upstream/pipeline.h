// Strategy pipeline: one model after the other, each is given what the one before it said.
#pragma once

#include <memory>
#include <string>

#include "filters/upstream/prelude.h"

namespace omni::filters {

class Pipeline final : public Prelude {
 public:
  // As make_prelude().
  Pipeline(Exchange& exchange, const AttemptRules& rules, PreludeEvents& events);

  void begin() override;
  void give_up(std::string_view reason) override;

 private:
  void ask();
  bool is_spent();
  void on_done(SideCall& call);
  size_t add_step(llm::Request& request);
  void fail(const SideCall& call);
  void end(LocalReply&& reply);
  std::string step_name(size_t step) const;

  Exchange& exchange_;
  const AttemptRules& rules_;
  PreludeEvents& events_;
  const std::shared_ptr<const routing::StagePlans> stages_;
  const routing::Combo& combo_;
  size_t step_ = 0;
  std::string said_;  // By the step before, as it stands between the quotes of JSON.
  std::unique_ptr<SideCall> call_, last_call_;
};

}  // namespace omni::filters
