// One request and its response, from first byte to log line, and what filters know about it.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event.h"
#include "api/http.h"
#include "api/plan.h"
#include "api/trail.h"
#include "source/base/seldom.h"
#include "source/llm/call.h"
#include "source/llm/responses/history.h"
#include "source/llm/usage.h"

namespace omni {

struct Snapshot;
struct GatewayKey;
class BackgroundJobs;
class FilterTemplate;
class Purse;
class UpstreamPools;

// What the path asks for. Set at the chain's entry from the canonical path.
enum class Endpoint : uint8_t {
  kNone,
  kChat,
  kCountTokens,     // How many tokens a chat has.
  kEmbed,           // What texts mean as numbers.
  kModels,          // A listing, in the shape of the call's dialect.
  kModel,           // One entry of it.
  kShowModel,       // The same, named in the body (Ollama).
  kVersion,         // Which version of Ollama's API this is.
  kRunning,         // What the Ollama servers have in memory.
  kResponse,        // A kept response: read or deleted.
  kResponseItems,   // What the model was told for it.
  kCancelResponse,  // Its making in the background is to end.
  kNotOffered,      // A vendor's endpoint that has no counterpart here.
  kAdmin,
};

// One that asks for a kept response.
inline bool is_kept_response(Endpoint endpoint) {
  return endpoint == Endpoint::kResponse || endpoint == Endpoint::kResponseItems ||
         endpoint == Endpoint::kCancelResponse;
}

// Who is asking.
struct Principal {
  const GatewayKey* key = nullptr;  // Null: anonymous. Lives as long as the snapshot.
};

// Who answered, and in which form.
struct Answer {
  enum class Source : uint8_t { kNone, kUpstream, kLocal, kDemo };
  Source source = Source::kNone;
  Dialect dialect = Dialect::kOpenai;
  bool is_stream = false;         // Server-sent events rather than one document.
  bool hide_usage_chunk = false;  // The usage chunk was asked for by us, not by the client.
  bool is_committed = false;      // Bytes of this answer may have reached the client.
  // The head of a stream and comments went to a client that had waited long. What comes next is the
  // answer, once it is committed.
  bool is_early = false;
  const Provider* provider = nullptr;
  std::string_view account;  // Lives as long as the exchange's snapshot.
  std::string model;
  // The source of an open stream broke off: why, for the error that ends the stream if it was not
  // complete by then.
  struct Failure {
    std::string code, message;
  };
  Seldom<Failure> failure;
  // The request was written in another dialect: what the target could not be told, by the client's
  // names, and the tool that stands for a structured answer.
  std::vector<std::string> dropped;
  std::string format_tool;
  // What was read before the commit, so that nobody parses it again: usage so far, and of a stream
  // how many frames that show nothing come before the first content (none when that is not known).
  llm::Usage usage;
  ServiceTier tier = ServiceTier::kUnsaid;  // That its head names.
  std::optional<int> frames_before_content;
  // How much text it holds, where that was counted: of a plain one that does not say its usage.
  std::optional<uint64_t> text_bytes;
};

// Of a response that clients of the Responses API may come back to.
struct KeptFacts {
  // The request's answer is to be kept, as this; none when it is not.
  std::optional<llm::responses::Keeping> keeping;
  // The exchange makes a response in the background: its answer goes by this key of the store, and
  // no client waits. Set when the exchange is made.
  std::string job;
  // Who keeps the response that is asked for or continued, under the same id; empty: nobody but us.
  // upstream empties it when that provider has forgotten.
  std::string provider, account;
};

// What the owner of a key is to be told about its budget, once in a period.
struct BudgetNotices {
  bool is_near_limit = false;
  bool is_unpriced = false;  // A model without a price was used: its cost is in no sum.
  int64_t spent_nanos = 0, limit_nanos = 0;
};

// Facts about one request that several filters need. Plain data: each field says who writes it.
struct Facts {
  Endpoint endpoint = Endpoint::kNone;  // the chain's entry.
  bool stream_finished = false;         // translation: the upstream's own terminal event was seen.
  std::string path;                     // the chain's entry: canonical.
  // The chain's entry: the client's address, where a trusted proxy names it; empty: the peer's.
  std::string client;
  std::string resource;           // the chain's entry: the id in /v1/models/{id}.
  std::string provider;           // the chain's entry: of /v1/providers/{provider}/...
  std::string session;            // the lane that gathers the body; responses, when it goes on.
  Seldom<KeptFacts> kept;         // responses.
  llm::Call call;                 // the chain's entry, and the lane that gathers the body.
  Principal principal;            // auth.
  Plan plan;                      // routing.
  std::vector<Attempt> attempts;  // upstream.
  std::vector<Aside> asides;      // upstream.
  Answer answer;                  // whoever answers.
  llm::Usage usage;               // translation: so far, and in the end.
  BudgetNotices budget;           // limits.
  Purse* purse = nullptr;         // limits; null: there is no budget.
  std::string error_code;         // the chain: the code of the local reply, for the log.
  Trail trail;
};

// Lives on one worker.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual uint64_t id() const = 0;
  // The id that clients see: X-Request-Id of the answer.
  virtual std::string_view public_id() const = 0;
  virtual Dispatcher& dispatcher() = 0;
  virtual UpstreamPools& upstreams() = 0;
  virtual BackgroundJobs& jobs() = 0;
  // The configuration this request began under; a reload never changes it midway.
  virtual const Snapshot& snapshot() const = 0;
  // For another exchange that is to run under it.
  virtual std::shared_ptr<const Snapshot> share_snapshot() const = 0;
  // What the request runs through; lives as long as the snapshot. Null: nothing.
  virtual const std::vector<FilterTemplate>* row() const = 0;
  // Microseconds since the first request byte was seen.
  virtual int64_t elapsed_us() const = 0;

  // Answered, or the client is gone: nothing new is worth beginning.
  virtual bool is_over() const = 0;

  virtual RequestHead& request() = 0;
  virtual Facts& facts() = 0;
};

}  // namespace omni
