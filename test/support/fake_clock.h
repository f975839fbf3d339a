// Time that stands still until a test moves it.
#pragma once

#include <absl/time/time.h>

#include "api/event.h"

namespace omni::test {

class FakeClock final : public Clock {
 public:
  absl::Time now() const override { return now_; }
  absl::Duration since_start() const override { return since_start_; }

  // Both clocks. Fires no timer: FakeDispatcher::advance() does.
  void advance(absl::Duration by) {
    now_ += by;
    since_start_ += by;
  }
  // The wall clock alone, as when somebody sets it.
  void set_now(absl::Time now) { now_ = now; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'750'000'000);
  absl::Duration since_start_ = absl::Seconds(1);
};

}  // namespace omni::test
