#include "source/routing/cells.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "source/base/fnv.h"

namespace omni::routing {
namespace {

// What is stored must mean the same after a restart.
uint64_t stable_hash(std::string_view text) {
  const uint64_t hash = fnv1a(text);
  return hash ^ (hash >> 29);
}

constexpr uint64_t bits(int count) { return (uint64_t{1} << count) - 1; }

constexpr int kTimeBits = 44;  // Of milliseconds: until the year 2527.
uint64_t time_bits(int64_t ms) {
  return static_cast<uint64_t>(std::clamp<int64_t>(ms, 0, static_cast<int64_t>(bits(kTimeBits))));
}

}  // namespace

uint16_t short_hash(std::string_view text) {
  const auto hash = static_cast<uint16_t>(stable_hash(text) >> 7);
  return hash == 0 ? 1 : hash;
}

uint64_t CooldownCell::pack(const CooldownState& state) {
  return time_bits(state.until_ms) | static_cast<uint64_t>(state.level) << kTimeBits |
         static_cast<uint64_t>(state.is_hard) << 63;
}

CooldownState CooldownCell::unpack(uint64_t word) {
  return {.until_ms = static_cast<int64_t>(word & bits(kTimeBits)),
          .level = static_cast<int>(word >> kTimeBits & bits(6)),
          .is_hard = word >> 63 != 0};
}

bool CooldownCell::begin(int64_t now_ms, const Rule& rule, int64_t hint_ms, bool is_hard) {
  uint64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    const CooldownState before = unpack(word);
    CooldownState after = before;
    const bool is_cooling = before.until_ms > now_ms;
    if (is_cooling) {
      if (now_ms + hint_ms > before.until_ms) after.until_ms = now_ms + hint_ms;
      after.is_hard |= is_hard;
    } else {
      after.level = std::min(before.level + 1, kMostLevel);
      const int shift = std::min(before.level, 20);
      const int64_t grown = std::min(rule.base_ms << shift, rule.max_ms);
      const int64_t lasts_ms = hint_ms > 0 ? hint_ms : grown;
      // Another worker's clock may be a little behind: for it, even `now_ms` is to come.
      if (lasts_ms <= 0) return false;
      after.until_ms = now_ms + lasts_ms;
      after.is_hard = is_hard;
    }
    const uint64_t packed = pack(after);
    if (packed == word) return false;
    if (word_.compare_exchange_weak(word, packed, std::memory_order_relaxed)) return true;
  }
}

void CooldownCell::on_success(int64_t now_ms) {
  uint64_t word = word_.load(std::memory_order_relaxed);
  if (word == 0) return;  // As nearly always: nobody's line is written.
  const CooldownState state = unpack(word);
  if (state.is_hard && state.until_ms > now_ms) return;
  word_.compare_exchange_strong(word, 0, std::memory_order_relaxed);
}

// Phase (2 bits) | failures (12) | cycles (6) | until (44).
uint64_t BreakerCell::pack(const BreakerState& state) {
  return time_bits(state.until_ms) |
         std::min(static_cast<uint64_t>(state.cycles), bits(6)) << kTimeBits |
         std::min(static_cast<uint64_t>(state.failures), bits(12)) << 50 |
         static_cast<uint64_t>(state.phase) << 62;
}

BreakerState BreakerCell::unpack(uint64_t word) {
  return {.phase = static_cast<BreakerState::Phase>(word >> 62),
          .failures = static_cast<int>(word >> 50 & bits(12)),
          .cycles = static_cast<int>(word >> kTimeBits & bits(6)),
          .until_ms = static_cast<int64_t>(word & bits(kTimeBits))};
}

bool BreakerCell::lets_through(int64_t now_ms) const {
  const uint64_t word = word_.load(std::memory_order_relaxed);
  return word >> 62 == 0 || unpack(word).until_ms <= now_ms;
}

template <class Change>
bool BreakerCell::change(Change change) {
  uint64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    BreakerState state = unpack(word);
    if (!change(state)) return false;
    const uint64_t packed = pack(state);
    if (packed == word || word_.compare_exchange_weak(word, packed, std::memory_order_relaxed))
      return true;
  }
}

