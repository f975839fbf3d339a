#include "source/routing/course.h"

#include <algorithm>
#include <utility>

namespace omni::routing {
namespace {

// A token of English or code is about four bytes; the rest of a body is names and brackets.
constexpr size_t kBytesPerToken = 4;
constexpr int64_t kModelGoneMs = 24 * 3600 * 1000;
constexpr int64_t kCreditsMs = 3600 * 1000;
constexpr int64_t kBannedMs = 24 * 3600 * 1000;

std::string_view why_unsuited(uint8_t missing) {
  if ((missing & kToolCalls) != 0) return "tools_not_supported";
  return missing != 0 ? "input_not_read" : "context_too_small";
}

int64_t ms(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

}  // namespace

Course::Course(const Plan& plan, const Policy& policy, const CourseInput& input)
    : plan_(plan), policy_(policy), input_(input) {
  if (plan.combo != nullptr)
    chooser_.emplace(*plan.combo, absl::MakeConstSpan(plan.places), input.random, plan.session,
                     input.began_ms, static_cast<Pack>(plan.pack));
  if (plan.combo != nullptr && plan.rules.hedge.enabled && !input.is_hedge)
    plan.combo->cell->hedges.on_request(plan.rules.hedge.share);
}

Course::~Course() {
  leave_line();
  leave();
}

AccountQuery Course::query(const Target& target, const Account* only, int64_t now_ms) const {
  return {.provider = *target.provider,
          .model = target.model,
          .now_ms = now_ms,
          .random = input_.random,
          .session = plan_.session,
          .only = only != nullptr ? only : target.account,
          .excluded = absl::MakeConstSpan(excluded_),
          .allowed = input_.allowed,
          .queue = policy_.queue.enabled && !has_place_ ? &policy_.queue : nullptr};
}

bool Course::is_left_out(const Target& target) const {
  return left_out_ && left_out_->provider == target.provider && left_out_->model == target.model;
}

std::optional<absl::Duration> Course::hedge_delay() const {
  const HedgeRule& rule = plan_.rules.hedge;
  if (!rule.enabled || !chooser_ || input_.is_hedge || count() < 2) return std::nullopt;
  constexpr double kSlow = 0.95;
  const int64_t usual_us =
      target_.cell != nullptr ? target_.cell->first_tokens.quantile_us(kSlow) : 0;
  return usual_us > 0 ? absl::Microseconds(usual_us) : rule.delay;
}

bool Course::take_hedge() const {
  return plan_.combo != nullptr && plan_.combo->cell->hedges.take();
}

Fitness Course::look_at(uint16_t place, int64_t now_ms) {
  return look_at(at(place), known(place), now_ms);
}

// As far as is known; what is not known is no reason to come last.
bool Course::suits(const ComboTarget& target) const {
  if (missing(target) != 0) return false;
  return target.context == 0 ||
         input_.body_bytes / kBytesPerToken <= static_cast<size_t>(target.context);
}

// A longer list is read by nobody, and each look at a target would go through it.
constexpr size_t kMostSkipped = 32;

void Course::note_skipped(const Skipped& skipped) {
  const auto is_same = [&](const Skipped& each) {
    return each.provider == skipped.provider && each.account == skipped.account &&
           each.model == skipped.model;
  };
  std::vector<Skipped>& all = *input_.skips;
  if (all.size() < kMostSkipped && std::none_of(all.begin(), all.end(), is_same))
    all.push_back(skipped);
}

void Course::note_skipped(const Target& target, std::string_view why, int64_t until_ms) {
  if (input_.skips != nullptr)
    note_skipped({target.provider, target.account, target.model, why, until_ms});
}

// Who was passed over before and is tried now.
void Course::forget_skipped() {
  std::erase_if(*input_.skips, [&](const Skipped& each) {
    return each.provider == target_.provider && each.model == target_.model &&
           (each.account == nullptr || each.account == target_.account);
  });
}

Fitness Course::look_at(const Target& target, const ComboTarget* known, int64_t now_ms) {
  const Provider& provider = *target.provider;
  if (is_left_out(target)) return Fitness::kOut;
  if (needs_context_ > 0 && (known == nullptr || known->context <= needs_context_)) {
    note_skipped(target, "context_too_small");
    return Fitness::kOut;
  }
  if (provider.cell && !provider.cell->breaker.lets_through(now_ms)) {
    note_skipped(target, "breaker_open", provider.cell->breaker.load().until_ms);
    return Fitness::kOut;
  }
  Fitness fitness = Fitness::kGood;
  if (!provider.accounts.empty()) {
    AccountNotes notes;
    AccountQuery asked = query(target, nullptr, now_ms);
    if (input_.skips != nullptr) asked.notes = &notes;
    const AccountChoice found = look_at_accounts(asked);
    fitness = found.fitness;
    // Of a provider that would do, those that are passed over are noted when it is chosen.
    if (fitness >= Fitness::kResting)
      for (const AccountNote& each : notes)
        note_skipped({&provider, each.account, target.model, each.why, each.until_ms});
    if (fitness == Fitness::kWaiting)
      earliest_ms_ = earliest_ms_ == 0 ? found.until_ms : std::min(earliest_ms_, found.until_ms);
    if (found.queued != nullptr && (queued_.target == nullptr || found.until_ms < queued_.until_ms))
      queued_ = {&target, found.queued, found.until_ms};
  }
  if (fitness != Fitness::kGood || known == nullptr || suits(*known)) return fitness;
  note_skipped(target, why_unsuited(missing(*known)));
  return Fitness::kUnsuited;
}

std::optional<uint16_t> Course::choose_named(int64_t now_ms) {
  std::optional<uint16_t> best;
  Fitness fitness = Fitness::kWaiting;
  for (uint16_t i = 0; i < plan_.targets.size(); ++i) {
    if (done_.test(i)) continue;
    const Fitness now = look_at(i, now_ms);
    if (now < fitness) best = i, fitness = now;
  }
  if (best) done_.set(*best);
  return best;
}

std::optional<uint16_t> Course::choose(int64_t now_ms) {
  earliest_ms_ = 0;
  queued_ = {};
  if (!chooser_) return choose_named(now_ms);
  // Nothing is held against most targets most of the time, and that can be said without asking
  // each of their accounts.
  const bool is_plain = excluded_.empty() && input_.allowed == nullptr && needs_context_ == 0 &&
                        !left_out_ && !policy_.queue.enabled;
  return chooser_->next([&](const ComboTarget& each) {
    const bool is_quiet = is_plain && each.provider != nullptr && each.account != nullptr &&
                          each.provider->breaker.is_closed() && each.account->is_quiet();
    if (is_quiet && suits(each)) return Fitness::kGood;
    return look_at(each.target, &each, now_ms);
  });
}

// Somebody who was not chosen yet may be tried now.
bool Course::is_any_left(int64_t now_ms) {
  for (size_t i = 0; i < count(); ++i) {
    const bool was_chosen = chooser_ ? chooser_->was_chosen(place(i)) : done_.test(place(i));
    if (!was_chosen && look_at(place(i), now_ms) < Fitness::kWaiting) return true;
  }
  return false;
}

// Takes the account and, where the provider is suspected, the one probe. False when another request
// was quicker.
bool Course::enter(uint16_t place, const Account* only, int64_t now_ms) {
  const Target& chosen = at(place);
  const Provider& provider = *chosen.provider;
  BreakerCell::Pass pass = BreakerCell::Pass::kYes;
  if (provider.cell) pass = provider.cell->breaker.enter(now_ms);
  if (pass == BreakerCell::Pass::kNo) return false;
  probes_ = pass == BreakerCell::Pass::kProbe;
  target_ = chosen;
  place_ = place;
  if (!provider.accounts.empty()) {
    AccountNotes notes;
    AccountQuery asked = query(chosen, only, now_ms);
    if (input_.skips != nullptr) asked.notes = &notes;
    target_.account = choose_account(asked).account;
    for (const AccountNote& each : notes)
      note_skipped({&provider, each.account, chosen.model, each.why, each.until_ms});
    if (target_.account == nullptr) {
      if (probes_) provider.cell->breaker.on_probe_left(now_ms);
      // Another request was quicker: the next look says whether it may be waited for.
      if (only == nullptr) put_back(place);
      return false;
    }
  }
  if (target_.account != nullptr && !admit(*target_.account, now_ms)) {
    if (probes_) provider.cell->breaker.on_probe_left(now_ms);
    put_back(place);
    return false;
  }
  if (input_.skips != nullptr && !input_.skips->empty()) forget_skipped();
  runs_ = true;
  ++attempts_;
  if (target_.cell != nullptr) target_.cell->in_flight.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool Course::is_full(const Account& account) const {
  return policy_.queue.concurrent > 0 &&
         account.cell->in_flight.load(std::memory_order_relaxed) >= policy_.queue.concurrent;
}

// Counts the request in. False when others were quicker, and it has to stand in line.
bool Course::admit(const Account& account, int64_t now_ms) {
  if (!account.cell) return true;
  std::atomic<int32_t>& in_flight = account.cell->in_flight;
  const QueueRule& rule = policy_.queue;
  const int64_t before = in_flight.fetch_add(1, std::memory_order_relaxed);
  if (!rule.enabled) return true;
  const bool has_room = rule.concurrent == 0 || before < rule.concurrent;
  if (has_room && (has_place_ || account.cell->queue.take(now_ms, rule, now_ms) != 0)) return true;
  in_flight.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

// It may be chosen again.
void Course::put_back(uint16_t place) {
  if (chooser_)
    chooser_->put_back(place);
  else
    done_.reset(place);
}

void Course::leave() {
  if (!std::exchange(runs_, false)) return;
  if (target_.account != nullptr && target_.account->cell)
    target_.account->cell->in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (target_.cell != nullptr) target_.cell->in_flight.fetch_sub(1, std::memory_order_relaxed);
  // Nobody learned anything: the next request may ask.
  if (std::exchange(probes_, false)) target_.provider->cell->breaker.on_probe_left(0);
}

Course::Step Course::next(int64_t now_ms) {
  leave_line();
  const int most = input_.is_hedge ? 1 : kMostAttempts;
  if (has_stopped_ || attempts_ >= most) return {};
  if (plan_.rules.timeout > absl::ZeroDuration() &&
      now_ms - input_.began_ms >= ms(plan_.rules.timeout)) {
    has_timed_out_ = true;
    return {};
  }
  if (const std::optional<Again> due = std::exchange(due_, std::nullopt)) {
    retries_ = due->retries;
    const bool enters = enter(due->place, due->account, now_ms);
    has_place_ = false;
    if (enters) return {.kind = Step::Kind::kTry};
  }
  retries_ = 0;
  const bool delays = plan_.rules.fallback_delay > absl::ZeroDuration() && attempts_ > 0;
  if (delays && !has_waited_ && is_any_left(now_ms)) {
    has_waited_ = true;
    return {.kind = Step::Kind::kWait, .wait = plan_.rules.fallback_delay};
  }
  has_waited_ = false;
  while (const std::optional<uint16_t> place = choose(now_ms))
    if (enter(*place, nullptr, now_ms)) return {.kind = Step::Kind::kTry};
  return wait_or_end(now_ms);
}

void Course::line_up(const Account& account) {
  lined_up_at_ = &account;
  account.cell->waiting.fetch_add(1, std::memory_order_relaxed);
}

void Course::leave_line() {
  if (const Account* account = std::exchange(lined_up_at_, nullptr))
    account->cell->waiting.fetch_sub(1, std::memory_order_relaxed);
}

// What is left may be asked, only not so fast: how long until the request's turn. A place in line
// is kept; who waits for a running request to end asks again.
std::optional<absl::Duration> Course::stand_in_line(int64_t now_ms) {
  if (queued_.account == nullptr || input_.is_hedge) return std::nullopt;
  if (queue_until_ms_ == 0) queue_until_ms_ = now_ms + policy_.queue.max_wait_ms;
  if (is_full(*queued_.account)) {
    if (queued_.until_ms > queue_until_ms_) return std::nullopt;
    line_up(*queued_.account);
    return absl::Milliseconds(queued_.until_ms - now_ms);
  }
  const int64_t turn_ms = queued_.account->cell->queue.take(now_ms, policy_.queue, queue_until_ms_);
  if (turn_ms == 0) return std::nullopt;
  for (size_t i = 0; i < count(); ++i)
    if (&at(place(i)) == queued_.target) due_ = Again{place(i), queued_.account, 0};
  has_place_ = true;
  line_up(*queued_.account);
  return absl::Milliseconds(std::max<int64_t>(turn_ms - now_ms, 1));
}

Course::Step Course::wait_or_end(int64_t now_ms) {
  if (const std::optional<absl::Duration> line = stand_in_line(now_ms))
    return {.kind = Step::Kind::kWait, .wait = *line};
  if (!again_.empty()) {
    due_ = again_.front();
    again_.erase(again_.begin());
    excluded_.erase(std::remove(excluded_.begin(), excluded_.end(), due_->account),
                    excluded_.end());
    return {.kind = Step::Kind::kWait, .wait = plan_.rules.retry_delay};
  }
  if (queued_.account != nullptr) has_stopped_ = true;  // The line is too long.
  const WaitRule& rule = policy_.wait;
  if (has_stopped_ || !rule.enabled || waits_ >= rule.max_retries) return {};
  // Whoever failed in this request counts as well, once it may be asked again.
  excluded_.clear();
  done_.reset();
  if (chooser_) {
    for (const uint16_t place : plan_.places) chooser_->put_back(place);
  }
  earliest_ms_ = 0;
  bool any_now = false;
  for (size_t i = 0; i < count(); ++i) any_now |= look_at(place(i), now_ms) < Fitness::kWaiting;
  const absl::Duration wait = absl::Milliseconds(earliest_ms_ - now_ms);
  // Those that may be asked now have failed a moment ago, and not for being asked too often.
  if (any_now || earliest_ms_ == 0 || wait > rule.max_wait) {
    has_stopped_ = true;
    return {};
  }
  ++waits_;
  return {.kind = Step::Kind::kWait, .wait = std::max(wait, absl::Milliseconds(1))};
}

void Course::mark(const Verdict& verdict, const Failure& failure, int64_t now_ms) {
  AccountCell* cell = target_.account != nullptr ? target_.account->cell.get() : nullptr;
  if (cell == nullptr) return;
  cell->last_status.store(static_cast<uint16_t>(failure.status), std::memory_order_relaxed);
  const int64_t hint_ms = policy_.keeps_hints ? std::max(ms(failure.hint), int64_t{0}) : 0;
  const int64_t asked_ms = hint_ms > 0 ? hint_ms : ms(verdict.at_least);
  switch (verdict.mark) {
    case Mark::kNothing:
      return;
    case Mark::kRest:
      cell->cooldown.begin(now_ms, policy_.cooldown, hint_ms, false);
      return;
    case Mark::kCool:
      cell->cooldown.begin(now_ms, policy_.cooldown, asked_ms, true);
      return;
    case Mark::kLockModel:
    case Mark::kRestModel:
      cell->lock(target_.model, now_ms,
                 {.until_ms = now_ms + (asked_ms > 0 ? asked_ms : policy_.cooldown.base_ms),
                  .is_hard = verdict.mark == Mark::kLockModel});
      return;
    case Mark::kModelGone:
      cell->lock(target_.model, now_ms, {.until_ms = now_ms + kModelGoneMs});
      return;
    case Mark::kCredits:
      cell->standing.store(Standing::kOutOfCredits, std::memory_order_relaxed);
      cell->cooldown.begin(now_ms, policy_.cooldown, std::max(hint_ms, kCreditsMs), true);
      return;
    case Mark::kBanned:
      cell->standing.store(Standing::kBanned, std::memory_order_relaxed);
      cell->cooldown.begin(now_ms, policy_.cooldown, kBannedMs, true);
      return;
  }
}

void Course::time_out() {
  has_timed_out_ = true;
  leave_line();
  leave();
}

void Course::try_again() {
  due_ = Again{place_, target_.account, retries_};
  leave();
}

void Course::fail(const Failure& failure, int64_t now_ms) {
  const Verdict verdict = judge(failure, target_.provider->limits_by_model);
  mark(verdict, failure, now_ms);
  const bool is_ours =
      failure.kind == Failure::Kind::kUnsayable || failure.kind == Failure::Kind::kOurs;
  if (target_.cell != nullptr && !is_ours)
    target_.cell->failures.fetch_add(1, std::memory_order_relaxed);
  if (ProviderCell* cell = target_.provider->cell.get()) {
    if (verdict.counts_for_breaker) {
      cell->breaker.on_failure(now_ms, policy_.breaker, probes_);
    } else if (probes_ && !is_ours && failure.kind != Failure::Kind::kTimeout) {
      cell->breaker.on_success();  // It answers.
    } else if (probes_) {
      cell->breaker.on_probe_left(now_ms);
    }
  }
  probes_ = false;
  leave();
  const bool may_retry = verdict.may_retry && retries_ < plan_.rules.max_retries;
  if (may_retry) again_.push_back({place_, target_.account, retries_ + 1});
  if (verdict.then == Then::kNextAccount && target_.account != nullptr) {
    excluded_.push_back(target_.account);
    // Its other accounts stand in line with the other targets.
    put_back(place_);
  }
  if (verdict.then == Then::kLargerTarget) {
    const int64_t context = known(place_) != nullptr ? known(place_)->context : 0;
    needs_context_ = std::max<int64_t>({needs_context_, context, 1});
    if (!chooser_) has_stopped_ = true;
  }
  if (verdict.then == Then::kStop) has_stopped_ = true;
}

void Course::commit(int64_t first_token_us, int64_t now_ms) {
  if (AccountCell* cell = target_.account != nullptr ? target_.account->cell.get() : nullptr) {
    cell->cooldown.on_success(now_ms);
    if (cell->standing.load(std::memory_order_relaxed) != Standing::kGood)
      cell->standing.store(Standing::kGood, std::memory_order_relaxed);
    if (cell->locks.find(target_.model, now_ms).until_ms != 0) cell->locks.unlock(target_.model);
  }
  if (target_.provider->cell) target_.provider->cell->breaker.on_success();
  probes_ = false;
  if (target_.cell != nullptr) {
    target_.cell->first_token.add(first_token_us);
    if (plan_.rules.hedge.enabled) target_.cell->first_tokens.add(first_token_us);
    target_.cell->successes.fetch_add(1, std::memory_order_relaxed);
  }
  if (plan_.combo != nullptr && plan_.combo->cell) remember(*plan_.combo, now_ms);
}

// Who answered, for strategies that go back to it.
void Course::remember(const Combo& combo, int64_t now_ms) const {
  ComboCell& cell = *combo.cell;
  if (combo.strategy == Strategy::kLastKnownGood) {
    const uint32_t good = uint32_t{place_} + 1;
    if (cell.last_good.load(std::memory_order_relaxed) != good)
      cell.last_good.store(good, std::memory_order_relaxed);
  } else if (combo.strategy == Strategy::kCostOptimized && cell.warm && !plan_.session.empty()) {
    const int64_t warm_ms = absl::ToInt64Milliseconds(target_.provider->session_affinity);
    cell.warm->pin(plan_.session, combo.targets[place_].pin(), now_ms + warm_ms);
  }
}

void Course::end(bool is_whole, int64_t now_ms) {
  if (!is_whole && runs_) {
    const Failure broken{.kind = Failure::Kind::kTransport};
    mark(judge(broken, false), broken, now_ms);
    if (target_.provider->cell) target_.provider->cell->breaker.on_failure(now_ms, policy_.breaker);
  }
  leave();
}

std::vector<Skipped> Course::skipped(int64_t now_ms) const {
  std::vector<Skipped> out;
  for (size_t i = 0; i < count(); ++i) {
    const Target& each = at(place(i));
    const Provider& provider = *each.provider;
    Skipped made{.provider = &provider, .account = each.account, .model = each.model};
    if (is_left_out(each)) continue;
    if (provider.cell && !provider.cell->breaker.lets_through(now_ms)) {
      made.why = "breaker_open";
      made.until_ms = provider.cell->breaker.load().until_ms;
    } else if (!provider.accounts.empty()) {
      // Those that failed in this request too: it is known what they asked for.
      AccountQuery all = query(each, nullptr, now_ms);
      all.excluded = {};
      const AccountChoice found = look_at_accounts(all);
      if (found.fitness < Fitness::kWaiting) continue;
      made.why = found.why;
      made.until_ms = found.until_ms;
    }
    if (!made.why.empty()) out.push_back(made);
  }
  return out;
}

}  // namespace omni::routing
