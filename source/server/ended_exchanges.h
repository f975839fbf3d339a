// Exchanges whose clients have their answers, until what is written of them is written: the log
// line, the usage record, the receipt. Where one request comes at a time that code is cold, and to
// fetch it costs more than to run it, so some are written one after the other.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "api/event.h"
#include "source/http/exchange_host.h"

namespace omni {

// On its loop, which outlives it and has no turn left when it dies.
class EndedExchanges {
 public:
  static constexpr size_t kBatch = 8;     // Of several turns.
  static constexpr size_t kTogether = 3;  // Of one.
  static constexpr absl::Duration kLongest = absl::Milliseconds(50);

  explicit EndedExchanges(Dispatcher& dispatcher);
  // The exchange is settled at the end of this turn, behind what the turn writes.
  void add(std::unique_ptr<Ended> exchange);
  // Destroys the settled ones, which writes of them. For whoever is about to read that.
  void write();
  // Destroys all; nothing is added afterwards. No frame of theirs may be on the stack.
  void close();

 private:
  class Turn;
  void end_turn();

  Dispatcher& dispatcher_;
  std::unique_ptr<Timer> timer_;
  std::vector<std::unique_ptr<Ended>> kept_;
  size_t settled_ = 0;  // The first ones of kept_.
};

}  // namespace omni
