#include "source/net/tls_connection.h"

#include <utility>

#include "source/base/status.h"

namespace omni::net {

TlsConnection::TlsConnection(Loop& loop, std::unique_ptr<Connection> lower,
                             std::unique_ptr<TlsSession> session)
    : loop_(loop), lower_(std::move(lower)), session_(std::move(session)) {}

void TlsConnection::handshake(OnHandshake on_done) {
  on_handshake_ = std::move(on_done);
  lower_->start(*this);
  Buffer nothing;
  step_handshake(nothing);  // The first flight.
}

void TlsConnection::start(ConnectionEvents& events) {
  events_ = &events;
  if (state_ == State::kOpen) {  // Held since the handshake.
    if (holds_ == 0) lower_->release(Hold::kSocket);
    return;
  }
  if (state_ != State::kHandshake) return loop_.at_turn_end(*this);
  timer_ = loop_.make_timer(
      [this] { fail(error(absl::StatusCode::kDeadlineExceeded, "the TLS handshake timed out")); });
  timer_->arm(kHandshakeLimit);
  lower_->start(*this);
  Buffer nothing;
  step_handshake(nothing);  // The side that connects speaks first.
}

void TlsConnection::write(Buffer&& bytes) {
  if (state_ != State::kHandshake && state_ != State::kOpen) return bytes.clear();
  plain_out_.append(std::move(bytes));
  if (unsent() > kHighWatermark) above_high_ = true;
  loop_.at_turn_end(*this);
}

void TlsConnection::hold(Hold reason) {
  holds_ |= static_cast<uint8_t>(reason);
  // The handshake goes on: it is not the user's data.
  if (state_ == State::kOpen) lower_->hold(Hold::kSocket);
}

void TlsConnection::release(Hold reason) {
  const bool was_held = holds_ != 0;
  holds_ &= static_cast<uint8_t>(~static_cast<uint8_t>(reason));
  if (!was_held || holds_ != 0 || state_ != State::kOpen || events_ == nullptr) return;
  is_resuming_ = true;
  loop_.at_turn_end(*this);
}

void TlsConnection::close_after_flush() {
  if (state_ == State::kHandshake) {
    state_ = State::kClosing;
    plain_out_.clear();
    lower_->close_after_flush();
  } else if (state_ == State::kOpen) {
    encrypt();
    if (state_ != State::kOpen) return;
    state_ = State::kClosing;
    Buffer out;
    session_->close_notify(out);
    send(std::move(out));
    lower_->close_after_flush();
  }
  plain_in_.clear();
}

void TlsConnection::on_bytes(Buffer& in) {
  const std::weak_ptr<const char> alive = alive_;
  if (state_ == State::kHandshake) step_handshake(in);
  if (alive.expired() || state_ != State::kOpen || events_ == nullptr || holds_ != 0) return;
  decrypt(in);
}

void TlsConnection::step_handshake(Buffer& in) {
  Buffer out;
  const absl::Status status = session_->handshake(in, out);
  send(std::move(out));
  if (!status.ok()) return fail(status);
  if (session_->is_established()) established();
}

void TlsConnection::established() {
  state_ = State::kOpen;
  timer_.reset();
  alpn_ = session_->alpn();
  identity_ = session_->peer_identity();
  if (!plain_out_.empty()) loop_.at_turn_end(*this);
  if (events_ == nullptr || holds_ != 0) lower_->hold(Hold::kSocket);
  if (!on_handshake_) return;
  OnHandshake task = std::move(on_handshake_);
  on_handshake_ = nullptr;
  task(absl::OkStatus());
}

// Goes on while there is more than fits into the block. What cannot be offered now stays in `in`,
// in OpenSSL or in plain_in_, and resume() comes back to it.
void TlsConnection::decrypt(Buffer& in) {
  bool is_full = true;
  while (is_full) {
    const size_t room = loop_.plaintexts().room().size();
    const size_t count = fill(in);
    if (count > 0 && !offer()) return;
    is_full = count == room;
  }
  if (!failure_.ok()) return fail(std::exchange(failure_, absl::OkStatus()));
  if (!session_->input_ended() || end_reported_) return;
  end_reported_ = true;
  events_->on_end_of_input();
}

// Decrypts into the loop's plaintext block. An error is kept until what came before it was offered.
size_t TlsConnection::fill(Buffer& in) {
  const absl::Span<char> room = loop_.plaintexts().room();
  size_t filled = 0;
  Buffer out;
  while (failure_.ok() && filled < room.size()) {
    const absl::StatusOr<size_t> count =
        session_->read(in, out, room.data() + filled, room.size() - filled);
    if (!count.ok()) failure_ = count.status();
    if (!count.ok() || *count == 0) break;
    filled += *count;
  }
  send(std::move(out));
  if (filled == 0) return 0;
  plain_in_.append(loop_.plaintexts().take(filled));
  return filled;
}

// False when nothing more may be offered: held, closed, or this object is gone.
bool TlsConnection::offer() {
  const std::weak_ptr<const char> alive = alive_;
  Buffer in = std::move(plain_in_);
  events_->on_bytes(in);
  if (alive.expired() || state_ != State::kOpen) return false;
  plain_in_ = std::move(in);
  plain_in_.own();
  return holds_ == 0;
}

void TlsConnection::resume() {
  const std::weak_ptr<const char> alive = alive_;
  if (holds_ != 0 || state_ != State::kOpen) return;
  if (!plain_in_.empty() && !offer()) return;
  Buffer nothing;
  decrypt(nothing);
  if (alive.expired() || holds_ != 0 || state_ != State::kOpen) return;
  lower_->release(Hold::kSocket);
}

void TlsConnection::on_end_of_input() {
  if (state_ == State::kHandshake)
    return fail(unavailable("the peer closed the connection during the TLS handshake"));
  if (state_ != State::kOpen || end_reported_) return;
  fail(unavailable("connection closed by peer without TLS close_notify"));
}

void TlsConnection::on_writable() {
  if (state_ != State::kOpen || events_ == nullptr) return;
  if (!above_high_ || unsent() >= kLowWatermark) return;
  above_high_ = false;
  events_->on_writable();
}

void TlsConnection::on_closed(absl::Status why) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kFailed) return report(std::move(failure_));
  if (state_ == State::kHandshake)
    why = unavailable(std::string(message(why)) + " during the TLS handshake");
  report(std::move(why));
}

