// Progress events for clients that ask for them with `X-OmniRoute-Progress: true`.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <memory>
#include <string>

#include "api/event.h"
#include "source/buffer/buffer.h"

namespace omni::filters {

// Between the events of one stream, and once at the end, in front of OpenAI's `[DONE]`:
//     event: progress
//     data: {"tokens_generated":37,"elapsed_ms":2003}
// What is counted are the `data:` lines that went to the client, not tokens.
class Progress {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(2);
  using Send = absl::AnyInvocable<void(Buffer&& bytes)>;

  // `send` puts bytes into the stream from a timer. `began_ns`: of the dispatcher's clock.
  Progress(Dispatcher& dispatcher, int64_t began_ns, Send send);

  // Counts what goes to the client, whole events only, and puts the last event into it where its
  // place is.
  void pass(Buffer& bytes);
  // The stream ends well: what is left to be said, perhaps nothing.
  Buffer finish();
  // It ends otherwise.
  void stop() { timer_->disarm(); }

 private:
  std::string event(bool is_last);

  Dispatcher& dispatcher_;
  const int64_t began_ns_;
  Send send_;
  std::unique_ptr<Timer> timer_;
  int64_t lines_ = 0;
  bool is_over_ = false;
};

}  // namespace omni::filters
