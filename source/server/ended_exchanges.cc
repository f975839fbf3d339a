#include "source/server/ended_exchanges.h"

#include <utility>

namespace omni {

// Dies at the turn's end.
class EndedExchanges::Turn final : public Deferred {
 public:
  explicit Turn(EndedExchanges& all) : all_(all) {}
  ~Turn() override { all_.end_turn(); }

 private:
  EndedExchanges& all_;
};

EndedExchanges::EndedExchanges(Dispatcher& dispatcher)
    : dispatcher_(dispatcher), timer_(dispatcher.make_timer([this] { write(); })) {}

void EndedExchanges::add(std::unique_ptr<Ended> exchange) {
  if (kept_.size() == settled_) dispatcher_.destroy_later(std::make_unique<Turn>(*this));
  kept_.push_back(std::move(exchange));
}

void EndedExchanges::end_turn() {
  const size_t before = settled_;
  for (; settled_ < kept_.size(); ++settled_) kept_[settled_]->settle();
  // What ends in one turn is a batch already, and its memory is wanted for the next requests.
  if (settled_ - before >= kTogether || settled_ >= kBatch) return write();
  if (settled_ > 0 && timer_ && !timer_->is_armed()) timer_->arm(kLongest);
}

void EndedExchanges::write() {
  // In the order in which they ended.
  for (size_t i = 0; i < settled_; ++i) kept_[i].reset();
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(std::exchange(settled_, 0)));
}

void EndedExchanges::close() {
  timer_.reset();
  settled_ = kept_.size();
  write();
}

}  // namespace omni
