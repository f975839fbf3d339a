// The codecs of the five dialects: requests, answers and streams, each to and from the neutral
// form. Pure: ids, time and limits are arguments, input may arrive in any pieces.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/llm/call_error.h"
#include "source/llm/event.h"
#include "source/llm/request.h"
#include "source/sse/framer.h"

namespace omni::llm {

namespace responses {
struct Keeping;
}

// Reads a whole request body into `out`, whose views are of `body`. The error names the field in
// the dialect's own terms: `messages[3].content[0].image_url: ...`.
std::optional<CallError> decode_request(Dialect dialect, std::string_view body, Request& out);

// How a request is to be written for one target.
struct RequestOptions {
  std::string_view model;  // As the provider names it.
  bool stream = false;
  bool ask_usage = false;  // OpenAI: stream_options.include_usage.
  int64_t max_output = 0;  // The model's own limit; 0: not known.
  // The provider knows its vendor's own fields only, and refuses others.
  bool is_strict = false;
  bool takes_cache_control = false;  // OpenAI: Anthropic's markers on parts and tools.
  // Anthropic: a request of another dialect, whose client cannot ask for it, has its prefix cached.
  bool adds_cache_control = true;
};

struct EncodedRequest {
  std::string body;
  // What the target cannot say and the client may do without, by the client's own names.
  std::vector<std::string> dropped;
  // Where the target has no structured output, the answer is asked for as a call of this tool:
  // FormatTool turns it back. Empty: it was not needed.
  std::string format_tool;
};

// A CallError (400) where leaving something out would change what was asked.
using EncodeResult = std::variant<EncodedRequest, CallError>;
EncodeResult encode_request(Dialect dialect, const Request& request, const RequestOptions& options);

// Reads an upstream's answer. One object for one answer; not to be used after kDone or kFailed.
class AnswerDecoder {
 public:
  virtual ~AnswerDecoder() = default;
  // One event of a stream: an SSE frame's type and data, or a line of NDJSON as data. What cannot
  // be read is not OK, and nothing of it was emitted that a later one would take back.
  virtual absl::Status event(const sse::Event& event, Emit emit) = 0;
  // A whole plain answer. Not OK when it is not the dialect's success object.
  virtual absl::Status whole(std::string_view body, Emit emit) = 0;
  // The input has ended. kDone when the answer is complete by the dialect's own rule and that was
  // not told yet; nothing when it is not.
  virtual void finish(Emit emit) = 0;
};

// Writes an answer for a client. `event` in order; output appears in `out` as soon as it can.
class AnswerEncoder {
 public:
  virtual ~AnswerEncoder() = default;
  virtual void put(const Event& event, std::string& out) = 0;
};

// What an encoder needs to know of the exchange.
struct AnswerOptions {
  bool stream = false;
  std::string_view model;        // What the client is told.
  std::string_view fallback_id;  // Unique: for answers whose upstream gave none.
  int64_t now = 0;               // Seconds since 1970.
  bool include_usage = true;     // OpenAI streams: the client asked for the usage chunk.
  bool is_json_array = false;    // Gemini streams without alt=sse.
  // Responses: how the answer is kept; null: it is not. Read in the constructor only.
  const responses::Keeping* keeping = nullptr;
  // What answers repeat: Responses' tools, instructions and so on. Read in the constructor only.
  const Request* request = nullptr;
};

struct DecoderOptions {
  std::string_view id_seed;  // Unique to the exchange: ids that are not given are made from it.
  int choices = 1;           // How many the request asked for.
  // What the answer answers, where known; read while the decoder is made. An encoder may have had
  // to rename tools: the client gets its own names back.
  const Request* request = nullptr;
};

std::unique_ptr<AnswerDecoder> make_answer_decoder(Dialect dialect, const DecoderOptions& options);
std::unique_ptr<AnswerEncoder> make_answer_encoder(Dialect dialect, const AnswerOptions& options);

}  // namespace omni::llm
