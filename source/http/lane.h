// Moves one direction of one exchange through an ordered row of stages. Not recursive: each stage
// has an inbox, and pump() drains inboxes in order until nothing moves, so a resume from inside any
// callback just sets a flag. Where nothing waits, an event passes without going through the inbox.
// Belongs to one worker.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>

#include "api/filter.h"
#include "source/buffer/buffer.h"
#include "source/buffer/rare_buffer.h"

namespace omni {

// What a lane runs through. Stages are numbered in the order in which events meet them.
class LaneStages {
 public:
  virtual Next on_lane_headers(size_t stage) = 0;
  // What is left in `bytes` moves on.
  virtual Next on_lane_body(size_t stage, Buffer& bytes) = 0;
  virtual Next on_lane_complete(size_t stage) = 0;
  // Past the last stage.
  virtual void out_headers() = 0;
  virtual void out_body(Buffer&& bytes) = 0;
  virtual void out_complete() = 0;

 protected:
  ~LaneStages() = default;
};

// What enters a lane; a row of bits, so that a stage can name several.
enum class LaneEvent : uint8_t { kNothing = 0, kHeaders = 1, kBody = 2, kComplete = 4 };

class Lane {
 public:
  // `stages` outlives the lane.
  Lane(LaneStages& stages, size_t count) : stages_(stages), slots_(count) {}

  // This stage sees a message only when it is complete, headers included.
  void want_whole(size_t stage) { slots_[stage].whole = true; }
  // Events (bits of LaneEvent) that this stage would only pass on: it is not asked.
  void skip(size_t stage, uint8_t events) { slots_[stage].skipped = events; }

  // Events enter at a stage (default: the first); at == count() means straight out.
  void put_headers(size_t at = 0) { put(at, LaneEvent::kHeaders, nullptr); }
  void put_body(Buffer&& bytes, size_t at = 0) {
    if (!bytes.empty()) put(at, LaneEvent::kBody, &bytes);
  }
  void put_complete(size_t at = 0) { put(at, LaneEvent::kComplete, nullptr); }
  // Undoes one kPause of that stage; a no-op when it is not paused.
  void resume(size_t stage);
  // Drops everything at stages before `end`, now and in future.
  void cut_before(size_t end);
  void cut_all() { cut_before(count() + 1); }
  // Makes room for another message that enters at `from`: drops what waits there and beyond, and
  // cuts the stages that have seen headers already, so that none sees them twice. Returns the stage
  // where the other message enters.
  size_t replace(size_t from);

  size_t count() const { return slots_.size(); }
  // Bytes waiting in inboxes or kept by paused stages.
  size_t buffered() const { return has_bytes_ ? count_buffered() : 0; }
  // A share of what a whole-message stage has gathered so far.
  Buffer gathered(size_t stage) const { return slots_[stage].body.share(); }

 private:
  struct Slot {
    bool whole = false;
    uint8_t skipped = 0;
    bool begun = false;                      // Headers were seen.
    bool headers = false, complete = false;  // Inbox.
    bool in_callback = false, resumed_early = false;
    LaneEvent parked = LaneEvent::kNothing;  // The event this stage paused on.
    RareBuffer body;                         // Inbox.
    RareBuffer kept;                         // The body it paused on.

    bool has_work() const { return headers || complete || !body.empty(); }
    // Nothing here can move before something else happens.
    bool is_waiting() const { return parked != LaneEvent::kNothing || (whole && !complete); }
    // Nothing is here, nor on its way from here, that another event could overtake.
    bool is_idle() const {
      return parked == LaneEvent::kNothing && !whole && !in_callback && !has_work();
    }
    bool skips(LaneEvent event) const { return (skipped & static_cast<uint8_t>(event)) != 0; }
  };

  bool is_dead(size_t stage) const { return stage < dead_before_; }
  // `bytes` is null unless the event is a body.
  void put(size_t at, LaneEvent event, Buffer* bytes);
  // Through the stages until one is not idle, which stores it.
  void pass(size_t at, LaneEvent event, Buffer* bytes);
  void store(size_t at, LaneEvent event, Buffer* bytes);
  void out(LaneEvent event, Buffer* bytes);
  void pump();
  bool step(size_t at);  // True when something moved.
  // True when the event moves on.
  bool run(size_t at, LaneEvent event, Buffer* bytes);
  Next call(size_t at, LaneEvent event, Buffer* bytes);
  void forward(size_t from, LaneEvent event, Buffer* bytes);
  void settle();
  size_t count_buffered() const;
  static void empty(Slot& slot);

  LaneStages& stages_;
  absl::InlinedVector<Slot, 4> slots_;
  size_t dead_before_ = 0;
  bool pumping_ = false;
  bool again_ = false;      // Something was stored that may move.
  bool has_bytes_ = false;  // Some inbox may hold bytes.
};

}  // namespace omni
