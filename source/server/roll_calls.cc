#include "source/server/roll_calls.h"

#include <utility>

namespace omni {

RollCalls::Id RollCalls::begin(size_t count, absl::AnyInvocable<void()> done) {
  const Id call = ++last_;
  Call& begun = open_[call];
  begun = {.missing = count, .done = std::move(done), .patience = home_.make_timer([this, call] {
             end(call);
           })};
  begun.patience->arm(count > 0 ? kLongest : absl::ZeroDuration());
  return call;
}

void RollCalls::said(Id call) {
  const auto at = open_.find(call);
  if (at != open_.end() && --at->second.missing == 0) end(call);
}

void RollCalls::end(Id call) {
  const auto at = open_.find(call);
  absl::AnyInvocable<void()> done = std::move(at->second.done);
  open_.erase(at);
  done();
}

}  // namespace omni
