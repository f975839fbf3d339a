// Timers that are used again: making one allocates, arming one does not, and every request needs
// one.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "api/event.h"

namespace omni::upstream {

class AlarmOwner {
 public:
  virtual void on_alarm() = 0;

 protected:
  ~AlarmOwner() = default;
};

// One worker's spare alarms.
class Alarms {
 public:
  struct Alarm {
    std::unique_ptr<Timer> timer;
    AlarmOwner* owner = nullptr;
  };

  explicit Alarms(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;

  std::unique_ptr<Alarm> take(AlarmOwner& owner);
  // Disarms it. May be called from inside on_alarm().
  void give_back(std::unique_ptr<Alarm> alarm);

 private:
  static constexpr size_t kMaxSpare = 4096;

  Dispatcher& dispatcher_;
  std::vector<std::unique_ptr<Alarm>> spare_;
};

}  // namespace omni::upstream
