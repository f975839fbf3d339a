// Strategy fusion: several models answer the same conversation, and one makes an answer of theirs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/upstream/prelude.h"

namespace omni::filters {

class Panel final : public Prelude {
 public:
  // As make_prelude().
  Panel(Exchange& exchange, const AttemptRules& rules, PreludeEvents& events);

  void begin() override;
  void give_up(std::string_view reason) override;

 private:
  struct Member {
    const routing::StagePlan* stage;
    std::unique_ptr<SideCall> call;  // Null: not asked.
  };

  bool is_usable(const Member& member) const { return !member.stage->plan.empty(); }
  void ask(Member& member);
  void ask_more();
  void on_done(SideCall& call);
  void look();
  void on_time_out();
  void finish();
  void fail(bool has_timed_out);
  void fail_unusable();
  std::string judge_text(size_t& bytes);
  std::string name_of(const Member& member) const;
  std::string what_became() const;
  int status() const;

  Exchange& exchange_;
  const AttemptRules& rules_;
  PreludeEvents& events_;
  const std::shared_ptr<const routing::StagePlans> stages_;
  const routing::Combo& combo_;
  const routing::StagePlan* judge_ = nullptr;
  std::vector<Member> members_;
  size_t next_ = 0;
  int running_ = 0, answered_ = 0, left_ = 0;  // Left: may still answer.
  bool is_over_ = false, is_in_grace_ = false;
  std::unique_ptr<Timer> timeout_;
  absl::Duration deadline_;  // Since the clock's start.
};

}  // namespace omni::filters
