#include "source/net/tunnel_connection.h"

#include "source/base/status.h"

namespace omni::net {

void TunnelConnection::handshake(OnHandshake on_done) {
  on_done_ = std::move(on_done);
  lower_->start(*this);
  Buffer nothing, out;
  // Neither protocol can fail before the proxy has spoken.
  handshake_->step(nothing, out).IgnoreError();
  lower_->write(std::move(out));
}

void TunnelConnection::start(ConnectionEvents& events) {
  events_ = &events;
  lower_->release(Hold::kTunnel);
}

void TunnelConnection::on_bytes(Buffer& in) {
  if (events_ != nullptr) return events_->on_bytes(in);
  if (handshake_ == nullptr) return;  // Not started yet: `lower_` keeps them.
  Buffer out;
  const absl::StatusOr<bool> is_open = handshake_->step(in, out);
  if (!out.empty()) lower_->write(std::move(out));
  if (!is_open.ok()) return finish(is_open.status());
  if (!*is_open) return;
  const std::weak_ptr<const char> alive = alive_;
  finish(absl::OkStatus());
  // An origin may speak first, and then its words came with the proxy's last.
  if (!alive.expired() && events_ != nullptr && !in.empty()) events_->on_bytes(in);
}

absl::Span<char> TunnelConnection::read_target() {
  return events_ != nullptr ? events_->read_target() : absl::Span<char>();
}

void TunnelConnection::on_end_of_input() {
  if (events_ != nullptr) return events_->on_end_of_input();
  if (handshake_ != nullptr) finish(unavailable("it closed the connection"));
}

void TunnelConnection::on_writable() {
  if (events_ != nullptr) events_->on_writable();
}

void TunnelConnection::on_closed(absl::Status why) {
  if (events_ != nullptr) return events_->on_closed(std::move(why));
  if (handshake_ != nullptr) finish(why.ok() ? unavailable("it closed the connection") : why);
}

// Reading rests until somebody starts the connection.
void TunnelConnection::finish(absl::Status status) {
  handshake_.reset();
  lower_->hold(Hold::kTunnel);
  OnHandshake task = std::move(on_done_);
  on_done_ = nullptr;
  if (task) task(std::move(status));
}

}  // namespace omni::net
