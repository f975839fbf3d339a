// The way of one request through its plan: what to try next, and what a failure means for it and
// for everybody else. No I/O and no clock of its own.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/time/time.h>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/routing/accounts.h"
#include "source/routing/chooser.h"
#include "source/routing/combo.h"
#include "source/routing/failure.h"
#include "source/routing/plan.h"
#include "source/routing/policy.h"

namespace omni::routing {

struct CourseInput {
  const std::vector<std::string>* allowed = nullptr;  // As is_allowed_account(); null: all.
  uint64_t random = 0;                                // Fresh for each request.
  size_t body_bytes = 0;                              // For a guess at the tokens.
  uint8_t needs = 0;  // What the model has to do: Modality bits and kToolCalls.
  int64_t began_ms = 0;
  // The request is under way elsewhere, which leave_out() names: a single attempt is made.
  bool is_hedge = false;
  // Where to note what was passed over when a target was chosen, once each; null: nobody asks.
  std::vector<Skipped>* skips = nullptr;
};

// One thread. Destroying it, while an attempt runs, says that the client left.
class Course {
 public:
  // Attempts over all targets and waits.
  static constexpr int kMostAttempts = 30;

  struct Step {
    enum class Kind : uint8_t { kTry, kWait, kEnd };
    Kind kind = Kind::kEnd;
    absl::Duration wait;  // Of kWait: then next() again.
  };

  // `plan` and `policy` outlive this.
  Course(const Plan& plan, const Policy& policy, const CourseInput& input);
  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;
  ~Course();

  // What to do now. After kTry the attempt is reported on with one of the verbs below.
  Step next(int64_t now_ms);
  // Where to try. Valid until the next call of next().
  const Target& target() const { return target_; }

  // The same target is to be tried once more, in other words: nothing is held against it.
  void try_again();
  // The rules' time is over in the middle of an attempt or a wait: neither is held against anybody.
  // Nothing else is to be tried.
  void time_out();
  // The attempt gave nothing.
  void fail(const Failure& failure, int64_t now_ms);
  // Its answer goes to the client. `first_token_us`: since the attempt began.
  void commit(int64_t first_token_us, int64_t now_ms);
  // The committed answer is over; or it broke off, through no fault of ours.
  void end(bool is_whole, int64_t now_ms);

  // What stands in the way of each, in the plan's order, of those that were tried as well. After
  // kEnd.
  std::vector<Skipped> skipped(int64_t now_ms) const;
  // How long an attempt that just began may take before another is made beside it; nullopt: as long
  // as it likes.
  std::optional<absl::Duration> hedge_delay() const;
  // Whether the combo's requests may cost one more attempt; counts it.
  bool take_hedge() const;
  // It is tried beside this one: not here as well.
  void leave_out(const Target& target) { left_out_ = target; }

  bool has_timed_out() const { return has_timed_out_; }
  int attempts() const { return attempts_; }

 private:
  // One of the plan's targets that failed in a way that may pass.
  struct Again {
    uint16_t place = 0;
    const Account* account = nullptr;
    int retries = 0;
  };

  // Where the line is shortest.
  struct Queued {
    const Target* target = nullptr;
    const Account* account = nullptr;
    int64_t until_ms = 0;
  };

  AccountQuery query(const Target& target, const Account* only, int64_t now_ms) const;
  void note_skipped(const Skipped& skipped);
  void note_skipped(const Target& target, std::string_view why, int64_t until_ms = 0);
  void forget_skipped();
  bool is_left_out(const Target& target) const;
  bool is_full(const Account& account) const;
  bool admit(const Account& account, int64_t now_ms);
  void put_back(uint16_t place);
  std::optional<absl::Duration> stand_in_line(int64_t now_ms);
  void line_up(const Account& account);
  void leave_line();
  uint8_t missing(const ComboTarget& target) const { return input_.needs & target.lacks; }
  bool suits(const ComboTarget& target) const;
  Fitness look_at(const Target& target, const ComboTarget* known, int64_t now_ms);
  Fitness look_at(uint16_t place, int64_t now_ms);
  std::optional<uint16_t> choose(int64_t now_ms);
  std::optional<uint16_t> choose_named(int64_t now_ms);
  bool is_any_left(int64_t now_ms);
  bool enter(uint16_t place, const Account* only, int64_t now_ms);
  Step wait_or_end(int64_t now_ms);
  void mark(const Verdict& verdict, const Failure& failure, int64_t now_ms);
  void leave();
  void remember(const Combo& combo, int64_t now_ms) const;
  size_t count() const { return chooser_ ? plan_.places.size() : plan_.targets.size(); }
  uint16_t place(size_t index) const {
    return chooser_ ? plan_.places[index] : static_cast<uint16_t>(index);
  }
  const Target& at(uint16_t place) const {
    return chooser_ ? plan_.combo->targets[place].target : plan_.targets[place];
  }
  // Null when the plan names its targets.
  const ComboTarget* known(uint16_t place) const {
    return chooser_ ? &plan_.combo->targets[place] : nullptr;
  }

  const Plan& plan_;
  const Policy& policy_;
  const CourseInput input_;
  std::optional<Chooser> chooser_;             // None when the plan names its targets.
  std::bitset<ComboCell::kMostTargets> done_;  // Of those.
  absl::InlinedVector<const Account*, 1> excluded_;
  absl::InlinedVector<Again, 1> again_;
  Target target_;
  std::optional<Target> left_out_;
  uint16_t place_ = 0;
  std::optional<Again> due_;  // Tried again when next() is called.
  int attempts_ = 0, waits_ = 0, retries_ = 0;
  int64_t needs_context_ = 0;  // Tokens; more than this.
  int64_t earliest_ms_ = 0;  // When the first of those that ask to wait may be tried; 0: none does.
  bool has_stopped_ = false, has_timed_out_ = false, runs_ = false, probes_ = false;
  bool has_waited_ = false;
  Queued queued_;
  const Account* lined_up_at_ = nullptr;  // Where it counts among those that wait.
  int64_t queue_until_ms_ = 0;            // It waits in line no longer; 0: it did not.
  bool has_place_ = false;                // In the line of what is due.
};

}  // namespace omni::routing
