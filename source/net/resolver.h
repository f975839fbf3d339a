// Names to addresses, for all workers. getaddrinfo() blocks a thread of libuv's pool, so look-ups
// are few: one per name at a time, at most eight together, and answers are kept.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "source/base/strings.h"
#include "source/event/loop.h"
#include "source/net/socket_address.h"

namespace omni::net {

// Made and destroyed on the owner's thread; resolve() may be called from any loop's. Every loop
// that asked outlives the resolver, and so does the owner.
class Resolver {
 public:
  // At least one address, port 0, in the order of preference of the system (RFC 6724).
  using Addresses = std::vector<SocketAddress>;
  using Result = absl::StatusOr<Addresses>;
  using OnResult = absl::AnyInvocable<void(Result)>;
  // Starts a look-up. The callback is called on the owner's thread, from its loop.
  using Lookup = absl::AnyInvocable<void(const std::string& name, OnResult on_result)>;

  // Destroying it cancels: the callback is not called any more.
  class Query {
   public:
    virtual ~Query() = default;
  };

  explicit Resolver(Loop& owner);              // With getaddrinfo().
  Resolver(Dispatcher& owner, Lookup lookup);  // For tests.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Answers on `asker`, whose thread this is called on; never before returning. getaddrinfo() does
  // not tell how long an answer is good: 30 seconds, an error one. After that a stale answer is
  // still given for ten minutes, while a new one is looked up. "localhost" and names below it are
  // never looked up: they are 127.0.0.1 and ::1 (RFC 6761 section 6.3), on machines without
  // /etc/hosts too.
  [[nodiscard]] std::unique_ptr<Query> resolve(Dispatcher& asker, std::string_view name,
                                               OnResult on_result);

  static constexpr absl::Duration kGood = absl::Seconds(30);
  static constexpr absl::Duration kBad = absl::Seconds(1);
  static constexpr absl::Duration kStale = absl::Minutes(10);
  static constexpr size_t kConcurrent = 8;
  static constexpr size_t kMaxNames = 4096;

 private:
  struct Ticket;
  struct State;
  class TicketQuery;

  std::shared_ptr<State> state_;
};

}  // namespace omni::net
