#include "source/event/signal_watch.h"

#include <uv.h>

#include <utility>

#include "source/base/check.h"
#include "source/event/uv_handle.h"

namespace omni {

struct SignalWatch::State : std::enable_shared_from_this<State> {
  State(Loop& l, Dispatcher::Task task) : loop(l), on_signal(std::move(task)) {}
  Loop& loop;
  Dispatcher::Task on_signal;
  UvHandle<uv_signal_t> handle;
};

SignalWatch::SignalWatch(Loop& loop, int signal, Dispatcher::Task on_signal)
    : state_(std::make_shared<State>(loop, std::move(on_signal))) {
  OMNI_CHECK(uv_signal_init(loop.uv(), state_->handle.get()) == 0);
  state_->handle.get()->data = state_.get();
  const int started = uv_signal_start(
      state_->handle.get(),
      [](uv_signal_t* handle, int) {
        if (handle->data == nullptr) return;
        // Keeps the task alive while it runs.
        const auto state = static_cast<State*>(handle->data)->shared_from_this();
        const Loop::Turn turn(state->loop);
        state->on_signal();
      },
      signal);
  OMNI_CHECK(started == 0);
}

SignalWatch::~SignalWatch() { state_->handle.close(); }

}  // namespace omni
