#include "filters/upstream/upstream_filter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/cost.h"
#include "api/snapshot.h"
#include "api/upstream.h"
#include "filters/upstream/course_input.h"
#include "filters/upstream/emergency.h"
#include "filters/upstream/ending.h"
#include "filters/upstream/estimate_attempt.h"
#include "source/llm/responses/history.h"
#include "source/llm/token_count.h"

namespace omni::filters {

absl::StatusOr<UpstreamFilter::Config> UpstreamFilter::Config::parse(const ConfigNode& node,
                                                                     FilterEnv& env) {
  Config config;
  OMNI_ASSIGN_OR_RETURN(config.timeout, node.duration("timeout", config.timeout));
  OMNI_ASSIGN_OR_RETURN(config.connect_timeout,
                        node.duration("connect_timeout", config.connect_timeout));
  if (config.timeout <= absl::ZeroDuration())
    return node.error_at("timeout", "must be more than zero");
  if (config.connect_timeout <= absl::ZeroDuration())
    return node.error_at("connect_timeout", "must be more than zero");
  OMNI_ASSIGN_OR_RETURN(config.heartbeat_after,
                        node.duration("heartbeat_after", config.heartbeat_after));
  if (config.heartbeat_after == absl::ZeroDuration())
    config.heartbeat_after = absl::InfiniteDuration();
  OMNI_RETURN_IF_ERROR(node.done());
  config.attempts =
      env.stats.counter("omniroute_upstream_attempts_total", "Requests sent to a target.");
  config.hedges = env.stats.counter("omniroute_upstream_hedges_total",
                                    "Attempts made beside one that was slow to begin.");
  config.failures = env.stats.counter("omniroute_upstream_attempt_failures_total",
                                      "Attempts that gave no answer.");
  return config;
}

// The call holds the body; what the lane carries has served its purpose.
Next UpstreamFilter::on_request_body(Buffer& bytes) {
  bytes.clear();
  return Next::kContinue;
}

Next UpstreamFilter::on_request_complete() {
  Exchange& exchange = context_.exchange();
  if (exchange.facts().endpoint == Endpoint::kRunning) {
    running_ = std::make_unique<RunningModels>(exchange, [this](std::string body) { tell(body); });
    return Next::kContinue;
  }
  if (exchange.facts().call.wants_events() && config_.heartbeat_after < config_.timeout) {
    heartbeat_ = exchange.dispatcher().make_timer([this] { send_heartbeat(); });
    heartbeat_->arm(config_.heartbeat_after);
  }
  limit_time();
  if (exchange.facts().plan.stages != nullptr && begin_stages()) return Next::kContinue;
  leg_.emplace(*this, exchange.facts().plan, exchange.snapshot().resilience, course_input());
  exchange.dispatcher().in_turn(TurnPart::kAttempts, beginning_);
  return Next::kContinue;
}

void UpstreamFilter::limit_time() {
  const Plan& plan = context_.exchange().facts().plan;
  if (plan.combo == nullptr || plan.rules.timeout <= absl::ZeroDuration()) return;
  limit_ = context_.exchange().dispatcher().make_timer([this] { time_out(); });
  limit_->arm(plan.rules.timeout);
}

// Whatever goes on then, an attempt, a wait, or what is asked before either.
void UpstreamFilter::time_out() {
  constexpr std::string_view kReason = "combo_timeout";
  if (has_committed_ || context_.exchange().is_over()) return;
  leave_turn();
  if (slowness_) slowness_->disarm();
  if (pause_) pause_->disarm();
  if (staging_) staging_->give_up(kReason);
  if (hedge_) give_up_on(*hedge_, kReason);
  hedge_.reset();
  std::vector<routing::Skipped> skipped;
  if (leg_) {
    give_up_on(*leg_, kReason);
    leg_->course.time_out();
    skipped = leg_->course.skipped(now_ms());
  }
  // The last resort is none of the combo's: what its targets said stands.
  reply(ending_ ? std::move(*ending_) : ending(skipped, true));
}

void UpstreamFilter::reply(LocalReply&& why) {
  if (limit_) limit_->disarm();
  heartbeat_.reset();
  context_.reply(std::move(why));
}

// True: the answer has to wait.
bool UpstreamFilter::begin_stages() {
  staging_ = std::make_unique<Staging>(attempt_rules());
  return staging_->begin(context_.exchange(), *this);
}

AttemptRules UpstreamFilter::attempt_rules() const {
  return {.timeout = config_.timeout,
          .connect_timeout = config_.connect_timeout,
          .attempts = config_.attempts,
          .failures = config_.failures};
}

void UpstreamFilter::on_prelude_done(Plan&& plan, size_t added_bytes) {
  Exchange& exchange = context_.exchange();
  exchange.facts().plan = std::move(plan);
  routing::CourseInput input = course_input();
  input.body_bytes += added_bytes;
  // The rules' time is that of all of it.
  input.began_ms -= exchange.elapsed_us() / 1000;
  leg_.emplace(*this, exchange.facts().plan, exchange.snapshot().resilience, input);
  try_next();
}

void UpstreamFilter::on_prelude_failed(LocalReply&& why) { reply(std::move(why)); }

routing::CourseInput UpstreamFilter::course_input() {
  Exchange& exchange = context_.exchange();
  const Facts& facts = exchange.facts();
  return course_input_of(exchange, facts.plan.combo, facts.call.body().size());
}

int64_t UpstreamFilter::now_ms() const {
  return absl::ToUnixMillis(context_.exchange().dispatcher().clock().now());
}

void UpstreamFilter::tell(std::string_view body) {
  context_.exchange().facts().answer.source = Answer::Source::kLocal;
  ResponseHead head;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  context_.respond_headers(std::move(head));
  context_.respond_body(Buffer(body));
  context_.respond_complete();
}

// From here on what fails is an error event, and the next target is tried behind the silence.
void UpstreamFilter::send_heartbeat() {
  Answer& answer = context_.exchange().facts().answer;
  heartbeat_->arm(config_.heartbeat_after);
  if (!std::exchange(answer.is_early, true)) {
    answer.is_stream = true;
    context_.respond_headers({.status = 200});
  }
  context_.respond_body(Buffer(": waiting\n\n"));
}

void UpstreamFilter::begin() {
  if (!context_.exchange().is_over()) try_next();
}

void UpstreamFilter::try_next() {
  using Kind = routing::Course::Step::Kind;
  const routing::Course::Step step = leg_->course.next(now_ms());
  if (step.kind == Kind::kTry) return start_attempt(*leg_);
  leg_->attempt.reset();
  if (step.kind == Kind::kEnd) {
    has_ended_ = true;
    if (!hedge_) give_up();
    return;
  }
  if (!pause_) pause_ = context_.exchange().dispatcher().make_timer([this] { try_next(); });
  pause_->arm(step.wait);
}

void UpstreamFilter::start_attempt(Leg& leg) {
  const bool is_first = &leg == &*leg_;
  if (staging_ && is_first && staging_->delays(leg.course.target(), [this] { launch(*leg_); }))
    return;
  launch(leg);
}

void UpstreamFilter::launch(Leg& leg) {
  Exchange& exchange = context_.exchange();
  leg.began_us = exchange.elapsed_us();
  leg.runs = true;
  exchange.facts().trail.underway[is_hedge(leg) ? 1 : 0] = {&leg.course.target(), leg.began_us};
  leg.attempt = make_attempt(leg);
  if (held_) leg.attempt->hold(true);
  if (&leg == &*leg_) watch_for_slowness();
}

std::unique_ptr<TargetAttempt> UpstreamFilter::make_attempt(Leg& leg) {
  Exchange& exchange = context_.exchange();
  const Target& target = leg.course.target();
  if (exchange.facts().endpoint == Endpoint::kCountTokens &&
      (estimates_ || target.provider->is_demo || !llm::can_count(target.provider->dialect)))
    return std::make_unique<EstimateAttempt>(exchange, target, leg);
  return make_target_attempt(exchange, target, attempt_rules(), leg);
}

void UpstreamFilter::watch_for_slowness() {
  const Facts& facts = context_.exchange().facts();
  if (!facts.plan.rules.hedge.enabled || hedge_) return;
  if (facts.endpoint != Endpoint::kChat || !facts.call.wants_stream()) return;
  const std::optional<absl::Duration> delay = leg_->course.hedge_delay();
  if (!delay) return;
  if (!slowness_) slowness_ = context_.exchange().dispatcher().make_timer([this] { hedge(); });
  slowness_->arm(*delay);
}

// The first target is slower than it usually is: another one is asked as well.
void UpstreamFilter::hedge() {
  Exchange& exchange = context_.exchange();
  if (hedge_ || !leg_->runs || exchange.is_over()) return;
  routing::CourseInput input = course_input();
  input.is_hedge = true;
  auto leg =
      std::make_unique<Leg>(*this, exchange.facts().plan, exchange.snapshot().resilience, input);
  leg->course.leave_out(leg_->course.target());
  if (leg->course.next(now_ms()).kind != routing::Course::Step::Kind::kTry) return;
  if (!is_worth(leg->course.target()) || !leg->course.take_hedge()) return;
  config_.hedges.add();
  leg_->course.leave_out(leg->course.target());
  hedge_ = std::move(leg);
  start_attempt(*hedge_);
}

// Whoever sets a limit to what it costs does not want to pay a price that is not known.
bool UpstreamFilter::is_worth(const Target& target) const {
  const Facts& facts = context_.exchange().facts();
  const int64_t limit = facts.plan.rules.hedge.max_cost_nanos;
  if (limit == 0) return true;
  constexpr size_t kBytesPerToken = 4;
  const Price* price = llm::find_price(*target.provider, target.model);
  const auto tokens = static_cast<int64_t>(facts.call.body().size() / kBytesPerToken);
  const ServiceTier tier = asked_tier(facts, spoken_to(*target.provider, facts.call.dialect()));
  return price != nullptr && llm::cost_of(*price, {.input = tokens, .tier = tier}) <= limit;
}

// What the attempt left in the history, if anything, is the last of it.
void UpstreamFilter::note_ended(const Leg& leg) {
  Facts& facts = context_.exchange().facts();
  facts.trail.underway[is_hedge(leg) ? 1 : 0] = {};
  if (!is_hedge(leg) || facts.attempts.empty()) return;
  Attempt& last = facts.attempts.back();
  const Target& target = leg.course.target();
  if (last.provider == target.provider && last.model == target.model) last.is_hedge = true;
}

// Nothing is held against it, but it may have read the prompt.
void UpstreamFilter::give_up_on(Leg& leg, std::string_view reason) {
  leg.attempt.reset();
  if (!std::exchange(leg.runs, false)) return;
  Exchange& exchange = context_.exchange();
  const Target& target = leg.course.target();
  Attempt& lost = exchange.facts().attempts.emplace_back();
  lost.provider = target.provider;
  if (target.account != nullptr) lost.account = target.account->name;
  lost.model = target.model;
  lost.reason = reason;
  lost.start_us = leg.began_us;
  lost.total_us = exchange.elapsed_us() - leg.began_us;
  note_ended(leg);
}

void UpstreamFilter::on_response_pressure(bool hold) {
  held_ = hold;
  for (Leg* leg : {leg_ ? &*leg_ : nullptr, hedge_.get()})
    if (leg != nullptr && leg->attempt) leg->attempt->hold(hold);
}

void UpstreamFilter::on_commit(Leg& leg, ResponseHead&& head) {
  heartbeat_.reset();
  slowness_.reset();
  pause_.reset();
  limit_.reset();
  leg.runs = false;
  has_committed_ = true;
  if (hedge_ != nullptr) {
    const bool is_first = &leg == &*leg_;
    give_up_on(is_first ? *hedge_ : *leg_, kHedgeLost);
    if (is_first)
      hedge_.reset();
    else
      leg_.reset();
  }
  if (staging_) staging_->on_commit(leg.course.target());
  leg.course.commit(context_.exchange().elapsed_us() - leg.began_us, now_ms());
  if (ending_) head.headers.add("x-omniroute-fallback", "emergency");
  if (!context_.exchange().facts().answer.is_early) context_.respond_headers(std::move(head));
}

void UpstreamFilter::on_committed_body(Buffer&& bytes) { context_.respond_body(std::move(bytes)); }

void UpstreamFilter::on_committed_complete(Leg& leg) {
  note_ended(leg);
  const Answer& answer = context_.exchange().facts().answer;
  leg.course.end(answer.failure->message.empty(), now_ms());
  // Nobody watches the end of a plain answer, nor of a kept one: cut short, it must not look whole.
  const bool is_watched =
      answer.is_stream && !is_kept_response(context_.exchange().facts().endpoint);
  if (!is_watched && !answer.failure->message.empty()) {
    context_.reply(
        {.status = 502, .code = answer.failure->code, .message = answer.failure->message});
    return;
  }
  context_.respond_complete();
}

// A server that speaks the dialect need not have all of its vendor's endpoints. Where it knows no
// such model it says so.
bool UpstreamFilter::lacks_endpoint(const AttemptFailure& failure) const {
  const int status = failure.reply.status;
  return context_.exchange().facts().endpoint == Endpoint::kCountTokens &&
         (status == 404 || status == 405 || status == 501) &&
         failure.reply.message.find("model") == std::string::npos;
}

// A provider need not keep responses as long as we do: then it is told what came before.
bool UpstreamFilter::has_forgotten(const AttemptFailure& failure) {
  Facts& facts = context_.exchange().facts();
  if (facts.endpoint != Endpoint::kChat || facts.kept->provider.empty()) return false;
  if (facts.call.history() == nullptr || !facts.call.history()->is_whole) return false;
  if (failure.reply.code != "previous_response_not_found" &&
      failure.reply.param != "previous_response_id")
    return false;
  facts.kept.make().provider.clear();
  return true;
}

// What was asked for and is over by now is no reason to wait.
void UpstreamFilter::note_wait(absl::Duration hint) {
  if (hint <= absl::ZeroDuration()) return;
  const int64_t until_ms = now_ms() + absl::ToInt64Milliseconds(hint);
  const bool is_first = asked_until_ms_ <= now_ms() || until_ms < asked_until_ms_;
  if (is_first) asked_until_ms_ = until_ms;
}

void UpstreamFilter::on_attempt_failed(Leg& leg, AttemptFailure&& failure) {
  config_.failures.add();
  note_ended(leg);
  leg.runs = false;
  if (slowness_) slowness_->disarm();
  if (has_forgotten(failure) || (lacks_endpoint(failure) && !std::exchange(estimates_, true))) {
    leg.course.try_again();
  } else {
    const routing::Failure failed{.kind = failure.kind,
                                  .status = failure.reply.status,
                                  .code = failure.reply.code,
                                  .message = failure.reply.message,
                                  .hint = failure.hint};
    leg.course.fail(failed, now_ms());
    tells_of_money_ |= is_about_money(failed);
    note_wait(failed.hint);
    last_ = std::make_unique<AttemptFailure>(std::move(failure));
  }
  has_failed_ |= leg_ && &leg == &*leg_;
  context_.exchange().dispatcher().at_turn_end(*this);
}

void UpstreamFilter::on_turn() {
  if (has_committed_ || context_.exchange().is_over()) return;
  const bool hedge_failed = hedge_ && !hedge_->runs;
  if (hedge_failed) hedge_.reset();
  if (std::exchange(has_failed_, false)) return try_next();
  if (hedge_failed && has_ended_) give_up();
}

void UpstreamFilter::give_up() {
  // What the others said is what the client has to act on.
  const bool is_over = ending_ != nullptr;
  if (!is_over) {
    const std::vector<routing::Skipped> skipped = leg_->course.skipped(now_ms());
    const bool has_timed_out = leg_->course.has_timed_out();
    ending_ = std::make_unique<LocalReply>(ending(skipped, has_timed_out));
    if (!has_timed_out && turn_to_last_resort(skipped)) return;
  }
  reply(std::move(*ending_));
}

LocalReply UpstreamFilter::ending(const std::vector<routing::Skipped>& skipped,
                                  bool has_timed_out) {
  return make_ending({.facts = context_.exchange().facts(),
                      .last = last_ ? &last_->reply : nullptr,
                      .skipped = skipped,
                      .has_timed_out = has_timed_out,
                      .now_ms = now_ms(),
                      .asked_until_ms = asked_until_ms_});
}

bool UpstreamFilter::turn_to_last_resort(const std::vector<routing::Skipped>& skipped) {
  Exchange& exchange = context_.exchange();
  std::optional<Plan> plan = emergency_plan(exchange, tells_of_money_, skipped);
  if (!plan) return false;
  has_ended_ = false;
  leg_.reset();
  exchange.facts().plan = *std::move(plan);
  leg_.emplace(*this, exchange.facts().plan, exchange.snapshot().resilience, course_input());
  try_next();
  return true;
}

}  // namespace omni::filters
