// A model that is asked beside the client's answer: not streamed, its text read for us.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/stats.h"
#include "api/upstream.h"
#include "filters/upstream/leg.h"
#include "filters/upstream/side_exchange.h"
#include "source/llm/codec.h"
#include "source/llm/decoded.h"

namespace omni::filters {

// How attempts are made, whoever they are for.
struct AttemptRules {
  absl::Duration timeout, connect_timeout;
  Counter attempts, failures;
};

std::unique_ptr<TargetAttempt> make_target_attempt(Exchange& exchange, const Target& target,
                                                   const AttemptRules& rules,
                                                   AttemptEvents& events);

// Tries the targets of its plan as a client's request would: accounts, cooldowns, breakers, limits
// of size and time are the same. Destroying it cancels it. What it uses is told in the parent's
// facts from the moment on in which somebody is asked, each attempt as soon as it is over.
class SideCall final : public LegEvents, private TurnWork {
 public:
  // At a turn's end, once, never from inside the constructor; the call may be destroyed then.
  using Done = absl::AnyInvocable<void(SideCall&)>;

  // The request is what `fill` makes of an empty one: the client's conversation, which outlives the
  // call, and about `added_bytes` more. The plan is not empty.
  SideCall(Exchange& parent, const AttemptRules& rules, Plan plan,
           absl::FunctionRef<void(llm::Request&)> fill, size_t added_bytes, Done done);
  ~SideCall();

  bool is_over() const { return is_over_; }
  // Of one that is over: there is an answer.
  bool has_answered() const { return is_over_ && !failure_; }
  // What was said, as it stands between the quotes of JSON. Once; not empty.
  std::string take_text() { return std::move(text_); }
  // Why there is none, in the words a client gets; the provider's status where it said one.
  const LocalReply& failure() const { return *failure_; }
  // Who answered, or was asked last; null when nobody was.
  const Target* target() const { return was_asked_ ? &leg_.course.target() : nullptr; }
  // Ends it: what it was about to say is not wanted any more.
  void give_up(std::string_view reason);

 private:
  static constexpr size_t kMostAnswerBytes = 4 * 1024 * 1024;
  static constexpr size_t kMostTextBytes = 1024 * 1024;

  void on_commit(Leg& leg, ResponseHead&& head) override;
  void on_committed_body(Buffer&& bytes) override;
  void on_committed_complete(Leg& leg) override;
  void on_attempt_failed(Leg& leg, AttemptFailure&& failure) override;
  void on_turn() override;

  int64_t now_ms() const;
  routing::CourseInput course_input(const routing::Combo* combo) const;
  void try_next();
  void start();
  absl::Status read_answer();
  void hear(const llm::Event& event);
  void finish_answer();
  void fail(std::string_view code, std::string message);
  void end();
  Aside& aside();
  void hand_on_attempts();
  void note_left(std::string_view reason);

  Exchange& parent_;
  const AttemptRules& rules_;
  SideExchange exchange_;
  const size_t request_bytes_;  // About as many.
  Leg leg_;
  Done done_;
  std::unique_ptr<Timer> pause_;
  std::optional<AttemptFailure> last_;
  std::optional<LocalReply> failure_;
  std::optional<size_t> aside_;  // Its place among the parent's.
  size_t handed_on_ = 0;         // Of its attempts.
  Buffer answer_;
  std::string text_;
  llm::Usage usage_;
  std::string error_;  // That its stream told.
  bool is_text_ = false, calls_tool_ = false, is_too_large_ = false;
  bool was_asked_ = false, has_failed_ = false, is_over_ = false;
};

}  // namespace omni::filters
