// Which models the Ollama servers behind the gateway have in memory: all are asked at once.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "api/exchange.h"

namespace omni::filters {

// Asks the targets of the plan, the first of them when there are very many. Who has not answered
// in time, or not with a list, is left out: its models serve nobody now. Destroying it cancels all.
class RunningModels final : private TurnWork {
 public:
  // Takes the body of the answer. Called once, never from inside the constructor.
  using Tell = absl::AnyInvocable<void(std::string body)>;

  RunningModels(Exchange& exchange, Tell tell);
  ~RunningModels() override;

 private:
  class Question;

  static constexpr size_t kMostTargets = 32;
  static constexpr size_t kMostBytes = 1024 * 1024;  // Of one server's answer.
  static constexpr absl::Duration kTime = absl::Seconds(2);

  void on_turn() override { finish(); }
  void ended();
  void finish();

  Exchange& exchange_;
  Tell tell_;
  std::vector<std::unique_ptr<Question>> questions_;
  size_t open_ = 0;
  std::unique_ptr<Timer> deadline_;
};

}  // namespace omni::filters
