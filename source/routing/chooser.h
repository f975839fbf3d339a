// In which order the targets of a combo are tried.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/types/span.h>

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "source/routing/accounts.h"
#include "source/routing/combo.h"
#include "source/routing/scorer.h"

namespace omni::routing {

// One request's. Chooses one target at a time, by how they do at that moment: a strategy orders
// those that are equally fit. One thread.
class Chooser {
 public:
  using LookAt = absl::FunctionRef<Fitness(const ComboTarget&)>;

  // Everything outlives this. `random` is fresh for each request; a strategy that counts requests
  // counts this one. `session` keeps a conversation where its prompt is cached. The time is for
  // strategies that look at limits, the pack for kAuto.
  Chooser(const Combo& combo, absl::Span<const uint16_t> places, uint64_t random,
          std::string_view session, int64_t now_ms = 0, Pack pack = Pack::kOwn);

  // The place of the next target, which will not be chosen again; nullopt when none that is left
  // may be tried.
  std::optional<uint16_t> next(LookAt look_at);
  bool was_chosen(uint16_t place) const { return taken_.test(place); }
  // It may be chosen again.
  void put_back(uint16_t place) { taken_.reset(place); }

 private:
  static constexpr uint16_t kNone = 0xFFFF;
  struct Two {
    double lots[2] = {2, 2};
    uint16_t index[2] = {kNone, kNone};
  };

  uint16_t find_best(LookAt look_at) const;
  double rank(uint16_t index) const;
  double rank_by_use(uint16_t index) const;
  double rank_by_limits(const ComboTarget& target) const;
  void shuffle_deck();
  void draw(uint16_t index, Two& two) const;
  uint16_t better(const Two& two) const;
  uint16_t draw_by_weight(LookAt look_at) const;

  const Combo& combo_;
  const absl::Span<const uint16_t> places_;
  const uint64_t random_;
  const uint64_t session_;
  const int64_t now_ms_;
  uint16_t warm_ = 0;  // The pin() of who has the conversation's prompt cached; 0: nobody.
  std::optional<Scorer> scorer_;  // Of kAuto.
  const bool is_in_order_;        // Nobody behind the first good one can be better.
  uint64_t turn_ = 0;
  bool is_first_ = true;
  std::unique_ptr<uint16_t[]> deck_;            // Rank of each index; strict-random's only.
  std::bitset<ComboCell::kMostTargets> taken_;  // By place.
};

}  // namespace omni::routing
