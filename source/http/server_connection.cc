#include "source/http/server_connection.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "source/http/http1/server_codec.h"
#include "source/http/http2/server_codec.h"

namespace omni {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 section 3.4.
constexpr size_t kPipelineBytes = 64 * 1024;
// At shutdown, for the first request of a client that has just connected: it is on its way.
constexpr absl::Duration kFirstRequest = absl::Seconds(1);
constexpr int kBadRequest = 400;

}  // namespace

ServerConnection::ServerConnection(std::unique_ptr<net::Connection> connection, ExchangeHost& host,
                                   Registry& registry, const ServerLimits& limits, size_t listener)
    : connection_(std::move(connection)),
      host_(host),
      registry_(registry),
      limits_(limits),
      listener_(listener),
      quiet_since_(host.dispatcher().clock().since_start()),
      head_since_(quiet_since_),
      unsent_since_(quiet_since_) {}

ServerConnection::~ServerConnection() { fail_exchanges(); }

void ServerConnection::start() {
  timer_ = host_.dispatcher().make_timer([this] { check_timeouts(); });
  arm_timer();
  connection_->start(*this);
}

bool ServerConnection::choose_codec(const Buffer& in) {
  const std::string_view alpn = connection_->alpn();
  is_http2_ = alpn == "h2";
  if (alpn.empty()) {
    std::string first;
    for (size_t i = 0; i < in.slice_count() && first.size() < kPreface.size(); ++i)
      first.append(in.slice(i).view().substr(0, kPreface.size() - first.size()));
    const bool may_be = kPreface.substr(0, first.size()) == first;
    if (may_be && first.size() < kPreface.size()) return false;
    is_http2_ = may_be;
  }
  if (is_http2_) {
    codec_ = std::make_unique<Http2ServerCodec>(*this, limits_.codec, host_.dispatcher().clock());
  } else {
    codec_ = std::make_unique<Http1ServerCodec>(*this, limits_.codec,
                                                connection_->is_tls() ? "https" : "http");
  }
  return true;
}

void ServerConnection::on_bytes(Buffer& in) {
  if (over_ || closing_) return in.clear();
  if (!codec_ && !choose_codec(in)) return;  // Too few bytes: they are offered again.
  if (!input_.empty()) {
    input_.append(std::move(in));
    in = input_.take();
  }
  feed(in);
  input_.append(std::move(in));
  input_.own();
  if (input_.size() > kPipelineBytes) connection_->hold(net::Hold::kPipeline);
}

void ServerConnection::feed(Buffer& in) {
  feeding_ = true;
  const bool was_mid_headers = codec_->is_mid_headers();
  const absl::Status status = codec_->feed(in);
  feeding_ = false;
  if (!was_mid_headers && codec_->is_mid_headers())
    head_since_ = host_.dispatcher().clock().since_start();
  fed(status);
}

void ServerConnection::fed(const absl::Status& status) {
  if (!status.ok()) {
    input_.clear();
    // Nothing more is read, so what is still open can neither go on nor be answered.
    fail_exchanges();
    closing_ = true;
  } else if (shutting_down_ && !closing_) {
    tell_shutdown();
  }
  flush_soon();
}

// An exchange ended: HTTP/1 may go on with the next request of a pipeline, which the codec may have
// kept to itself.
void ServerConnection::feed_again() {
  if (feeding_ || closing_ || over_ || (is_http2_ && input_.empty())) return;
  Buffer in = input_.take();
  feed(in);
  input_.append(std::move(in));
  input_.own();
  if (input_.size() <= kPipelineBytes) connection_->release(net::Hold::kPipeline);
}

absl::Span<char> ServerConnection::read_target() {
  return codec_ && !closing_ ? codec_->read_target() : absl::Span<char>();
}

void ServerConnection::on_read_into_target(size_t count) {
  feeding_ = true;
  const absl::Status status = codec_->received(count);
  feeding_ = false;
  fed(status);
}

ServerExchange* ServerConnection::find(StreamId stream) {
  for (auto& exchange : exchanges_)
    if (exchange->stream() == stream) return exchange.get();
  return nullptr;
}

void ServerConnection::on_request_headers(StreamId stream, RequestHead&& head) {
  exchanges_.push_back(std::make_unique<ServerExchange>(*this, stream));
  has_served_ = true;
  exchanges_.back()->begin(std::move(head));
}

void ServerConnection::on_request_body(StreamId stream, Buffer&& bytes) {
  if (ServerExchange* exchange = find(stream)) return exchange->request_body(std::move(bytes));
  codec_->consumed(stream, bytes.size());
}

void ServerConnection::on_request_complete(StreamId stream) {
  if (ServerExchange* exchange = find(stream)) exchange->request_complete();
}

// In HTTP/1 the codec itself answers what breaks the protocol.
void ServerConnection::on_reset(StreamId stream, ResetReason reason) {
  const bool is_told = !is_http2_ && reason == ResetReason::kProtocolError;
  if (ServerExchange* exchange = find(stream)) exchange->client_gone(is_told ? kBadRequest : 0);
}

void ServerConnection::hold_request(StreamId, bool hold) {
  // HTTP/2 holds by not returning window credit.
  if (is_http2_) return;
  if (hold) {
    connection_->hold(net::Hold::kLane);
  } else {
    connection_->release(net::Hold::kLane);
  }
}

