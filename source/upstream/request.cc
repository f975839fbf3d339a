#include "source/upstream/request.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"
#include "source/upstream/client_connection.h"
#include "source/upstream/pool.h"

namespace omni::upstream {

Request::Request(PoolContext& context, Pool& pool, RequestHead&& head, Buffer&& body,
                 const UpstreamTimeouts& timeouts, UpstreamEvents& events)
    : context_(context),
      pool_(pool),
      events_(&events),
      timeouts_(timeouts),
      head_(std::move(head)),
      body_(std::move(body)),
      alarm_(context.alarms.take(*this)),
      number_(++context.opened),
      opened_ns_(context.now_ns()),
      last_byte_ns_(opened_ns_) {
  arm(after(opened_ns_, timeouts_.first_byte));
}

Request::~Request() {
  stop_waiting();
  if (connection_ != nullptr) connection_->cancel(*this);
  context_.alarms.give_back(std::move(alarm_));
}

void Request::wait_in(std::list<Request*>& queue) {
  queue_ = &queue;
  place_ = queue.insert(queue.end(), this);
  context_.stats.queued.add(1);
}

void Request::stop_waiting() {
  if (queue_ == nullptr) return;
  std::exchange(queue_, nullptr)->erase(place_);
  context_.stats.queued.add(-1);
}

void Request::hold() {
  if (std::exchange(is_held_, true)) return;
  if (connection_ != nullptr) connection_->hold();
}

void Request::release() {
  if (!std::exchange(is_held_, false)) return;
  // The peer was not silent: we did not listen.
  last_byte_ns_ = context_.now_ns();
  if (connection_ != nullptr) connection_->release(*this);
}

void Request::await_content() {
  if (connection_ != nullptr) connection_->await_content();
}

void Request::content_began() {
  if (connection_ != nullptr) connection_->content_began(context_.now_ns() - opened_ns_);
}

void Request::attach(ClientConnection& connection, StreamId stream) {
  connection_ = &connection;
  stream_ = stream;
  queued_ns_ = context_.now_ns() - opened_ns_;
}

void Request::note_bytes() {
  last_byte_ns_ = context_.now_ns();
  if (std::exchange(has_bytes_, true)) return;
  // From here on the alarm is not moved by bytes: it looks at last_byte_ns_ when it goes off.
  const int64_t due = after(last_byte_ns_, timeouts_.idle);
  if (due < due_ns_) arm(due);
}

void Request::on_headers(ResponseHead&& head) {
  note_bytes();
  // Nothing will be sent again, and a stream may stay open for long.
  body_.clear();
  head_ = RequestHead();
  events_->on_response_headers(std::move(head));
}

void Request::on_body(Buffer&& bytes) {
  note_bytes();
  Buffer taken = std::move(bytes);  // Gone from the codec, whether the caller takes it or not.
  events_->on_response_body(std::move(taken));
}

void Request::on_complete() {
  alarm_->timer->disarm();
  std::exchange(events_, nullptr)->on_response_complete();
}

void Request::fail(UpstreamFailure kind, absl::Status why, bool sent) {
  alarm_->timer->disarm();
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_failure(kind, std::move(why), sent);
}

void Request::fail_later(UpstreamFailure kind, absl::Status why) {
  refusal_ = Refusal{kind, std::move(why)};
  context_.dispatcher.at_turn_end(*this);
}

void Request::on_turn() {
  const Refusal refusal = *std::exchange(refusal_, std::nullopt);
  fail(refusal.kind, refusal.why, /*sent=*/false);
}

int64_t Request::after(int64_t from_ns, absl::Duration limit) {
  const int64_t wait = absl::ToInt64Nanoseconds(limit);  // Saturates.
  return wait >= kNever - from_ns ? kNever : from_ns + wait;
}

void Request::arm(int64_t due_ns) {
  due_ns_ = due_ns;
  if (due_ns != kNever) alarm_->timer->arm(absl::Nanoseconds(due_ns - context_.now_ns()));
}

void Request::on_alarm() {
  const int64_t now = context_.now_ns();
  if (is_held_) last_byte_ns_ = now;
  const absl::Duration limit = has_bytes_ ? timeouts_.idle : timeouts_.first_byte;
  const int64_t due = after(has_bytes_ ? last_byte_ns_ : opened_ns_, limit);
  if (now < due) return arm(due);
  const bool sent = connection_ != nullptr;
  const char* form = has_bytes_ ? "{} sent nothing more for {}"
                     : sent     ? "no answer from {} within {}"
                                : "no free connection to {} within {}";
  const std::string text =
      fmt::format(fmt::runtime(form), pool_.name(), absl::FormatDuration(limit));
  stop_waiting();
  if (sent) {
    connection_->suspect(*this);
    connection_->cancel(*this);
  }
  fail(UpstreamFailure::kTimeout, error(absl::StatusCode::kDeadlineExceeded, text), sent);
}

}  // namespace omni::upstream