void TlsConnection::on_turn() {
  if (state_ == State::kFailed) return report(std::move(failure_));
  if (state_ == State::kHandshake) return plain_out_.own();
  if (state_ != State::kOpen) return;
  const std::weak_ptr<const char> alive = alive_;
  if (std::exchange(is_resuming_, false)) resume();
  if (!alive.expired() && state_ == State::kOpen) encrypt();
}

void TlsConnection::encrypt() {
  if (plain_out_.empty()) return;
  Buffer out;
  const absl::Status status = session_->write(plain_out_, out);
  send(std::move(out));
  if (!status.ok()) fail(status);
}

void TlsConnection::send(Buffer&& ciphertext) {
  if (!ciphertext.empty()) lower_->write(std::move(ciphertext));
}

// Reported at the end of this turn, behind the lower connection's flush, so that the peer gets the
// alert that says why.
void TlsConnection::fail(absl::Status why) {
  state_ = State::kFailed;
  failure_ = std::move(why);
  timer_.reset();
  plain_in_.clear();
  plain_out_.clear();
  leave_turn();
  loop_.at_turn_end(*this);
}

void TlsConnection::report(absl::Status why) {
  state_ = State::kClosed;
  timer_.reset();
  leave_turn();
  lower_->hold(Hold::kShutdown);
  if (on_handshake_) {
    OnHandshake task = std::move(on_handshake_);
    on_handshake_ = nullptr;
    return task(std::move(why));
  }
  if (events_ != nullptr) events_->on_closed(std::move(why));
}

}  // namespace omni::net