void ServerConnection::exchange_over(StreamId stream) {
  const auto at = std::find_if(exchanges_.begin(), exchanges_.end(),
                               [&](const auto& exchange) { return exchange->stream() == stream; });
  if (at == exchanges_.end()) return;
  host_.ended(std::move(*at));
  exchanges_.erase(at);
  codec_->forget(stream);
  quiet_since_ = host_.dispatcher().clock().since_start();
  if (!is_http2_) connection_->release(net::Hold::kLane);
  refeed_ = true;
  flush_soon();
}

void ServerConnection::on_turn() {
  if (over_) return;
  if (std::exchange(refeed_, false)) feed_again();
  Buffer out;
  if (codec_) codec_->drain(out);
  if (!out.empty()) connection_->write(std::move(out));
  check_pressure();
  close_when_done();
}

// What the socket has not taken presses on all; what waits for a stream's window on that stream
// alone.
void ServerConnection::check_pressure() {
  const size_t unsent = connection_->unsent();
  for (const auto& exchange : exchanges_)
    exchange->check_pressure(unsent + codec_->pending(exchange->stream()));
}

void ServerConnection::close_when_done() {
  const bool finished =
      closing_ || (codec_ && codec_->is_finished()) ||
      (shutting_down_ && !awaits_first_request() && (!codec_ || codec_->active() == 0));
  if (!finished || !exchanges_.empty()) return;
  closing_ = true;
  connection_->close_after_flush();
}

void ServerConnection::on_writable() { flush_soon(); }

void ServerConnection::on_end_of_input() {
  if (over_) return;
  // A client that half-closes and one that leaves look the same. An answer that is being made costs
  // money, so it is taken for leaving; answers that are ready have been sent in this turn already.
  if (codec_) codec_->on_end_of_input();
  fail_exchanges();
  closing_ = true;
  flush_soon();
}

void ServerConnection::fail_exchanges() {
  while (!exchanges_.empty()) exchanges_.back()->client_gone();
}

void ServerConnection::on_closed(absl::Status) {
  fail_exchanges();
  over();
}

void ServerConnection::begin_shutdown() {
  if (shutting_down_) return;
  shutting_down_ = true;
  shutdown_since_ = host_.dispatcher().clock().since_start();
  if (has_served_) {
    tell_shutdown();
  } else if (timer_) {
    timer_->arm(kFirstRequest);
  }
  flush_soon();
}

// The codec learns of the shutdown when the connection has served something, so that a client which
// connected just before is not turned away.
void ServerConnection::tell_shutdown() {
  if (has_served_ && !std::exchange(told_shutdown_, true)) codec_->begin_shutdown();
}

bool ServerConnection::awaits_first_request() const {
  return !has_served_ && host_.dispatcher().clock().since_start() - shutdown_since_ < kFirstRequest;
}

void ServerConnection::end_exchanges() {
  std::vector<ServerExchange*> open;
  for (auto& exchange : exchanges_) open.push_back(exchange.get());
  for (ServerExchange* exchange : open)
    exchange->refuse(
        {.status = 503, .code = "shutting_down", .message = "The gateway is shutting down."});
  closing_ = true;
  flush_soon();
}

bool ServerConnection::is_idle_too_long(absl::Duration now) const {
  if (!exchanges_.empty()) return false;
  if (!codec_) return now - quiet_since_ >= limits_.header_timeout;
  if (codec_->is_mid_headers()) return now - head_since_ >= limits_.header_timeout;
  return now - quiet_since_ >= limits_.idle_timeout;
}

bool ServerConnection::refuse_slow_bodies(absl::Duration now) {
  std::vector<ServerExchange*> slow;
  for (auto& exchange : exchanges_)
    if (!exchange->is_request_complete() && now - exchange->last_input() >= limits_.body_timeout)
      slow.push_back(exchange.get());
  for (ServerExchange* exchange : slow)
    exchange->refuse({.status = 408,
                      .code = "request_timeout",
                      .message = "The request body did not arrive in time."});
  return !slow.empty();
}

void ServerConnection::check_timeouts() {
  const absl::Duration now = host_.dispatcher().clock().since_start();
  const size_t unsent = connection_->unsent();
  if (unsent == 0 || unsent != unsent_seen_) unsent_since_ = now;
  unsent_seen_ = unsent;
  if (now - unsent_since_ >= limits_.write_timeout) {
    fail_exchanges();
    return over();
  }
  if (shutting_down_) flush_soon();
  const bool slow = refuse_slow_bodies(now);
  if (!closing_ && (is_idle_too_long(now) || (slow && !is_http2_))) {
    if (!slow && codec_ && codec_->is_mid_headers()) codec_->give_up_headers();
    closing_ = true;
    flush_soon();
  }
  arm_timer();
}

// Looks four times as often as the shortest limit asks for: a limit is exceeded by a quarter of it
// at most, and bytes that come need not move a timer.
void ServerConnection::arm_timer() {
  const absl::Duration shortest =
      std::min({limits_.header_timeout, limits_.body_timeout, limits_.idle_timeout});
  timer_->arm(shortest / 4);
}

void ServerConnection::over() {
  if (std::exchange(over_, true)) return;
  leave_turn();
  registry_.connection_over(*this);
}

}  // namespace omni
