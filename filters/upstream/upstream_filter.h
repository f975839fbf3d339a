// Ends the row: runs the plan, one attempt after the other, until an answer is committed.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "filters/upstream/leg.h"
#include "filters/upstream/running_models.h"
#include "filters/upstream/staging.h"

namespace omni::filters {

// Renders the request for each target, sends it, and holds what comes back until it commits: a
// stream at its first content, a plain answer when it is whole and a success object. An attempt
// that fails earlier leaves nothing behind but its line in facts.attempts.
class UpstreamFilter final : public Filter,
                             public LegEvents,
                             private PreludeEvents,
                             private TurnWork {
 public:
  static constexpr std::string_view kName = "upstream";

  struct Config {
    // Until the answer is committed; then between two bytes. Never over a whole stream.
    absl::Duration timeout = absl::Seconds(120);
    absl::Duration connect_timeout = absl::Seconds(10);
    // A client that waits this long for its stream to begin is sent a comment, and again after the
    // same time: proxies between us give up on silence. Infinite: never.
    absl::Duration heartbeat_after = absl::Seconds(15);
    Counter attempts, failures, hedges;
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  UpstreamFilter(const Config& config, FilterContext& context)
      : config_(config), context_(context) {}

  Next on_request_body(Buffer& bytes) override;
  Next on_request_complete() override;
  void on_response_pressure(bool hold) override;

 private:
  void on_commit(Leg& leg, ResponseHead&& head) override;
  void on_committed_body(Buffer&& bytes) override;
  void on_committed_complete(Leg& leg) override;
  void on_attempt_failed(Leg& leg, AttemptFailure&& failure) override;
  // The next attempt begins off the failed one's stack, unless the client left in the same turn.
  void on_turn() override;
  void on_prelude_done(Plan&& plan, size_t added_bytes) override;
  void on_prelude_failed(LocalReply&& why) override;
  bool begin_stages();
  AttemptRules attempt_rules() const;
  void launch(Leg& leg);
  bool turn_to_last_resort(const std::vector<routing::Skipped>& skipped);
  routing::CourseInput course_input();
  bool is_hedge(const Leg& leg) const { return &leg == hedge_.get(); }
  void note_ended(const Leg& leg);
  void begin();
  void try_next();
  void start_attempt(Leg& leg);
  std::unique_ptr<TargetAttempt> make_attempt(Leg& leg);
  void watch_for_slowness();
  void hedge();
  bool is_worth(const Target& target) const;
  void give_up_on(Leg& leg, std::string_view reason);
  void limit_time();
  [[gnu::cold]] void time_out();
  int64_t now_ms() const;
  void tell(std::string_view body);
  void note_wait(absl::Duration hint);
  bool lacks_endpoint(const AttemptFailure& failure) const;
  bool has_forgotten(const AttemptFailure& failure);
  void send_heartbeat();
  [[gnu::cold]] void give_up();
  LocalReply ending(const std::vector<routing::Skipped>& skipped, bool has_timed_out);
  void reply(LocalReply&& why);

  const Config& config_;
  FilterContext& context_;
  std::optional<Leg> leg_;
  TurnTask<UpstreamFilter, &UpstreamFilter::begin> beginning_{*this};
  // Beside it, once, when its stream is slow to begin. Whichever commits first goes on alone.
  std::unique_ptr<Leg> hedge_;
  std::unique_ptr<Timer> slowness_;
  // Of combos that ask more than one for an answer.
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<AttemptFailure> last_;  // Of the attempts so far.
  std::unique_ptr<Timer> pause_;          // Until the next attempt.
  std::unique_ptr<Timer> limit_;          // Of a combo's time for all of it, until the commit.
  int64_t asked_until_ms_ = 0;  // The first moment that one who failed named; 0: none did.
  bool estimates_ = false;      // A count that the provider has no endpoint for.
  bool held_ = false;           // The client takes no more for now; the next attempt must know.
  bool has_failed_ = false;     // leg_'s attempt: the next one begins at the turn's end.
  bool has_committed_ = false;
  bool has_ended_ = false;
  bool tells_of_money_ = false;  // An attempt failed for want of it.
  // Of all but the last resort, which is being asked: leg_ has nothing more to try.
  std::unique_ptr<LocalReply> ending_;
  std::unique_ptr<RunningModels> running_;
  std::unique_ptr<Timer> heartbeat_;  // Of a client that streams, until the commit.
};

}  // namespace omni::filters
