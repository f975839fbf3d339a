// Connecting to an origin: name, address rules, TCP, and TLS when the origin wants it.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/time/time.h>

#include <memory>
#include <vector>

#include "api/upstream.h"
#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/net/resolver.h"
#include "source/net/socket_address.h"

namespace omni::net {

class TlsClients;     // tls_context.h
class TlsConnection;  // tls_connection.h

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
class Dial final : private TurnEnd {
 public:
  using OnDone = absl::AnyInvocable<void(DialResult)>;

  static constexpr absl::Duration kStagger = absl::Milliseconds(250);

  // `on_done` is called once, never from inside the constructor, at the latest after `limit`. It
  // may destroy the dial. Destroying it before cancels.
  Dial(const DialContext& context, const Origin& origin, absl::Duration limit, OnDone on_done);
  ~Dial() override;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

 private:
  struct Attempt;

  void on_turn_end() override { try_next(); }
  void resolved(Resolver::Result result);
  void try_next();
  bool connect(const SocketAddress& address);
  void attempt_ended(Attempt& attempt, int status);
  void connected(std::unique_ptr<Connection> connection);
  void shake_hands(std::unique_ptr<Connection> connection);
  void fail(UpstreamFailure kind, absl::Status why);
  void done(DialResult result);

  DialContext context_;
  Origin origin_;
  OnDone on_done_;
  std::unique_ptr<Resolver::Query> query_;
  Resolver::Addresses addresses_;  // Allowed ones, in the order to try them.
  size_t next_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // Under way.
  absl::Status refused_;                            // By the address rules.
  absl::Status first_error_;                        // Of connecting.
  std::unique_ptr<TlsConnection> handshaking_;
  std::unique_ptr<Timer> deadline_;
  std::unique_ptr<Timer> stagger_;
};

// Families by turns, beginning with that of the first address (RFC 8305 section 4).
Resolver::Addresses interleaved(const Resolver::Addresses& addresses);

}  // namespace omni::net
