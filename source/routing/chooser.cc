#include "source/routing/chooser.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "source/base/random.h"
#include "source/routing/quota.h"

namespace omni::routing {
namespace {

// In (0, 1].
double fraction(uint64_t word) { return (static_cast<double>(word >> 11) + 1) * 0x1p-53; }

// Whether one of its next few requests would fail if they went as those before them. `lot` decides:
// whoever compared the shares themselves would leave the less lucky of two equals alone for good.
bool would_fail(const TargetCell& cell, double lot) {
  constexpr double kNext = 4;  // Who fails every second request gets a sixteenth of a share.
  const auto failures = static_cast<double>(cell.failures.load(std::memory_order_relaxed));
  const auto successes = static_cast<double>(cell.successes.load(std::memory_order_relaxed));
  // Two successes are taken for granted, so that a single failure is no verdict.
  return failures > 0 && lot > std::pow((successes + 2) / (successes + failures + 2), kNext);
}

// A failure to come weighs as much as some requests that run.
double burden(const TargetCell* cell, double lot) {
  constexpr double kFailure = 8;
  if (cell == nullptr) return 0;
  const auto in_flight = static_cast<double>(cell->in_flight.load(std::memory_order_relaxed));
  return (in_flight + 1) * (would_fail(*cell, lot) ? kFailure : 1);
}

}  // namespace

Chooser::Chooser(const Combo& combo, absl::Span<const uint16_t> places, uint64_t random,
                 std::string_view session, int64_t now_ms, Pack pack)
    : combo_(combo),
      places_(places),
      random_(random),
      session_(session.empty() ? 0 : std::hash<std::string_view>{}(session)),
      now_ms_(now_ms),
      is_in_order_(combo.strategy == Strategy::kPriority ||
                   combo.strategy == Strategy::kFillFirst || has_stages(combo.strategy)) {
  if (combo.strategy == Strategy::kAuto)
    scorer_.emplace(weights_for(combo, pack), pack,
                    Moment{.now_ms = now_ms, .random = random, .session = session_});
  if (combo.strategy == Strategy::kCostOptimized && combo.cell && combo.cell->warm)
    warm_ = combo.cell->warm->find(session, now_ms);
  const bool counts =
      combo.strategy == Strategy::kRoundRobin || combo.strategy == Strategy::kStrictRandom;
  if (counts && combo.cell) turn_ = combo.cell->turn.fetch_add(1, std::memory_order_relaxed);
  if (combo.strategy == Strategy::kRoundRobin) turn_ /= static_cast<uint64_t>(combo.sticky);
  if (combo.strategy == Strategy::kStrictRandom) shuffle_deck();
}

// Every deck is dealt to its end before the next one: the order of deck `k` follows from `k`, so
// workers need not tell each other.
void Chooser::shuffle_deck() {
  const size_t size = places_.size();
  if (size == 0) return;
  const auto cards = std::make_unique<uint16_t[]>(size);
  std::iota(cards.get(), cards.get() + size, uint16_t{0});
  uint64_t word = mixed(turn_ / size) ^ std::hash<std::string>{}(combo_.name);
  for (size_t i = size - 1; i > 0; --i) {
    word = mixed(word);
    std::swap(cards[i], cards[word % (i + 1)]);
  }
  deck_ = std::make_unique<uint16_t[]>(size);
  const size_t first = turn_ % size;
  for (size_t i = 0; i < size; ++i)
    deck_[cards[i]] = static_cast<uint16_t>((i + size - first) % size);
}

double Chooser::rank_by_limits(const ComboTarget& target) const {
  const QuotaState quota = best_quota(target, now_ms_);
  switch (combo_.strategy) {
    case Strategy::kHeadroom:
      return rank_by_headroom(quota);
    case Strategy::kResetAware:
      return rank_reset_aware(quota, now_ms_);
    default:
      return rank_by_reset(quota);
  }
}

double Chooser::rank_by_use(uint16_t index) const {
  const ComboTarget& target = combo_.targets[places_[index]];
  const TargetCell* cell = target.cell;
  switch (combo_.strategy) {
    case Strategy::kLeastUsed:
      return combo_.cell ? combo_.cell->uses[places_[index]].load(std::memory_order_relaxed)
                         : index;
    case Strategy::kLatency:
      // Who was never asked is asked first, one request at a time.
      if (cell == nullptr) return 0;
      if (cell->first_token.samples() > 0)
        return static_cast<double>(cell->first_token.average_us());
      return cell->in_flight.load(std::memory_order_relaxed) > 0 ? 1.5e6 : 0;
    case Strategy::kLastKnownGood:
      return combo_.cell && combo_.cell->last_good.load(std::memory_order_relaxed) ==
                                uint32_t{places_[index]} + 1
                 ? -1
                 : index;
    default:
      return burden(cell, fraction(mixed(mixed(random_ + index))));
  }
}

double Chooser::rank(uint16_t index) const {
  const ComboTarget& target = combo_.targets[places_[index]];
  const size_t size = places_.size();
  switch (combo_.strategy) {
    case Strategy::kRoundRobin:
      return static_cast<double>((index + size - turn_ % size) % size);
    case Strategy::kStrictRandom:
      return deck_[index];
    case Strategy::kRandom:
      return fraction(mixed(random_ + index));
    case Strategy::kWeighted:
      return -target.weight;  // Behind the one that was drawn.
    case Strategy::kCostOptimized:
      // Whoever else took the conversation over would read its prompt at the full price.
      return target.price - (warm_ == target.pin() ? target.discount : 0);
    case Strategy::kContextOptimized:
      return -static_cast<double>(target.context);
    case Strategy::kCacheOptimized:
      return session_ == 0 ? index : fraction(mixed(session_ ^ target.hash));
    case Strategy::kPriority:
    case Strategy::kFillFirst:
    case Strategy::kFusion:
    case Strategy::kPipeline:
    case Strategy::kContextRelay:
      return index;
    case Strategy::kHeadroom:
    case Strategy::kResetAware:
    case Strategy::kResetWindow:
      return rank_by_limits(target);
    default:
      return rank_by_use(index);
  }
}

// Two lots are drawn among the fittest, and the better of them is the one.
void Chooser::draw(uint16_t index, Two& two) const {
  const double lot = fraction(mixed(random_ + index));
  const int at = two.lots[0] > two.lots[1] ? 0 : 1;
  if (lot >= two.lots[at]) return;
  two.lots[at] = lot;
  two.index[at] = index;
}

uint16_t Chooser::better(const Two& two) const {
  if (two.index[0] == kNone || two.index[1] == kNone) return std::min(two.index[0], two.index[1]);
  const double ranks[] = {rank(two.index[0]), rank(two.index[1])};
  if (ranks[0] == ranks[1]) return two.index[two.lots[0] < two.lots[1] ? 0 : 1];
  return two.index[ranks[0] < ranks[1] ? 0 : 1];
}

// One of the fittest, each by its share; who has none is drawn only where nobody has.
uint16_t Chooser::draw_by_weight(LookAt look_at) const {
  constexpr size_t kKinds = static_cast<size_t>(Fitness::kWaiting);
  uint8_t fitness[ComboCell::kMostTargets];
  double sums[kKinds] = {};
  size_t counts[kKinds] = {};
  for (size_t i = 0; i < places_.size(); ++i) {
    fitness[i] = kKinds;
    if (taken_.test(places_[i])) continue;
    const ComboTarget& target = combo_.targets[places_[i]];
    const auto now = static_cast<size_t>(look_at(target));
    if (now >= kKinds) continue;
    fitness[i] = static_cast<uint8_t>(now);
    sums[now] += target.weight;
    ++counts[now];
  }
  size_t best = 0;
  while (best < kKinds && counts[best] == 0) ++best;
  if (best == kKinds) return kNone;
  const bool is_even = sums[best] == 0;
  double left =
      fraction(mixed(random_)) * (is_even ? static_cast<double>(counts[best]) : sums[best]);
  uint16_t last = kNone;
  for (uint16_t i = 0; i < places_.size(); ++i) {
    const double share = is_even ? 1 : combo_.targets[places_[i]].weight;
    if (fitness[i] != best || share == 0) continue;
    last = i;
    if ((left -= share) <= 0) break;
  }
  return last;
}

// The fittest that the strategy ranks first.
uint16_t Chooser::find_best(LookAt look_at) const {
  const bool draws_two = combo_.strategy == Strategy::kPowerOfTwo;
  Fitness fitness = Fitness::kWaiting;
  uint16_t best = kNone;
  double lowest = 0;
  Two two;
  for (uint16_t i = 0; i < places_.size(); ++i) {
    if (taken_.test(places_[i])) continue;
    const Fitness now = look_at(combo_.targets[places_[i]]);
    if (now > fitness || now >= Fitness::kWaiting) continue;
    if (now < fitness) {
      best = kNone;
      two = {};
      fitness = now;
    }
    if (draws_two) {
      draw(i, two);
      continue;
    }
    const double mine = scorer_ ? -scorer_->score(combo_.targets[places_[i]]) : rank(i);
    if (best != kNone && mine >= lowest) continue;
    best = i;
    lowest = mine;
    if (is_in_order_ && now == Fitness::kGood) break;
  }
  return draws_two ? better(two) : best;
}

std::optional<uint16_t> Chooser::next(LookAt look_at) {
  const bool draws = combo_.strategy == Strategy::kWeighted && is_first_;
  const uint16_t best = draws ? draw_by_weight(look_at) : find_best(look_at);
  if (best == kNone) return std::nullopt;
  is_first_ = false;
  const uint16_t place = places_[best];
  taken_.set(place);
  if (combo_.strategy == Strategy::kLeastUsed && combo_.cell)
    combo_.cell->uses[place].fetch_add(1, std::memory_order_relaxed);
  return place;
}

}  // namespace omni::routing
