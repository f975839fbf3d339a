#include "source/server/health_keeper.h"

#include <absl/time/time.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "source/base/status.h"

namespace omni {
namespace {

using Saved = routing::CellRegistry::Saved;

constexpr absl::Duration kEvery = absl::Seconds(1);
// Of the value.
constexpr char kVersion = '1';

// Those of `a` that are not in `b`; both sorted by name.
std::vector<Saved> less(const std::vector<Saved>& a, const std::vector<Saved>& b,
                        bool by_name_only) {
  std::vector<Saved> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out),
                      [by_name_only](const Saved& x, const Saved& y) {
                        if (x.name != y.name || by_name_only) return x.name < y.name;
                        return x.value < y.value;
                      });
  return out;
}

}  // namespace

HealthKeeper::HealthKeeper(Dispatcher& home, Store& store, routing::CellRegistry& cells)
    : home_(home), store_(store), cells_(cells) {}

absl::Status HealthKeeper::load() {
  const int64_t now_ms = absl::ToUnixMillis(home_.clock().now());
  return store_.scan(kHealthTable, "", [&](std::string_view name, std::string_view value) {
    if (!value.empty() && value.front() == kVersion) {
      Saved saved{std::string(name), std::string(value.substr(1))};
      cells_.restore(saved, now_ms);
      last_.push_back(std::move(saved));
    }
    return true;
  });
}

void HealthKeeper::start() {
  timer_ = home_.make_timer([this] {
    save();
    timer_->arm(kEvery);
  });
  timer_->arm(kEvery);
}

void HealthKeeper::save() {
  std::vector<Saved> now = cells_.save(absl::ToUnixMillis(home_.clock().now()));
  if (now == last_) return;
  std::vector<Saved> gone = less(last_, now, true), changed = less(now, last_, false);
  last_ = std::move(now);
  store_.write([gone = std::move(gone), changed = std::move(changed)](Update& update) {
    for (const Saved& each : gone) OMNI_RETURN_IF_ERROR(update.erase(kHealthTable, each.name));
    for (const Saved& each : changed)
      OMNI_RETURN_IF_ERROR(update.put(kHealthTable, each.name, kVersion + each.value));
    return absl::OkStatus();
  });
}

}  // namespace omni