BreakerCell::Pass BreakerCell::enter(int64_t now_ms) {
  if (word_.load(std::memory_order_relaxed) >> 62 == 0) return Pass::kYes;
  Pass pass = Pass::kNo;
  change([&](BreakerState& state) {
    pass = state.phase == BreakerState::Phase::kClosed ? Pass::kYes
           : state.until_ms <= now_ms                  ? Pass::kProbe
                                                       : Pass::kNo;
    if (pass != Pass::kProbe) return false;
    state.phase = BreakerState::Phase::kProbing;
    state.until_ms = now_ms + kProbeMs;
    return true;
  });
  return pass;
}

void BreakerCell::on_success() {
  if (word_.load(std::memory_order_relaxed) == 0) return;
  change([](BreakerState& state) {
    // Who was on its way when it opened tells nothing new.
    if (state.phase == BreakerState::Phase::kOpen) return false;
    const int left = state.phase == BreakerState::Phase::kClosed ? state.failures - 1 : 0;
    state = {.failures = std::max(left, 0)};
    return true;
  });
}

bool BreakerCell::on_failure(int64_t now_ms, const Rule& rule, bool is_probe) {
  bool opens = false;
  change([&](BreakerState& state) {
    opens = false;
    if (state.phase == BreakerState::Phase::kOpen) return false;
    const bool was_probe = state.phase == BreakerState::Phase::kProbing;
    if (was_probe && !is_probe) return false;
    if (!was_probe && ++state.failures < rule.failures) return true;
    opens = true;
    state.cycles = was_probe ? state.cycles + 1 : 1;
    const int doublings = std::clamp(state.cycles - 3, 0, 4);
    state = {.phase = BreakerState::Phase::kOpen,
             .cycles = state.cycles,
             .until_ms = now_ms + (rule.reset_ms << doublings)};
    return true;
  });
  return opens;
}

void BreakerCell::on_probe_left(int64_t now_ms) {
  change([&](BreakerState& state) {
    if (state.phase != BreakerState::Phase::kProbing) return false;
    state.phase = BreakerState::Phase::kOpen;
    state.until_ms = now_ms;
    return true;
  });
}

void LatencyCell::add(int64_t us) {
  uint64_t word = load();
  const uint64_t sample = static_cast<uint64_t>(std::max<int64_t>(us, 1)) & kValue;
  for (;;) {
    const uint64_t before = word & kValue, samples = word >> kValueBits;
    const uint64_t after = samples == 0 ? sample : before - before / 5 + sample / 5;
    const uint64_t count = std::min(samples + 1, bits(64 - kValueBits));
    if (!word_.compare_exchange_weak(word, after | count << kValueBits, std::memory_order_relaxed))
      continue;
    // Of two that come together, either may be the last here: they are nearly the same.
    constexpr auto kUsual = static_cast<float>(kUsualUs);
    if (count >= static_cast<uint64_t>(kEnough))
      quickness_.store(kUsual / (kUsual + static_cast<float>(after)), std::memory_order_relaxed);
    return;
  }
}

// Until (44 bits) | thousandths (10) | known (1).
uint64_t QuotaCell::pack(const QuotaState& state) {
  if (!state.is_known) return 0;
  auto share = static_cast<uint64_t>(std::clamp(state.share, 0.0, 1.0) * kWhole);
  if (share == 0 && state.share > 0) share = 1;
  return time_bits(state.reset_ms) | share << kShareAt | uint64_t{1} << 63;
}

QuotaState QuotaCell::load(int64_t now_ms) const {
  const uint64_t word = word_.load(std::memory_order_relaxed);
  if (word == 0) return {};
  const auto reset_ms = static_cast<int64_t>(word & bits(kTimeBits));
  if (reset_ms <= now_ms) return {};
  return {.is_known = true,
          .share = static_cast<double>(word >> kShareAt & kShareMask) / kWhole,
          .reset_ms = reset_ms};
}

