// What is known of the places that requests go to, shared by all workers. A cell is made on the
// main thread, kept by name across reloads, and changed by single atomic operations, so nobody
// waits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "source/routing/hedge_cells.h"
#include "source/routing/limit_cell.h"
#include "source/routing/queue_cell.h"

namespace omni::routing {

// Times are milliseconds since 1970: what fits into one word beside other things.

struct CooldownState {
  int64_t until_ms = 0;
  int level = 0;         // How often it failed in a row.
  bool is_hard = false;  // The provider asked for it; else it is only better left alone.
};

// Whether something is better left alone for a while. Any thread.
class CooldownCell {
 public:
  static constexpr int kMostLevel = 32;

  struct Rule {
    int64_t base_ms = 3000;  // Doubles with each level.
    int64_t max_ms = 120000;
  };

  CooldownState load() const { return unpack(word_.load(std::memory_order_relaxed)); }
  bool is_unset() const { return word_.load(std::memory_order_relaxed) == 0; }
  bool is_cooling(int64_t now_ms) const { return load().until_ms > now_ms; }
  // It failed. `hint_ms` is how long the provider asks for; 0 when it does not say. Those that fail
  // together raise the level once: while it cools only a later end changes anything. False when
  // nothing changed.
  bool begin(int64_t now_ms, const Rule& rule, int64_t hint_ms, bool is_hard);
  // It works: a success says nothing against what the provider asked for in the meantime.
  void on_success(int64_t now_ms);
  void restore(const CooldownState& state) { word_.store(pack(state), std::memory_order_relaxed); }

 private:
  static uint64_t pack(const CooldownState& state);
  static CooldownState unpack(uint64_t word);

  std::atomic<uint64_t> word_{0};
};

struct BreakerState {
  enum class Phase : uint8_t { kClosed, kOpen, kProbing };
  Phase phase = Phase::kClosed;
  int failures = 0;      // While closed; a success takes one off.
  int cycles = 0;        // How often it opened without a success in between.
  int64_t until_ms = 0;  // Open: no request before. Probing: the probe counts as lost after this.
};

// Keeps requests from a provider that is down, but for one probe at a time. Any thread.
class BreakerCell {
 public:
  struct Rule {
    int failures = 12;
    int64_t reset_ms = 30000;  // From the fourth cycle on it doubles, up to 16 times.
  };
  enum class Pass : uint8_t { kNo, kYes, kProbe };

  // A probe that nobody reports on is lost after this.
  static constexpr int64_t kProbeMs = 120000;

  BreakerState load() const { return unpack(word_.load(std::memory_order_relaxed)); }
  bool is_closed() const { return word_.load(std::memory_order_relaxed) >> 62 == 0; }
  // Whether a request could go now, without taking the probe.
  bool lets_through(int64_t now_ms) const;
  // Asks to go now: kProbe to one only, who must report.
  Pass enter(int64_t now_ms);
  void on_success();
  // True when it opened by this. What fails beside a probe began before it, and tells nothing new.
  bool on_failure(int64_t now_ms, const Rule& rule, bool is_probe = false);
  // The probe came to no end: another may go at once.
  void on_probe_left(int64_t now_ms);
  void restore(const BreakerState& state) { word_.store(pack(state), std::memory_order_relaxed); }

 private:
  static uint64_t pack(const BreakerState& state);
  static BreakerState unpack(uint64_t word);
  template <class Change>
  bool change(Change change);

  std::atomic<uint64_t> word_{0};
};

// A moving average of a duration that weighs the last one with a fifth. Any thread.
class LatencyCell {
 public:
  // What is not known well yet is taken for this.
  static constexpr int64_t kUsualUs = 1'500'000;
  static constexpr int64_t kEnough = 10;

  void add(int64_t us);
  // 1 at once, 0.5 at kUsualUs. Computed when one is added, for it is asked for far more often.
  float quickness() const { return quickness_.load(std::memory_order_relaxed); }
  int64_t average_us() const { return static_cast<int64_t>(load() & kValue); }  // 0: not known.
  int64_t samples() const { return static_cast<int64_t>(load() >> kValueBits); }

 private:
  static constexpr int kValueBits = 40;
  static constexpr uint64_t kValue = (uint64_t{1} << kValueBits) - 1;
  uint64_t load() const { return word_.load(std::memory_order_relaxed); }

  std::atomic<uint64_t> word_{0};
  std::atomic<float> quickness_{0.5F};
};

// Models that one account cannot serve for now. A few at a time: who finds no room takes the place
// of the one that ends first.
class ModelLocks {
 public:
  struct Lock {
    int64_t until_ms = 0;  // 0: it is not locked.
    bool is_hard = false;  // As of a cooldown.
  };
  struct Held {
    uint64_t hash = 0;  // As hash_of().
    Lock lock;
  };
  Lock find(std::string_view model, int64_t now_ms) const;
  // Replaces an earlier one of this model that ends sooner.
  void lock(std::string_view model, int64_t now_ms, const Lock& wanted);
  void lock(const Held& model, int64_t now_ms);
  void unlock(std::string_view model);
  void clear();
  // Models that are locked: only their hashes are known.
  std::vector<Held> held(int64_t now_ms) const;
  static uint64_t hash_of(std::string_view model);

