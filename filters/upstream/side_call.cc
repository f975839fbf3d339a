#include "filters/upstream/side_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/snapshot.h"
#include "filters/upstream/course_input.h"
#include "filters/upstream/demo_attempt.h"
#include "filters/upstream/ending.h"
#include "filters/upstream/http_attempt.h"
#include "source/base/status.h"
#include "source/llm/answer_reader.h"

namespace omni::filters {
namespace {

constexpr size_t kBytesPerToken = 4;

// Hedges are for what a client waits for.
Plan unhedged(Plan plan) {
  plan.rules.hedge.enabled = false;
  return plan;
}

}  // namespace

std::unique_ptr<TargetAttempt> make_target_attempt(Exchange& exchange, const Target& target,
                                                   const AttemptRules& rules,
                                                   AttemptEvents& events) {
  rules.attempts.add();
  // Which says that it has no embeddings where it would say so of others.
  if (target.provider->is_demo && exchange.facts().endpoint != Endpoint::kEmbed)
    return std::make_unique<DemoAttempt>(exchange, target, events);
  const absl::Duration limit = exchange.facts().plan.rules.target_timeout;
  const UpstreamTimeouts timeouts{
      .connect = rules.connect_timeout,
      .first_byte = limit > absl::ZeroDuration() ? std::min(limit, rules.timeout) : rules.timeout,
      .idle = rules.timeout};
  return std::make_unique<HttpAttempt>(exchange, target, timeouts, events);
}

SideCall::SideCall(Exchange& parent, const AttemptRules& rules, Plan plan,
                   absl::FunctionRef<void(llm::Request&)> fill, size_t added_bytes, Done done)
    : parent_(parent),
      rules_(rules),
      exchange_(parent, unhedged(std::move(plan))),
      request_bytes_(parent.facts().call.body().size() + added_bytes),
      leg_(*this, exchange_.facts().plan, parent.snapshot().resilience,
           course_input(exchange_.facts().plan.combo)),
      done_(std::move(done)) {
  fill(exchange_.facts().call.edit());
  try_next();
}

SideCall::~SideCall() = default;

int64_t SideCall::now_ms() const { return absl::ToUnixMillis(parent_.dispatcher().clock().now()); }

// The rules' time is that of the client's request.
routing::CourseInput SideCall::course_input(const routing::Combo* combo) const {
  routing::CourseInput out = course_input_of(parent_, combo, request_bytes_);
  out.began_ms -= parent_.elapsed_us() / 1000;
  return out;
}

Aside& SideCall::aside() {
  std::vector<Aside>& all = parent_.facts().asides;
  if (!aside_) {
    aside_ = all.size();
    all.emplace_back();
  }
  return all[*aside_];
}

void SideCall::try_next() {
  using Kind = routing::Course::Step::Kind;
  const routing::Course::Step step = leg_.course.next(now_ms());
  if (step.kind == Kind::kTry) return start();
  leg_.attempt.reset();
  if (step.kind == Kind::kWait) {
    if (!pause_) pause_ = parent_.dispatcher().make_timer([this] { try_next(); });
    return pause_->arm(step.wait);
  }
  const int64_t now = now_ms();
  failure_ = make_ending({.facts = exchange_.facts(),
                          .last = last_ ? &last_->reply : nullptr,
                          .skipped = leg_.course.skipped(now),
                          .has_timed_out = leg_.course.has_timed_out(),
                          .now_ms = now});
  end();
}

// Until it is known what it used, the prompt is counted: whoever is asked reads it, and a client
// that leaves has had it read.
void SideCall::start() {
  const Target& target = leg_.course.target();
  was_asked_ = true;
  Aside& noted = aside();
  noted.provider = target.provider;
  noted.model = target.model;
  noted.usage = {.input = static_cast<int64_t>(request_bytes_ / kBytesPerToken), .estimated = true};
  leg_.began_us = parent_.elapsed_us();
  leg_.runs = true;
  leg_.attempt = make_target_attempt(exchange_, target, rules_, leg_);
}

void SideCall::on_commit(Leg& leg, ResponseHead&&) {
  leg.runs = false;
  leg.course.commit(parent_.elapsed_us() - leg.began_us, now_ms());
}

void SideCall::on_committed_body(Buffer&& bytes) {
  if (is_too_large_ || is_over_) return;
  if (answer_.size() + bytes.size() > kMostAnswerBytes) {
    is_too_large_ = true;
    aside().usage.output = static_cast<int64_t>(answer_.size() / kBytesPerToken);
    note_left("upstream_answer_too_large");
    fail("upstream_answer_too_large", "The answer is too large to be passed on.");
    return;
  }
  bytes.own();
  answer_.append(std::move(bytes));
}

void SideCall::on_committed_complete(Leg& leg) {
  const Answer& answer = exchange_.facts().answer;
  leg.course.end(answer.failure->message.empty(), now_ms());
  if (is_over_) return;
  hand_on_attempts();
  finish_answer();
}

// What a plain answer used is known although the rest of it may be of no use.
void SideCall::finish_answer() {
  const Answer& answer = exchange_.facts().answer;
  usage_ = answer.usage;
  const absl::Status status = read_answer();
  answer_.clear();
  if (!usage_.is_known())
    usage_ = {.input = static_cast<int64_t>(request_bytes_ / kBytesPerToken),
              .output = static_cast<int64_t>(text_.size() / kBytesPerToken),
              .estimated = true};
  if (usage_.tier == ServiceTier::kUnsaid) usage_.tier = answer.tier;
  aside().usage = usage_;
  if (!answer.failure->message.empty()) return fail(answer.failure->code, answer.failure->message);
  if (!status.ok())
    return fail("upstream_invalid_answer",
                fmt::format("The provider's answer makes no sense: {}", message(status)));
  if (!error_.empty())
    return fail("upstream_error", "The provider ended the stream with an error.");
  if (text_.size() > kMostTextBytes)
    return fail("upstream_answer_too_large", "The answer is too large to be passed on.");
  if (!text_.empty()) return end();
  fail("upstream_empty", calls_tool_ ? "The model called a tool instead of answering."
                                     : "The model's answer has no text.");
}

absl::Status SideCall::read_answer() {
  constexpr size_t kMaxEventBytes = kMostAnswerBytes;
  const Answer& answer = exchange_.facts().answer;
  llm::AnswerReader reader(answer.dialect,
                           {.id_seed = parent_.public_id(),
                            .choices = 1,
                            .request = exchange_.facts().call.decoded_request()},
                           kMaxEventBytes);
  const auto emit = [this](const llm::Event& event) { hear(event); };
  if (!answer.is_stream) return reader.whole(answer_.flatten(), emit);
  OMNI_RETURN_IF_ERROR(reader.feed(answer_, emit));
  return reader.finish(emit);
}

void SideCall::hear(const llm::Event& event) {
  using Kind = llm::Event::Kind;
  switch (event.kind) {
    case Kind::kPartBegan:
      is_text_ = event.part_kind == llm::PartKind::kText;
      calls_tool_ |= event.part_kind == llm::PartKind::kToolCall;
      if (is_text_ && !text_.empty()) text_ += "\\n\\n";
      return;
    case Kind::kDelta:
      if (is_text_) text_ += event.text.inside();
      return;
    case Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Kind::kFailed:
      error_ = event.error->code.empty() ? "upstream_error" : event.error->code;
      return;
    default:
      return;
  }
}

void SideCall::on_attempt_failed(Leg& leg, AttemptFailure&& failure) {
  rules_.failures.add();
  leg.runs = false;
  aside().usage = {};
  hand_on_attempts();
  leg.course.fail({.kind = failure.kind,
                   .status = failure.reply.status,
                   .code = failure.reply.code,
                   .message = failure.reply.message,
                   .hint = failure.hint},
                  now_ms());
  last_ = std::move(failure);
  has_failed_ = true;
  parent_.dispatcher().at_turn_end(*this);
}

void SideCall::hand_on_attempts() {
  const std::vector<Attempt>& mine = exchange_.facts().attempts;
  std::vector<Attempt>& all = parent_.facts().attempts;
  for (; handed_on_ < mine.size(); ++handed_on_) all.push_back(mine[handed_on_]);
}

void SideCall::fail(std::string_view code, std::string message) {
  if (is_over_) return;
  failure_ = LocalReply{.status = 502, .code = std::string(code), .message = std::move(message)};
  end();
}

void SideCall::end() {
  is_over_ = true;
  parent_.dispatcher().at_turn_end(*this);
}

void SideCall::give_up(std::string_view reason) {
  if (is_over_) return;
  leave_turn();
  pause_.reset();
  is_over_ = true;
  failure_ =
      LocalReply{.status = 504, .code = std::string(reason), .message = "No answer came in time."};
  if (!leg_.attempt) return;
  leg_.attempt.reset();
  note_left(reason);
}

// The attempt will not be there to note itself.
void SideCall::note_left(std::string_view reason) {
  hand_on_attempts();
  Attempt& lost = parent_.facts().attempts.emplace_back();
  const Target& target = leg_.course.target();
  lost.provider = target.provider;
  lost.account = target.account != nullptr ? std::string_view(target.account->name) : "";
  lost.model = target.model;
  lost.reason = reason;
  lost.start_us = leg_.began_us;
  lost.total_us = parent_.elapsed_us() - leg_.began_us;
}

void SideCall::on_turn() {
  if (parent_.is_over()) return;
  if (std::exchange(has_failed_, false) && !is_over_) return try_next();
  leg_.attempt.reset();
  done_(*this);
}

}  // namespace omni::filters
