#include "source/event/thread_loop.h"

#include <pthread.h>

#include <future>
#include <utility>

#include "source/event/time_slice.h"

namespace omni {

ThreadLoop::ThreadLoop(std::string name)
    : thread_([this, name = name.substr(0, 15)] {
        pthread_setname_np(pthread_self(), name.c_str());
        ask_for_long_slice();
        loop_.run();
      }) {}

ThreadLoop::~ThreadLoop() { join(); }

void ThreadLoop::join() {
  if (!thread_.joinable()) return;
  loop_.stop_soon();
  thread_.join();
}

void ThreadLoop::run_and_wait(Dispatcher::Task task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace omni
