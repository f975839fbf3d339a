// A Unix signal as an ordinary callback on a loop.
#pragma once

#include <memory>

#include "source/event/loop.h"

namespace omni {

// Watches from construction to destruction. The callback may destroy the watch.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal, Dispatcher::Task on_signal);
  ~SignalWatch();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace omni
