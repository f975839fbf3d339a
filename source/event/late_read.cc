#include "source/event/late_read.h"

#include <sys/socket.h>
#include <uv.h>

#include <utility>

#include "source/base/check.h"
#include "source/event/uv_handle.h"

namespace omni {
namespace {

// Several ticks of most kernels (4 ms): the timer is then seldom the next one that the processor
// must be told of, which on a virtual machine leaves it, and costs more than what the timer is for.
constexpr uint64_t kLongestMs = 20;

}  // namespace

LateReader::~LateReader() { reads_.leave(*this); }

void LateReader::await_more_than(int count) {
  if (count != wanted_) ask(count);
}

void LateReader::ask(int wanted) {
  wanted_ = wanted;
  reads_.change(*this);
}

LateReads::LateReads(Dispatcher& loop, uv_loop_s* uv) : loop_(loop), uv_(uv) {}

LateReads::~LateReads() = default;

void LateReads::close() { timer_.reset(); }

void LateReads::change(LateReader& reader) {
  if (changes_.add(reader)) loop_.in_turn(TurnPart::kRest, *this);
}

void LateReads::on_turn() {
  for (size_t at = 0; at < changes_.size(); ++at) {
    LateReader* reader = changes_[at];
    if (reader == nullptr) continue;
    reader->leave_row();
    set(*reader);
  }
  changes_.clear();
}

// A kernel that refuses wakes the reader as always.
void LateReads::set(LateReader& reader) {
  if (reader.wanted_ == reader.set_) return;
  reader.set_ = reader.wanted_;
  const int least = reader.wanted_ + 1;
  (void)setsockopt(reader.socket_, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
  reader.set_ == 0 ? leave(reader) : enter(reader);
}

void LateReads::enter(LateReader& reader) {
  if (reader.place_ != LateReader::kNowhere) return;
  reader.place_ = waiting_.size();
  waiting_.push_back(&reader);
  if (is_ticking_) return;
  if (timer_ == nullptr) make_timer();
  const auto on_timer = [](uv_timer_t* timer) {
    auto* self = static_cast<LateReads*>(timer->data);
    if (self != nullptr) self->on_timer();
  };
  is_ticking_ = uv_timer_start(timer_->get(), on_timer, kLongestMs, 0) == 0;
}

void LateReads::make_timer() {
  timer_ = std::make_unique<UvHandle<uv_timer_t>>();
  OMNI_CHECK(uv_timer_init(uv_, timer_->get()) == 0);
  timer_->get()->data = this;
  uv_unref(timer_->base());
}

void LateReads::leave(LateReader& reader) {
  if (reader.place_ == LateReader::kNowhere) return;
  waiting_[reader.place_] = waiting_.back();
  waiting_[reader.place_]->place_ = reader.place_;
  waiting_.pop_back();
  reader.place_ = LateReader::kNowhere;
}

// Who came a moment ago has waited long enough, too: a timer of his own is not worth it.
void LateReads::on_timer() {
  is_ticking_ = false;
  while (!waiting_.empty()) {
    LateReader& reader = *waiting_.back();
    reader.wanted_ = 0;
    set(reader);
  }
}

}  // namespace omni
