// A Loop running in a thread of its own.
#pragma once

#include <string>
#include <thread>

#include "source/event/loop.h"

namespace omni {

class ThreadLoop {
 public:
  // `name` is what ps and gdb show; at most 15 characters are kept.
  explicit ThreadLoop(std::string name);
  ThreadLoop(const ThreadLoop&) = delete;
  ThreadLoop& operator=(const ThreadLoop&) = delete;
  // Stops the loop after the tasks posted so far and joins the thread. What lives on the loop must
  // be gone by then, or be destroyed by one of those tasks.
  ~ThreadLoop();

  Loop& loop() { return loop_; }
  // As the destructor does, but the loop can still be looked at. Idempotent.
  void join();
  // Runs `task` on the loop and waits for it. Never call it from the loop itself.
  void run_and_wait(Dispatcher::Task task);

 private:
  Loop loop_;
  std::thread thread_;
};

}  // namespace omni
