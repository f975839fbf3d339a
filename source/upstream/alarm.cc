#include "source/upstream/alarm.h"

#include <utility>

namespace omni::upstream {

std::unique_ptr<Alarms::Alarm> Alarms::take(AlarmOwner& owner) {
  std::unique_ptr<Alarm> alarm;
  if (spare_.empty()) {
    alarm = std::make_unique<Alarm>();
    alarm->timer = dispatcher_.make_timer([raw = alarm.get()] { raw->owner->on_alarm(); });
  } else {
    alarm = std::move(spare_.back());
    spare_.pop_back();
  }
  alarm->owner = &owner;
  return alarm;
}

void Alarms::give_back(std::unique_ptr<Alarm> alarm) {
  alarm->timer->disarm();
  alarm->owner = nullptr;
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(alarm));
}

}  // namespace omni::upstream
