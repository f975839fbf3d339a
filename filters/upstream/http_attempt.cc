#include "filters/upstream/http_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/snapshot.h"
#include "filters/upstream/answer_coding.h"
#include "filters/upstream/egress.h"
#include "filters/upstream/failure_code.h"
#include "filters/upstream/rendered_request.h"
#include "filters/upstream/request_head.h"
#include "source/base/status.h"
#include "source/llm/error.h"
#include "source/llm/token_count.h"
#include "source/routing/quota.h"
#include "source/routing/retry_hint.h"

namespace omni::filters {
namespace {

bool is_event_stream(const Headers& headers) {
  const std::string_view type = headers.value("content-type");
  return starts_with_ignoring_case(type, "text/event-stream") ||
         starts_with_ignoring_case(type, "application/x-ndjson");
}

// For the end of a response whose stream has told its own.
constexpr absl::Duration kEndWait = absl::Seconds(1);

}  // namespace

HttpAttempt::HttpAttempt(Exchange& exchange, const Target& target, const UpstreamTimeouts& timeouts,
                         AttemptEvents& events)
    : exchange_(exchange),
      target_(target),
      events_(events),
      commit_limit_(timeouts.first_byte),
      began_us_(exchange.elapsed_us()) {
  Origin room;
  const Origin& origin = egress_of(exchange, target, room);
  if (is_kept()) {
    request_ = exchange.upstreams().open(origin, make_kept_request_head(exchange, target), Buffer(),
                                         timeouts, *this);
    return;
  }
  std::optional<llm::CallError> refusal;
  Buffer body = is_count()       ? render_count_request(exchange, target, refusal)
                : is_embedding() ? embedding_.render(exchange, target, refusal)
                                 : render_request(exchange, target, refusal);
  way_back_.take(exchange.facts().answer);
  if (refusal) {
    refusal_ = std::make_unique<llm::CallError>(*std::move(refusal));
    exchange.dispatcher().at_turn_end(*this);
    return;
  }
  RequestHead head = make_request_head(exchange, target, body.size());
  request_ = exchange.upstreams().open(origin, std::move(head), std::move(body), timeouts, *this);
  if (!is_embedding() && !is_count() && !gathers_stream()) request_->await_content();
}

// Another target may speak a dialect that can say it.
void HttpAttempt::on_turn() {
  record(refusal_->status, refusal_->code);
  state_ = State::kOver;
  AttemptFailure failure;
  failure.kind = routing::Failure::Kind::kUnsayable;
  failure.reply = {.status = refusal_->status,
                   .code = std::move(refusal_->code),
                   .message = std::move(refusal_->message),
                   .param = std::move(refusal_->param)};
  events_.on_attempt_failed(std::move(failure));
}

void HttpAttempt::hold(bool hold) {
  if (!request_) return;
  if (hold) {
    request_->hold();
  } else {
    request_->release();
  }
}

void HttpAttempt::on_response_headers(ResponseHead&& head) {
  first_byte_us_ = exchange_.elapsed_us() - began_us_;
  head_ = std::move(head);
  learn_quota();
  if (exchange_.facts().trail.is_on) note_upstream_id();
  absl::StatusOr<std::unique_ptr<coding::BodyDecoder>> decoder = take_codings(head_);
  is_unreadable_ = !decoder.ok();
  if (head_.status < 200 || head_.status >= 300) {
    state_ = State::kRefused;
  } else if (is_unreadable_) {
    fail(502, "upstream_coding_unknown",
         fmt::format("The provider's answer cannot be decoded: {}", message(decoder.status())));
  } else if (is_kept() && is_event_stream(head_.headers)) {
    if (decoder.ok()) decoder_ = *std::move(decoder);
    return commit();
  } else if (is_event_stream(head_.headers) && !is_embedding()) {
    state_ = State::kStream;
    watch_ = std::make_unique<CommitWatch>(
        dialect(), exchange_.facts().call.choices(), exchange_.public_id(),
        gathers_stream() ? kGatherBytes : kHoldBytes, gathers_stream());
  } else {
    state_ = State::kPlain;
  }
  if (decoder.ok()) decoder_ = *std::move(decoder);
}

// What it says of one model must not stop the others.
void HttpAttempt::learn_quota() {
  if (target_.account == nullptr || !target_.account->cell) return;
  if (target_.provider->limits_by_model || !exchange_.snapshot().resilience.keeps_hints) return;
  const absl::Time now = exchange_.dispatcher().clock().now();
  routing::QuotaReader reader;
  for (const auto& [name, value] : head_.headers) reader.read(name, value, now);
  const routing::QuotaState quota = reader.scarcest(now);
  routing::AccountCell& cell = *target_.account->cell;
  if (quota.is_known) cell.quota.store(quota);
  reader.note(cell.limits);
}

// What one asks the provider's support about.
void HttpAttempt::note_upstream_id() {
  for (const std::string_view name : {"x-request-id", "request-id", "x-amzn-requestid"})
    if (const auto id = head_.headers.get(name)) {
      upstream_id_ = *id;
      return;
    }
}

void HttpAttempt::on_response_body(Buffer&& bytes) {
  if (is_unreadable_ || state_ == State::kOver) return;
  if (!decoder_) return take_body(std::move(bytes));
  const absl::Status status = decoder_->feed(bytes);
  // What stood before a fault may be the end of a stream; half a document is none.
  const bool passes = state_ == State::kStream || state_ == State::kCommitted;
  if (status.ok() || (passes && !bytes.empty())) take_body(std::move(bytes));
  if (!status.ok() && state_ != State::kOver) on_broken_coding(status);
}

void HttpAttempt::take_body(Buffer&& bytes) {
  switch (state_) {
    case State::kCommitted:
      return pass(std::move(bytes));
    case State::kStream:
      return watch_stream(std::move(bytes));
    case State::kPlain:
    case State::kRefused:
      return gather(std::move(bytes));
    default:
      return;
  }
}

// A count is told in the client's words, and so are embeddings.
Dialect HttpAttempt::dialect() const {
  if (is_count() || is_embedding()) return exchange_.facts().call.dialect();
  return asked_in(*target_.provider, exchange_.facts().call);
}

// A client that wants one document gets it when the whole of it is known to be good.
bool HttpAttempt::gathers_stream() const { return !exchange_.facts().call.wants_stream(); }

void HttpAttempt::watch_stream(Buffer&& bytes) {
  using Verdict = CommitWatch::Verdict;
  const Verdict verdict = watch_->look(bytes);
  if (verdict == Verdict::kError) {
    const llm::Error& error = watch_->error();
    // That much of it is the client's to know (the others have no status of their own).
    const int status = routing::is_context_overflow(error.code, error.message) ? 400 : 502;
    return fail(
        status, error.code.empty() ? "upstream_error" : masked(error.code),
        error.message.empty() ? "The provider ended the stream with an error." : error.message);
  }
  const bool gathers = gathers_stream();
  const size_t limit = gathers ? kGatherBytes : kHoldBytes;
  const bool is_full = held_.size() + bytes.size() >= limit;
  if (gathers && (is_full || verdict == Verdict::kBroken))
    return fail(502, "upstream_invalid_answer", "The provider's stream cannot be read.");
  const bool is_over = !gathers && (verdict != Verdict::kWait || is_full);
  if (verdict == Verdict::kGood && first_token_us_ == 0) note_first_content();
  if (!is_over) bytes.own();
  held_.append(std::move(bytes));
  if (is_over) return commit();
  if (!gathers || verdict == Verdict::kWait) watch_deadline();
}

void HttpAttempt::note_first_content() {
  first_token_us_ = exchange_.elapsed_us() - began_us_;
  request_->content_began();
}

// Bytes that dribble in do not stop the clock, nor does silence behind them: it runs until the
// commit.
void HttpAttempt::watch_deadline() {
  if (deadline_) return;
  const absl::Duration left =
      commit_limit_ - absl::Microseconds(exchange_.elapsed_us() - began_us_);
  deadline_ = exchange_.dispatcher().make_timer([this] { check_deadline(); });
  deadline_->arm(std::max(left, absl::ZeroDuration()));
}

void HttpAttempt::check_deadline() {
  if (state_ == State::kOver || state_ == State::kCommitted) return;
  // A refusal is one, however slowly its text comes.
  if (state_ == State::kRefused) return finish_refused();
  fail(504, "upstream_timeout", "The provider sent no content in time.",
       routing::Failure::Kind::kTimeout);
}

void HttpAttempt::gather(Buffer&& bytes) {
  const bool refused = state_ == State::kRefused;
  if (refused && held_.size() >= kHoldBytes) return;
  // Even behind the last byte the end may come in a later read (HTTP/2: an empty DATA frame).
  bytes.own();
  held_.append(std::move(bytes));
  if (head_.content_length && held_.size() == *head_.content_length) return;
  // Of embeddings the end says how many tokens they took, and a translation needs all of them.
  const size_t limit = is_embedding() ? kGatherBytes : kHoldBytes;
  if (!refused && held_.size() >= limit) {
    if (!is_embedding() || embedding_.passes()) return commit();
    return fail(502, "upstream_invalid_answer", "The provider's answer is too large to be told.");
  }
  watch_deadline();
}

void HttpAttempt::commit() {
  state_ = State::kCommitted;
  deadline_.reset();
  Facts& facts = exchange_.facts();
  if (watch_) watch_->report(facts.answer);
  watch_.reset();
  way_back_.give(facts.answer);
  facts.answer.source = Answer::Source::kUpstream;
  facts.answer.dialect = dialect();
  facts.answer.is_stream = is_event_stream(head_.headers);
  facts.answer.is_committed = true;
  facts.answer.provider = target_.provider;
  facts.answer.account = account_name();
  facts.answer.model = target_.model;
  if (facts.answer.dialect == Dialect::kGemini) note_tier(facts.answer);
  facts.call.release_body();
  clean_response_head(head_, facts.answer.is_stream);
  events_.on_commit(std::move(head_));
  if (!held_.empty()) pass(std::move(held_));
}

void HttpAttempt::pass(Buffer&& bytes) {
  events_.on_committed_body(std::move(bytes));
  if (exchange_.facts().stream_finished) await_end();
}

// The Gemini API says it here, and not always in its usage.
void HttpAttempt::note_tier(Answer& answer) const {
  answer.tier = service_tier_from(head_.headers.value("x-gemini-service-tier"));
}

// A refusal is one, whatever became of its text.
void HttpAttempt::on_broken_coding(const absl::Status& why) {
  std::string text = fmt::format("The provider's answer cannot be decoded: {}", message(why));
  if (state_ == State::kCommitted)
    return end_broken(502, "upstream_coding_broken", std::move(text));
  if (state_ != State::kRefused) return fail(502, "upstream_coding_broken", text);
  held_.clear();
  finish_refused();
}

void HttpAttempt::on_response_complete() {
  if (decoder_ && state_ != State::kOver) {
    const absl::Status status = decoder_->finish();
    decoder_.reset();
    if (!status.ok() && state_ != State::kRefused) return on_broken_coding(status);
  }
  switch (state_) {
    case State::kCommitted:
      return end_whole();
    case State::kStream:
      if (!watch_->finish())
        return fail(502, "upstream_empty", "The provider's stream ended without content.");
      commit();
      return on_response_complete();
    case State::kPlain:
      return exchange_.dispatcher().in_turn(TurnPart::kAnswers, finishing_);
    case State::kRefused:
      return finish_refused();
    default:
      return;
  }
}

bool HttpAttempt::is_embedding() const { return exchange_.facts().endpoint == Endpoint::kEmbed; }

bool HttpAttempt::is_count() const { return exchange_.facts().endpoint == Endpoint::kCountTokens; }

bool HttpAttempt::is_kept() const { return is_kept_response(exchange_.facts().endpoint); }

// One number, which is said again in the client's words where the provider's are others.
void HttpAttempt::finish_count() {
  const Dialect client = exchange_.facts().call.dialect();
  const std::optional<int64_t> tokens = llm::read_count(target_.provider->dialect, held_.flatten());
  if (!tokens) return fail(502, "upstream_invalid_answer", "The provider's answer has no count.");
  if (client != target_.provider->dialect)
    held_ = Buffer(llm::render_count(client, *tokens, false));
  head_.content_length = held_.size();
  commit();
  on_response_complete();
}

void HttpAttempt::finish_plain() {
  if (is_count()) return finish_count();
  llm::Usage usage;
  // What the provider makes in the background is no answer yet.
  const KeptFacts& kept = *exchange_.facts().kept;
  const bool is_begun =
      kept.keeping && kept.keeping->is_background && dialect() == Dialect::kOpenaiResponses;
  const bool is_any = is_kept() || is_begun;
  const absl::Status status = is_any ? absl::OkStatus()
                              : is_embedding()
                                  ? embedding_.finish(exchange_, head_, held_, usage)
                                  : read_plain_answer(dialect(), held_.flatten(), usage);
  if (!status.ok()) {
    return fail(502, "upstream_invalid_answer",
                fmt::format("The provider's answer makes no sense: {}", message(status)));
  }
  Answer& answer = exchange_.facts().answer;
  answer.usage = usage;
  if (!is_any && !usage.is_known()) answer.text_bytes = text_bytes_of(dialect(), held_.flatten());
  head_.content_length = held_.size();
  commit();
  on_response_complete();
}

void HttpAttempt::finish_refused() {
  const llm::Error said = llm::parse_error(head_.status, held_.flatten());
  AttemptFailure failure;
  failure.reply.status = head_.status >= 400 ? head_.status : 502;
  failure.reply.type = masked(said.type);
  failure.reply.code = masked(said.code);
  failure.reply.param = masked(said.param);
  failure.reply.message = fmt::format(
      "[{}]: {}", head_.status,
      said.message.empty() ? "The provider refused the request." : masked(said.message));
  for (const std::string_view name : {"x-request-id", "retry-after", "retry-after-ms"})
    if (const auto value = head_.headers.get(name))
      failure.reply.headers.emplace_back(std::string(name), std::string(*value));
  if (said.retry_after > 0 && !head_.headers.get("retry-after"))
    failure.reply.headers.emplace_back("retry-after", std::to_string(said.retry_after));
  failure.hint = routing::retry_hint({.retry_after_ms = head_.headers.value("retry-after-ms"),
                                      .retry_after = head_.headers.value("retry-after"),
                                      .reset = head_.headers.value("x-ratelimit-reset"),
                                      .body_seconds = said.retry_after,
                                      .text = said.message},
                                     exchange_.dispatcher().clock().now());
  record(head_.status, said.code.empty() ? "refused" : failure.reply.code);
  state_ = State::kOver;
  events_.on_attempt_failed(std::move(failure));
}

void HttpAttempt::on_failure(UpstreamFailure kind, absl::Status why, bool sent) {
  const FailureCode failure = failure_code(kind);
  if (state_ == State::kOver) return;
  if (state_ == State::kRefused && !held_.empty()) return finish_refused();
  std::string text = masked(message(why));
  if (state_ != State::kCommitted)
    return fail(failure.status, failure.code, text, failure_kind(kind, sent),
                failure.retry_after_seconds);
  end_broken(failure.status, failure.code, std::move(text));
}

void HttpAttempt::end_whole() {
  deadline_.reset();
  record(200, "");
  state_ = State::kOver;
  events_.on_committed_complete();
}

// All of the answer is there, and only the end of the response is missing: servers that forget it
// do no harm, and the client need not wait.
void HttpAttempt::await_end() {
  if (deadline_ || state_ != State::kCommitted) return;
  deadline_ = exchange_.dispatcher().make_timer([this] {
    request_.reset();
    end_whole();
  });
  deadline_->arm(kEndWait);
}

// After the commit. Whoever watches the stream knows whether it was complete by now.
void HttpAttempt::end_broken(int status, std::string_view code, std::string message) {
  if (exchange_.facts().stream_finished) return end_whole();
  record(status, code);
  state_ = State::kOver;
  exchange_.facts().answer.failure.make() = {std::string(code), std::move(message)};
  events_.on_committed_complete();
}

void HttpAttempt::fail(int status, std::string_view code, std::string_view message,
                       routing::Failure::Kind kind, int retry_after_seconds) {
  record(status, code);
  state_ = State::kOver;
  held_.clear();
  AttemptFailure failure;
  failure.kind = kind;
  failure.reply = {.status = status,
                   .code = std::string(code),
                   .message = masked(message),
                   .retry_after_seconds = retry_after_seconds};
  events_.on_attempt_failed(std::move(failure));
}

std::string_view HttpAttempt::account_name() const {
  return target_.account != nullptr ? std::string_view(target_.account->name) : "";
}

void HttpAttempt::record(int status, std::string_view reason) {
  Attempt& attempt = exchange_.facts().attempts.emplace_back();
  attempt.provider = target_.provider;
  attempt.account = account_name();
  attempt.model = target_.model;
  attempt.status = status;
  attempt.reason = reason;
  attempt.start_us = began_us_;
  attempt.first_byte_us = first_byte_us_;
  attempt.first_token_us = first_token_us_;
  attempt.total_us = exchange_.elapsed_us() - began_us_;
  attempt.upstream_id = upstream_id_;
}

std::string HttpAttempt::masked(std::string_view text) const {
  return llm::mask_secrets(
      text, target_.account != nullptr ? target_.account->api_key.reveal() : std::string_view());
}

}  // namespace omni::filters
