// The provider that needs no key and no network: `echo` repeats the last user message, `lorem`
// streams text at a set pace, so that a newcomer sees a reply at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/upstream/attempt.h"

namespace omni::filters {

class DemoAttempt final : public TargetAttempt, private TurnWork {
 public:
  // Everything outlives the attempt.
  DemoAttempt(Exchange& exchange, const Target& target, AttemptEvents& events);

  void hold(bool hold) override;

 private:
  // No asynchronous call answers before it has returned.
  void on_turn() override { begin(); }
  void begin();
  void step();
  void send_plain();
  void send_chunk(std::string_view delta, std::string_view finish);
  void finish_stream();

  Exchange& exchange_;
  const Target& target_;
  AttemptEvents& events_;
  const int64_t began_us_;
  const std::string id_;
  const int64_t created_;
  absl::Duration pace_;
  std::vector<std::string> words_;
  size_t next_word_ = 0;
  int64_t input_tokens_ = 0;
  bool held_ = false;
  bool waiting_ = false;  // A step is due but held.
  std::unique_ptr<Timer> timer_;
};

}  // namespace omni::filters
