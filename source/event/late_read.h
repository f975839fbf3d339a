// Sockets whose next bytes are of no use before there are more of them. Their reader sleeps until
// then instead of being woken for each piece, but never longer than twenty milliseconds.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "api/event.h"
#include "source/base/slot_row.h"

struct uv_loop_s;
struct uv_timer_s;

namespace omni {

template <class Handle>
class UvHandle;
class LateReads;

// One socket. It must be destroyed before its socket is closed. One thread, that of its loop.
class LateReader : private RowMember<LateReader> {
 public:
  LateReader(LateReads& reads, int socket) : reads_(reads), socket_(socket) {}
  LateReader(const LateReader&) = delete;
  LateReader& operator=(const LateReader&) = delete;
  ~LateReader();

  // From the end of this turn on the socket is readable when more than `count` bytes are there, the
  // peer has ended, or twenty milliseconds are over. May be called again.
  void await_more_than(int count);
  // From the end of this turn on it is readable when anything is there. Cheap when it is already.
  void end() {
    if (wanted_ != 0) ask(0);
  }

 private:
  friend class LateReads;
  friend class SlotRow<LateReader>;
  static constexpr size_t kNowhere = ~size_t{0};

  void ask(int wanted);

  LateReads& reads_;
  const int socket_;
  int wanted_ = 0;  // How many bytes are too few.
  int set_ = 0;     // What the kernel was told last.
  size_t place_ = kNowhere;
};

// Those of one loop.
class LateReads final : private TurnWork {
 public:
  LateReads(Dispatcher& loop, uv_loop_s* uv);
  ~LateReads() override;

  // Before the loop ends.
  void close();

 private:
  friend class LateReader;

  void on_turn() override;
  void on_timer();
  void change(LateReader& reader);
  void set(LateReader& reader);
  void enter(LateReader& reader);
  void leave(LateReader& reader);
  void make_timer();

  Dispatcher& loop_;
  uv_loop_s* uv_;
  SlotRow<LateReader> changes_;
  std::vector<LateReader*> waiting_;             // Those that the kernel lets sleep.
  std::unique_ptr<UvHandle<uv_timer_s>> timer_;  // Made when first needed.
  bool is_ticking_ = false;
};

}  // namespace omni
