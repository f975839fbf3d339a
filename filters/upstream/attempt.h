// One try at one target, from rendering the request to the end of its answer.
#pragma once

#include <string>

#include "api/exchange.h"
#include "api/http.h"
#include "source/buffer/buffer.h"
#include "source/routing/failure.h"

namespace omni::filters {

// Why an attempt ended without an answer, as a client would be told.
struct AttemptFailure {
  LocalReply reply;
  routing::Failure::Kind kind = routing::Failure::Kind::kAnswer;
  absl::Duration hint;  // How long the provider asks to be left alone; zero: not said.
};

class AttemptEvents {
 public:
  // The answer is good: it goes to the client now. Body and complete follow.
  virtual void on_commit(ResponseHead&& head) = 0;
  virtual void on_committed_body(Buffer&& bytes) = 0;
  virtual void on_committed_complete() = 0;
  // Before the commit only, and nothing follows.
  virtual void on_attempt_failed(AttemptFailure&& failure) = 0;

 protected:
  ~AttemptEvents() = default;
};

// Destroying it cancels it. Calls back never from inside its constructor.
class TargetAttempt {
 public:
  virtual ~TargetAttempt() = default;
  virtual void hold(bool hold) = 0;
};

}  // namespace omni::filters