 private:
  // Hash of the model (23 bits) | hard (1) | seconds since 1970 (40).
  std::array<std::atomic<uint64_t>, 7> words_{};
};

// Conversations that stay on one account of a provider while its prompt cache is warm. A
// conversation has one place; another with the same takes it over. Any thread.
class SessionPins {
 public:
  // The hash of the account, 0 when there is none.
  uint16_t find(std::string_view session, int64_t now_ms) const;
  void pin(std::string_view session, uint16_t account, int64_t until_ms);

 private:
  static constexpr size_t kPlaces = 2048;
  // Hash of the session (16 bits) | account (16) | seconds since 1970 (32).
  std::array<std::atomic<uint64_t>, kPlaces> words_{};
};

struct QuotaState {
  bool is_known = false;
  double share = 1;      // What is left of the scarcest limit, 0 to 1; 0 only when nothing is.
  int64_t reset_ms = 0;  // When that limit is whole again.
};

// What an account may still ask for, as its provider last said. One word, so that a share and its
// end belong together. Any thread.
class QuotaCell {
 public:
  // Nothing is known once the limit is whole again.
  QuotaState load(int64_t now_ms) const;
  bool is_unset() const { return word_.load(std::memory_order_relaxed) == 0; }
  // Who has less left is asked when no other is.
  static constexpr double kScarce = 0.02;
  // That little was left when last heard of, if perhaps long ago.
  bool may_be_scarce() const {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    return word != 0 && (word >> kShareAt & kShareMask) < static_cast<uint64_t>(kScarce * kWhole);
  }
  void store(const QuotaState& state) { word_.store(pack(state), std::memory_order_relaxed); }

 private:
  static constexpr int kShareAt = 44;
  static constexpr double kWhole = 1000;
  static constexpr uint64_t kShareMask = 0x3FF;
  static uint64_t pack(const QuotaState& state);

  std::atomic<uint64_t> word_{0};
};

enum class Standing : uint8_t { kGood, kBanned, kOutOfCredits };
std::string_view name_of(Standing standing);

struct alignas(64) AccountCell {
  // Nothing stands in the way of a request for any model: one line tells.
  bool is_quiet() const {
    return cooldown.is_unset() && !has_locks.load(std::memory_order_relaxed) &&
           standing.load(std::memory_order_relaxed) == Standing::kGood && !quota.may_be_scarce();
  }

  void lock(std::string_view model, int64_t now_ms, const ModelLocks::Lock& wanted) {
    locks.lock(model, now_ms, wanted);
    has_locks.store(true, std::memory_order_relaxed);
  }

  CooldownCell cooldown;
  QuotaCell quota;
  std::atomic<bool> has_locks{false};  // Ever had any.
  std::atomic<Standing> standing{Standing::kGood};
  std::atomic<uint16_t> last_status{0};
  std::atomic<int32_t> in_flight{0};
  std::atomic<uint64_t> uses{0};
  std::atomic<int64_t> last_used_ms{0};
  alignas(64) ModelLocks locks;
  QueueCell queue;
  std::atomic<int32_t> waiting{0};            // Requests that stand in line for it.
  std::array<LimitCell, kLimitKinds> limits;  // By LimitKind.
};

struct alignas(64) ProviderCell {
  BreakerCell breaker;
  std::atomic<uint64_t> turn{0};  // Of its accounts.
  alignas(64) SessionPins pins;
};

// One model of one provider, whichever account serves it.
struct alignas(64) TargetCell {
  LatencyCell first_token;  // Until an attempt had something for the client.
  std::atomic<uint64_t> successes{0}, failures{0};
  std::atomic<int32_t> in_flight{0};
  FirstTokenCell first_tokens;  // Of combos that hedge.
};

// One combo with one list of targets.
struct alignas(64) ComboCell {
  static constexpr size_t kMostTargets = 256;
  std::atomic<uint64_t> turn{0};
  std::atomic<uint32_t> last_good{0};  // The target's place + 1; 0: none yet.
  HedgeCell hedges;
  // Who has a conversation's prompt in its cache; of strategies that go by price, else null. Set
  // before the first snapshot that needs it is published, and then for good.
  std::unique_ptr<SessionPins> warm;
  // Per target.
  std::array<std::atomic<uint32_t>, kMostTargets> uses{};
};

// Never 0; stable across restarts.
uint16_t short_hash(std::string_view text);

}  // namespace omni::routing
