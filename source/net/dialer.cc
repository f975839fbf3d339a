#include "source/net/dialer.h"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/status.h"
#include "source/catalog/proxy.h"
#include "source/event/uv_handle.h"
#include "source/net/address_policy.h"
#include "source/net/tcp_connection.h"
#include "source/net/tls_connection.h"
#include "source/net/tls_context.h"
#include "source/net/tunnel_connection.h"
#include "source/net/tunnel_handshake.h"

namespace omni::net {
namespace {

constexpr unsigned kKeepAliveSeconds = 60;

}  // namespace

struct Dial::Attempt {
  explicit Attempt(Dial& owner) : dial(owner) {}
  Dial& dial;
  UvHandle<AnyStream> stream;
};

Resolver::Addresses interleaved(const Resolver::Addresses& addresses) {
  Resolver::Addresses first;
  Resolver::Addresses second;
  for (const SocketAddress& address : addresses)
    (address.is_v6() == addresses.front().is_v6() ? first : second).push_back(address);
  Resolver::Addresses out;
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

Dial::Dial(const DialContext& context, const Origin& origin, absl::Duration limit, OnDone on_done)
    : context_(context),
      origin_(origin),
      via_(origin_.proxy ? &*origin_.proxy : nullptr),
      limit_(limit),
      on_done_(std::move(on_done)) {
  deadline_ = context_.loop.make_timer([this] { on_time_out(); });
  deadline_->arm(via_ != nullptr && via_->fails_open ? limit / 2 : limit);
  stagger_ = context_.loop.make_timer([this] { try_next(); });
  begin();
}

void Dial::begin() {
  // To us it is a private address wherever the proxy stands: nobody else asks.
  if (via_ != nullptr && !origin_.allow_private && literal_is_private(origin_.host)) {
    refused_ = error(absl::StatusCode::kPermissionDenied,
                     fmt::format("{} is no public address, which allow_private_network does not "
                                 "allow",
                                 origin_.host));
    via_ = nullptr;
    return context_.loop.at_turn_end(*this);
  }
  const std::string& host = via_ != nullptr ? via_->host : origin_.host;
  if (const auto literal = SocketAddress::parse(host, port())) {
    addresses_.push_back(*literal);
    context_.loop.at_turn_end(*this);
    return;
  }
  query_ = context_.resolver.resolve(
      context_.loop, host, [this](Resolver::Result result) { resolved(std::move(result)); });
}

// From here on there is no proxy. The operator prefers an answer to a request that is hidden.
void Dial::go_direct() {
  via_ = nullptr;
  query_.reset();
  attempts_.clear();
  handshaking_.reset();
  tunnel_.reset();
  addresses_.clear();
  next_ = 0;
  refused_ = first_error_ = absl::OkStatus();
  stagger_->disarm();
  deadline_->arm(limit_ / 2);
  begin();
}

void Dial::on_time_out() {
  const std::string_view why = query_ != nullptr         ? "the name look-up timed out"
                               : handshaking_ != nullptr ? "the TLS handshake timed out"
                               : tunnel_ != nullptr      ? "it did not answer in time"
                                                         : "connecting timed out";
  fail(UpstreamFailure::kTimeout, error(absl::StatusCode::kDeadlineExceeded, why));
}

uint16_t Dial::port() const { return via_ != nullptr ? via_->port : origin_.port; }

Dial::~Dial() = default;

void Dial::resolved(Resolver::Result result) {
  query_.reset();
  if (!result.ok()) return fail(UpstreamFailure::kResolve, result.status());
  addresses_ = interleaved(*result);
  for (SocketAddress& address : addresses_) address.set_port(port());
  try_next();
}

void Dial::try_next() {
  while (next_ < addresses_.size()) {
    if (!connect(addresses_[next_++])) continue;
    if (next_ < addresses_.size()) stagger_->arm(kStagger);
    return;
  }
  if (!attempts_.empty()) return;
  if (!first_error_.ok()) return fail(UpstreamFailure::kConnect, std::move(first_error_));
  fail(UpstreamFailure::kForbidden, std::move(refused_));
}

// False when there is nothing to wait for. The address is judged right here, so that no path to
// connect() goes around it.
bool Dial::connect(const SocketAddress& address) {
  if (!may_connect(address, via_ != nullptr ? via_->allow_private : origin_.allow_private)) {
    refused_ = error(absl::StatusCode::kPermissionDenied,
                     fmt::format("{} is {}, which allow_private_network does not allow",
                                 address.host_text(), why_not_public(address)));
    return false;
  }
  auto attempt = std::make_unique<Attempt>(*this);
  uv_tcp_t* tcp = &attempt->stream.get()->tcp;
  int status = uv_tcp_init(context_.loop.uv(), tcp);
  tcp->data = attempt.get();
  uv_tcp_nodelay(tcp, 1);
  uv_tcp_keepalive(tcp, 1, kKeepAliveSeconds);
  auto request = std::make_unique<uv_connect_t>();
  if (status == 0)
    status = uv_tcp_connect(request.get(), tcp, address.get(), [](uv_connect_t* raw, int result) {
      const std::unique_ptr<uv_connect_t> owned(raw);
      auto* ended = static_cast<Attempt*>(raw->handle->data);
      if (ended == nullptr) return;  // Given up.
      const Loop::Turn turn(ended->dial.context_.loop);
      ended->dial.attempt_ended(*ended, result);
    });
  if (status != 0) {
    if (first_error_.ok()) first_error_ = uv_status(status);
    return false;
  }
  (void)request.release();  // Freed by its callback, which comes even after uv_close().
  attempts_.push_back(std::move(attempt));
  return true;
}

void Dial::attempt_ended(Attempt& attempt, int status) {
  UvHandle<AnyStream> stream = std::move(attempt.stream);
  std::erase_if(attempts_, [&](const auto& one) { return one.get() == &attempt; });
  if (status == 0) {
    attempts_.clear();
    stagger_->disarm();
    return connected(std::make_unique<TcpConnection>(context_.loop, std::move(stream)));
  }
  if (first_error_.ok()) first_error_ = uv_status(status);
  stagger_->disarm();
  try_next();
}

void Dial::connected(std::unique_ptr<Connection> connection) {
  if (via_ == nullptr) return reached_origin(std::move(connection));
  if (via_->type == Proxy::Type::kHttps) return secure_proxy(std::move(connection));
  ask_for_tunnel(std::move(connection));
}

void Dial::secure_proxy(std::unique_ptr<Connection> connection) {
  absl::StatusOr<std::unique_ptr<TlsSession>> session = context_.tls.new_session(*via_);
  if (!session.ok()) return fail(UpstreamFailure::kTls, session.status());
  handshaking_ =
      std::make_unique<TlsConnection>(context_.loop, std::move(connection), *std::move(session));
  handshaking_->handshake([this](absl::Status status) {
    if (!status.ok()) return fail(UpstreamFailure::kTls, std::move(status));
    ask_for_tunnel(std::move(handshaking_));
  });
}

void Dial::ask_for_tunnel(std::unique_ptr<Connection> connection) {
  tunnel_ = std::make_unique<TunnelConnection>(std::move(connection),
                                               make_tunnel_handshake(*via_, origin_));
  tunnel_->handshake([this](absl::Status status) { tunnel_answered(std::move(status)); });
}

void Dial::tunnel_answered(absl::Status status) {
  if (status.ok()) {
    via_ = nullptr;
    return reached_origin(std::move(tunnel_));
  }
  if (status.code() != TunnelHandshake::kOriginUnreachable)
    return fail(UpstreamFailure::kProxy, std::move(status));
  const std::string said = fmt::format("by way of {}", via_->name());
  done({nullptr, UpstreamFailure::kConnect, with_context(status, said)});
}

void Dial::reached_origin(std::unique_ptr<Connection> connection) {
  if (origin_.tls) return shake_hands(std::move(connection));
  done({std::move(connection), UpstreamFailure::kConnect, absl::OkStatus()});
}

void Dial::shake_hands(std::unique_ptr<Connection> connection) {
  absl::StatusOr<std::unique_ptr<TlsSession>> session = context_.tls.new_session(origin_);
  if (!session.ok()) return fail(UpstreamFailure::kTls, session.status());
  handshaking_ =
      std::make_unique<TlsConnection>(context_.loop, std::move(connection), *std::move(session));
  handshaking_->handshake([this](absl::Status status) {
    if (!status.ok()) return fail(UpstreamFailure::kTls, std::move(status));
    done({std::move(handshaking_), UpstreamFailure::kTls, absl::OkStatus()});
  });
}

void Dial::fail(UpstreamFailure kind, absl::Status why) {
  if (via_ == nullptr) return done({nullptr, kind, std::move(why)});
  if (via_->fails_open) return go_direct();
  done({nullptr, UpstreamFailure::kProxy, error(why.code(), proxy_failure(*via_, message(why)))});
}

void Dial::done(DialResult result) {
  query_.reset();
  attempts_.clear();
  handshaking_.reset();
  tunnel_.reset();
  deadline_->disarm();
  stagger_->disarm();
  OnDone task = std::move(on_done_);
  task(std::move(result));
}

}  // namespace omni::net
