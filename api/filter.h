// The contract between the chain and its filters.
#pragma once

#include <cstdint>

#include "api/http.h"
#include "source/buffer/buffer.h"

namespace omni {

class Exchange;

// What a filter wants the chain to do with the event it was just given.
enum class Next : uint8_t {
  kContinue,  // Pass the event on.
  kPause,     // Keep the event; the filter will call resume_request() or resume_response().
};

// How much of a message a filter must see before anything moves past it.
struct Wants {
  bool whole_request = false;   // on_request_body() is called once, with everything.
  bool whole_response = false;  // Never set this on a streaming route; the loader rejects it.
};

// A filter's view of the chain it sits in. One per filter instance; outlives the filter.
class FilterContext {
 public:
  virtual ~FilterContext() = default;

  virtual Exchange& exchange() = 0;
  // Undoes one kPause. Safe to call from inside any callback and a no-op when not paused.
  virtual void resume_request() = 0;
  virtual void resume_response() = 0;
  // Answers the client now. Filters nearer the client see the reply as a response; filters
  // further away never hear of this exchange again, except through on_end(). After response
  // headers have left it ends the stream with an error in the client's dialect instead.
  virtual void reply(LocalReply reply) = 0;

  // For the filter that ends the row (upstream): it is the source of the response. Events enter
  // the response lane behind every other filter and obey the filter grammar.
  virtual void respond_headers(ResponseHead&& head) = 0;
  virtual void respond_body(Buffer&& bytes) = 0;
  virtual void respond_complete() = 0;
};

// One filter, one exchange. Events follow the grammar
//     request_headers request_body* request_complete
//     response_headers response_body* response_complete
// and on_end() comes exactly once, last. Every method runs on the exchange's worker.
//
// A body callback may read, change, or take bytes; what it leaves in `body` moves on.
// Asynchronous work is held in members whose destructors cancel it, so there is no
// on_destroy(); no asynchronous API calls back before it has returned.
class Filter {
 public:
  virtual ~Filter() = default;

  virtual Wants wants() const { return {}; }

  virtual Next on_request_headers(RequestHead&) { return Next::kContinue; }
  virtual Next on_request_body(Buffer&) { return Next::kContinue; }
  virtual Next on_request_complete() { return Next::kContinue; }

  virtual Next on_response_headers(ResponseHead&) { return Next::kContinue; }
  virtual Next on_response_body(Buffer&) { return Next::kContinue; }
  virtual Next on_response_complete() { return Next::kContinue; }

  // The client's side is full (true) or has room again (false). Only the filter that produces a
  // response needs it; it holds its source meanwhile.
  virtual void on_response_pressure(bool /*hold*/) {}

  virtual void on_end() noexcept {}
};

}  // namespace omni
