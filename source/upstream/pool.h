// One worker's connections to one origin (by one proxy, or directly): the free ones, those in the
// making, and the requests that wait for one. Free connections are used last in, first out, so that
// surplus ones age.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/event.h"
#include "source/upstream/client_connection.h"
#include "source/upstream/connector.h"
#include "source/upstream/pool_context.h"
#include "source/upstream/request.h"

namespace omni::upstream {

// Deferred: an unused one is dropped by WorkerPools while its own frames may be on the stack.
class Pool final : public Deferred {
 public:
  // Keeps a copy of `origin`, whose snapshot may go first.
  Pool(PoolContext& context, const Origin& origin);
  ~Pool() override;

  const std::string& name() const { return name_; }  // "host:port", for people.
  const Origin& origin() const { return origin_; }
  const std::string& authority() const { return authority_; }
  bool is_unused() const;

  // Gives the request a connection or a place in the queue. Calls nothing back.
  void admit(Request& request);
  // Puts a request that got no answer in line for a connection nobody has used; false when that
  // happened to it before.
  [[nodiscard]] bool repeat(Request& request);
  void close_idle();

  // From connections. update(): what can be done with it may have changed.
  void update(ClientConnection& connection);
  // Forgets the connection, which dies with the turn.
  void close(ClientConnection& connection);

 private:
  class Attempt;
  using Queue = std::list<Request*>;

  bool is_full() const;
  size_t attempts_wanted() const;
  void dial_for_waiters();
  void dial(absl::Duration limit);
  std::unique_ptr<Attempt> release(Attempt& attempt);
  void on_connected(Attempt& attempt, std::unique_ptr<net::Connection> connection);
  void on_connect_failed(Attempt& attempt, UpstreamFailure kind, const absl::Status& why);
  Request* oldest_waiter() const;

  // Gives waiters to the connection while it takes them.
  void serve(ClientConnection& connection, bool is_fresh);
  void set_free(ClientConnection& connection, bool is_free);
  void trim();
  bool close_oldest_idle();

  // What is known of the origin: with TLS only a handshake tells.
  enum class Speaks : uint8_t { kUnknown, kHttp1, kHttp2 };

  PoolContext& context_;
  const Origin origin_;
  const std::string name_;
  const std::string authority_;
  Speaks speaks_;

  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::vector<ClientConnection*> free_;  // Those that can begin a request; oldest first.
  std::vector<std::unique_ptr<Attempt>> attempts_;
  Queue waiters_;
  Queue repeated_;  // Wait for a fresh connection.

  std::unique_ptr<Timer> trim_timer_;
  int64_t last_used_ns_ = 0;  // Of the loop's clock.
};

}  // namespace omni::upstream
