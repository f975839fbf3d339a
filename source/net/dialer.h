// Connecting to an origin: name, address rules, TCP, the proxy on the way if there is one, and TLS
// when the origin wants it.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "api/upstream.h"
#include "source/catalog/origin.h"
#include "source/catalog/proxy.h"
#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/net/resolver.h"
#include "source/net/socket_address.h"

namespace omni::net {

class TlsClients;        // tls_context.h
class TlsConnection;     // tls_connection.h
class TunnelConnection;  // tunnel_connection.h

// What every dial of one worker shares.
struct DialContext {
  Loop& loop;
  Resolver& resolver;
  TlsClients& tls;
};

// A connection not started yet, with TLS shaken hands and alpn() final; or why there is none.
struct DialResult {
  std::unique_ptr<Connection> connection;  // Null when it failed; then the rest counts.
  UpstreamFailure failure = UpstreamFailure::kConnect;
  absl::Status why;  // The cause alone, such as "connection refused".
};

// One attempt to reach one origin. Addresses are tried as RFC 8305 says: families by turns, the
// next one 250 ms after the last began or as soon as that failed; the first to connect wins.
//
// With a proxy these are the proxy's addresses, and the proxy's own rule says whether they may be
// private. The origin's name is not looked up here: the proxy does that, by rules of its own, and
// is trusted to. A literal origin is judged here all the same. What goes wrong before the tunnel is
// open is kProxy, unless the proxy says that the origin cannot be reached, which is kConnect. A
// proxy that fails open gets half of `limit`; then the origin is dialled directly.
class Dial final : private TurnWork {
 public:
  using OnDone = absl::AnyInvocable<void(DialResult)>;

  static constexpr absl::Duration kStagger = absl::Milliseconds(250);

  // `on_done` is called once, never from inside the constructor, at the latest after `limit`. It
  // may destroy the dial. Destroying it before cancels.
  Dial(const DialContext& context, const Origin& origin, absl::Duration limit, OnDone on_done);
  ~Dial() override;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // What is being waited for is the proxy.
  bool is_at_proxy() const { return via_ != nullptr; }

 private:
  struct Attempt;

  void on_turn() override { try_next(); }
  void begin();
  void go_direct();
  uint16_t port() const;
  void on_time_out();
  void resolved(Resolver::Result result);
  void try_next();
  bool connect(const SocketAddress& address);
  void attempt_ended(Attempt& attempt, int status);
  void connected(std::unique_ptr<Connection> connection);
  void secure_proxy(std::unique_ptr<Connection> connection);
  void ask_for_tunnel(std::unique_ptr<Connection> connection);
  void tunnel_answered(absl::Status status);
  void reached_origin(std::unique_ptr<Connection> connection);
  void shake_hands(std::unique_ptr<Connection> connection);
  void fail(UpstreamFailure kind, absl::Status why);
  void done(DialResult result);

  DialContext context_;
  Origin origin_;
  const Proxy* via_;  // In origin_; null when there is none or it is behind us.
  absl::Duration limit_;
  OnDone on_done_;
  std::unique_ptr<Resolver::Query> query_;
  Resolver::Addresses addresses_;  // Allowed ones, in the order to try them.
  size_t next_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // Under way.
  absl::Status refused_;                            // By the address rules.
  absl::Status first_error_;                        // Of connecting.
  std::unique_ptr<TlsConnection> handshaking_;
  std::unique_ptr<TunnelConnection> tunnel_;  // Not open yet.
  std::unique_ptr<Timer> deadline_;
  std::unique_ptr<Timer> stagger_;
};

// Families by turns, beginning with that of the first address (RFC 8305 section 4).
Resolver::Addresses interleaved(const Resolver::Addresses& addresses);

}  // namespace omni::net