namespace {

constexpr int kSecondBits = 40, kHashShift = kSecondBits + 1;

int64_t ends_ms(uint64_t word) { return static_cast<int64_t>(word & bits(kSecondBits)) * 1000; }
ModelLocks::Lock lock_in(uint64_t word) {
  return {.until_ms = ends_ms(word), .is_hard = (word >> kSecondBits & 1) != 0};
}

}  // namespace

uint64_t ModelLocks::hash_of(std::string_view model) { return stable_hash(model) >> kHashShift; }

std::vector<ModelLocks::Held> ModelLocks::held(int64_t now_ms) const {
  std::vector<Held> out;
  for (const std::atomic<uint64_t>& place : words_) {
    const uint64_t word = place.load(std::memory_order_relaxed);
    if (word != 0 && ends_ms(word) > now_ms)
      out.push_back({.hash = word >> kHashShift, .lock = lock_in(word)});
  }
  return out;
}

ModelLocks::Lock ModelLocks::find(std::string_view model, int64_t now_ms) const {
  // Most accounts have none, and then nothing is hashed.
  std::optional<uint64_t> hash;
  for (const std::atomic<uint64_t>& place : words_) {
    const uint64_t word = place.load(std::memory_order_relaxed);
    if (word == 0) continue;
    if (!hash) hash = hash_of(model);
    if (word >> kHashShift == *hash && ends_ms(word) > now_ms) return lock_in(word);
  }
  return {};
}

void ModelLocks::lock(std::string_view model, int64_t now_ms, const Lock& wanted) {
  lock({.hash = hash_of(model), .lock = wanted}, now_ms);
}

void ModelLocks::lock(const Held& model, int64_t now_ms) {
  const auto& [hash, wanted] = model;
  const uint64_t packed =
      hash << kHashShift | static_cast<uint64_t>(wanted.is_hard) << kSecondBits |
      (static_cast<uint64_t>((wanted.until_ms + 999) / 1000) & bits(kSecondBits));
  std::atomic<uint64_t>* best = &words_[0];
  for (std::atomic<uint64_t>& place : words_) {
    const uint64_t word = place.load(std::memory_order_relaxed);
    if (word >> kHashShift == hash) {
      best = &place;
      break;
    }
    if (ends_ms(word) < ends_ms(best->load(std::memory_order_relaxed))) best = &place;
  }
  uint64_t word = best->load(std::memory_order_relaxed);
  const bool is_same = word >> kHashShift == hash && ends_ms(word) > now_ms;
  if (is_same && ends_ms(word) >= ends_ms(packed)) return;
  // Who comes second at the same place gives way: it will fail once more and try again.
  best->compare_exchange_strong(word, packed, std::memory_order_relaxed);
}

void ModelLocks::unlock(std::string_view model) {
  const uint64_t hash = hash_of(model);
  for (std::atomic<uint64_t>& place : words_) {
    uint64_t word = place.load(std::memory_order_relaxed);
    if (word != 0 && word >> kHashShift == hash)
      place.compare_exchange_strong(word, 0, std::memory_order_relaxed);
  }
}

void ModelLocks::clear() {
  for (std::atomic<uint64_t>& place : words_) place.store(0, std::memory_order_relaxed);
}

uint16_t SessionPins::find(std::string_view session, int64_t now_ms) const {
  const uint64_t hash = stable_hash(session);
  const uint64_t word = words_[hash % kPlaces].load(std::memory_order_relaxed);
  if (word >> 48 != hash >> 48) return 0;
  if (static_cast<int64_t>(word & bits(32)) * 1000 <= now_ms) return 0;
  return static_cast<uint16_t>(word >> 32);
}

void SessionPins::pin(std::string_view session, uint16_t account, int64_t until_ms) {
  const uint64_t hash = stable_hash(session);
  const uint64_t word = hash >> 48 << 48 | uint64_t{account} << 32 |
                        (static_cast<uint64_t>(until_ms / 1000) & bits(32));
  words_[hash % kPlaces].store(word, std::memory_order_relaxed);
}

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::kBanned:
      return "banned";
    case Standing::kOutOfCredits:
      return "credits_exhausted";
    default:
      return "active";
  }
}

}  // namespace omni::routing
