// What an exchange needs from the worker it lives on.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "api/codec.h"
#include "api/event.h"
#include "api/exchange.h"
#include "api/filter_registry.h"
#include "api/snapshot.h"
#include "source/http/body_budget.h"
#include "source/http/filter_chain.h"

namespace omni {

// Bounds of one listener's connections; each is a key of the configuration reference.
struct ServerLimits {
  CodecLimits codec;
  ChainLimits chain;
  absl::Duration header_timeout = absl::Seconds(15);  // From the first byte of a head to its end.
  absl::Duration body_timeout = absl::Seconds(60);    // Between two pieces of a request body.
  absl::Duration idle_timeout = absl::Minutes(5);     // Without an exchange.
  absl::Duration write_timeout = absl::Seconds(120);  // A client that takes no byte of its answer.
};

// How a request is served: by a row of filters, or at once.
struct Entry {
  const std::vector<FilterTemplate>* row = nullptr;  // Lives as long as the exchange's snapshot.
  std::optional<LocalReply> refusal;                 // Goes before `row`.
  std::optional<ResponseHead> answer;                // Goes before both.
  std::string_view answer_body;                      // Lives for ever.
};

// Where a request came from.
struct Door {
  size_t listener = 0;    // ListenerRoutes::id
  std::string_view peer;  // "127.0.0.1:4711", "unix:".
  bool from_loopback = false;
};

// When the parts of an exchange happened: microseconds since it began; -1: never.
struct Phases {
  int64_t request_complete = -1;
  int64_t first_byte = -1;  // Of the response, towards the client.
  int64_t end = -1;
};

// One finished exchange, for the access log and the usage record. Views die with the call.
struct Finished {
  Exchange& exchange;
  std::string_view peer;  // The client, where a trusted proxy names it (facts.client).
  std::string_view protocol;
  int status = 0;  // 0: the client left before an answer began.
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  bool aborted = false;  // By the client, or cut by us.
  Phases phases;
  absl::Time at;  // When it ended.
};

// An exchange that is over. Its destructor writes of it, and settles it before if nobody has.
class Ended : public Deferred {
 public:
  // Lets go of all that others wait for, its connection included.
  virtual void settle() = 0;
};

class ExchangeHost {
 public:
  virtual Dispatcher& dispatcher() = 0;
  virtual UpstreamPools& upstreams() = 0;
  virtual BackgroundJobs& jobs() = 0;
  virtual BodyBudget& body_budget() = 0;
  // What an exchange that begins now runs under; `listener` is where its connection came in.
  virtual std::shared_ptr<const Snapshot> pin(size_t listener) const = 0;
  virtual uint64_t next_id() = 0;
  // An exchange begins, of which count() will tell the end.
  virtual void begun() = 0;
  // Decides how the request is served; fills facts.endpoint and the call's dialect.
  virtual Entry enter(Exchange& exchange, const Door& door) = 0;
  // Adds what every answer on this path carries (CORS, ids).
  virtual void dress(Exchange& exchange, ResponseHead& head) = 0;
  // What is counted of an exchange, once its turn is over.
  virtual void count(const Finished& finished) = 0;
  // What is written of it, at that time or a little later.
  virtual void finished(const Finished& finished) = 0;
  // Its frames are on the stack: settle() and the destructor wait for the end of the turn, at which
  // its client's last bytes have been written. May keep it for some milliseconds more.
  virtual void ended(std::unique_ptr<Ended> exchange) = 0;

 protected:
  ~ExchangeHost() = default;
};

}  // namespace omni
