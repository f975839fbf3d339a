#include "source/net/dialer.h"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/event/uv_handle.h"
#include "source/net/address_policy.h"
#include "source/net/tcp_connection.h"
#include "source/net/tls_connection.h"
#include "source/net/tls_context.h"

namespace omni::net {
namespace {

constexpr unsigned kKeepAliveSeconds = 60;

absl::Status out_of_time(bool is_resolving, bool is_shaking_hands) {
  return error(absl::StatusCode::kDeadlineExceeded, is_resolving ? "the name look-up timed out"
                                                    : is_shaking_hands
                                                        ? "the TLS handshake timed out"
                                                        : "connecting timed out");
}

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
    : context_(context), origin_(origin), on_done_(std::move(on_done)) {
  deadline_ = context_.loop.make_timer([this] {
    fail(UpstreamFailure::kTimeout, out_of_time(query_ != nullptr, handshaking_ != nullptr));
  });
  deadline_->arm(limit);
  stagger_ = context_.loop.make_timer([this] { try_next(); });
  if (const auto literal = SocketAddress::parse(origin_.host, origin_.port)) {
    addresses_.push_back(*literal);
    context_.loop.at_turn_end(*this);
    return;
  }
  query_ = context_.resolver.resolve(context_.loop, origin_.host, [this](Resolver::Result result) {
    resolved(std::move(result));
  });
}

Dial::~Dial() = default;

void Dial::resolved(Resolver::Result result) {
  query_.reset();
  if (!result.ok()) return fail(UpstreamFailure::kResolve, result.status());
  addresses_ = interleaved(*result);
  for (SocketAddress& address : addresses_) address.set_port(origin_.port);
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
  if (!may_connect(address, origin_.allow_private)) {
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

void Dial::fail(UpstreamFailure kind, absl::Status why) { done({nullptr, kind, std::move(why)}); }

void Dial::done(DialResult result) {
  query_.reset();
  attempts_.clear();
  handshaking_.reset();
  deadline_->disarm();
  stagger_->disarm();
  OnDone task = std::move(on_done_);
  task(std::move(result));
}

}  // namespace omni::net
