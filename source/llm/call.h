// One request as a client meant it: dialect, original bytes, named model, stream decision. Made at
// the chain's entry; everything else is a pure view over it, computed when first asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/digest.h"
#include "source/buffer/buffer.h"
#include "source/catalog/dialect.h"
#include "source/catalog/names.h"
#include "source/catalog/service_tier.h"
#include "source/llm/call_error.h"

namespace omni::llm {

struct Request;
struct SystemPrompt;
namespace responses {
struct History;
}

// The neutral request, or why there is none.
struct Decoded;

// Bytes [at, at + size) of the body.
struct Span {
  uint32_t at = 0;
  uint32_t size = 0;
};

class Call {
 public:
  Call();
  ~Call();
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;

  Dialect dialect() const { return dialect_; }
  void set_dialect(Dialect dialect) { dialect_ = dialect; }
  // For a dialect whose path names the model and decides about the stream (Gemini).
  // `as_array`: the stream is to be one JSON array rather than events.
  void set_path_model(std::string model, bool wants_stream, bool as_array) {
    model_ = std::move(model);
    wants_stream_ = wants_stream;
    wants_json_array_ = as_array;
  }
  bool wants_json_array() const { return wants_json_array_; }

  // Reads the fields the gateway needs from the whole body and takes it over: model, stream and its
  // non-standard aliases, and the scalars that are refused before anything is sent. One pass; no
  // copy when `body` is flat with 64 readable bytes after it. `accept` is the request's Accept
  // header: it decides where the body does not say. Where the decision differs from the body,
  // `stream` is set in the body; aliases are removed always. Errors leave the call unread.
  // With a `prompt` the body is then given the operator's system prompt. A `route_model` is meant
  // instead of the body's model, which then may be missing.
  std::optional<CallError> read(Buffer&& body, std::string_view accept,
                                const SystemPrompt* prompt = nullptr,
                                std::string_view route_model = {});
  // The same of an endpoint that is no chat: `model` is all that is read, and nothing is edited.
  std::optional<CallError> read_named(Buffer&& body, std::string_view route_model);
  bool is_read() const { return read_; }
  // The body of an endpoint that is not a call: kept as it is, for body().
  void keep(Buffer&& body);
  // Whatever the client said: where there is nothing to stream.
  void answer_whole() { wants_stream_ = false; }
  // The model goes by this name: where the path names its provider.
  void rename(std::string model) { model_ = std::move(model); }

  // The named model; empty before read(), and on endpoints without one.
  const std::string& model() const { return model_; }
  // The client wants a stream.
  bool wants_stream() const { return wants_stream_; }
  // That stream is made of server-sent events, between which others may stand.
  bool wants_events() const {
    return wants_stream_ && !wants_json_array_ && family_of(dialect_) != Dialect::kOllama;
  }
  // A streamed OpenAI request that asked for usage itself.
  bool asked_for_usage() const { return asked_for_usage_; }
  // The service tier that the request names.
  ServiceTier service_tier() const { return service_tier_; }
  // The model may call tools of the client's.
  bool offers_tools() const { return offers_tools_; }
  // How many choices the answer will have: `n`, and of other dialects what decoded() has found.
  int choices() const { return choices_; }

  // The original bytes. Valid until release_body().
  std::string_view body() const { return body_.front(); }
  // The body for an upstream of the same dialect: original bytes but for the value of `model`,
  // where the body has one. `with_usage` also asks for stream_options.include_usage. Slices share
  // the original block.
  Buffer render_same_dialect(std::string_view target_model, bool with_usage) const;
  // What comes before the input of a Responses request that names a previous response. From then on
  // decoded() has it all.
  void set_history(std::shared_ptr<const responses::History> history) {
    history_ = std::move(history);
  }
  const responses::History* history() const { return history_.get(); }
  // The body for an upstream of the same dialect that does not remember the previous response.
  Buffer render_with_history(std::string_view target_model, bool with_reasoning) const;
  // The request in neutral form, decoded when first asked for; needs the body, and keeps it.
  const Decoded& decoded();
  bool is_decoded() const { return decoded_ != nullptr; }
  // The request that targets are sent instead of the body's, to be changed before one of them is:
  // at first what decoded() says, whose views it shares; of a call that was not read, nothing.
  // Answers repeat what the client asked all the same.
  Request& edit();
  bool is_edited() const { return edited_ != nullptr; }
  // What targets are asked: decoded(), or what became of it.
  const Decoded& asked();
  // Null when it was not asked for, or there is none.
  const Request* decoded_request() const;
  // How long it is, or was.
  size_t body_bytes() const { return body_bytes_; }
  // No attempt will need the body again. It stays while the decoded request may be asked for.
  void release_body() {
    if (!is_decoded()) body_.clear();
  }
  // Nobody will ask for the decoded request again, nor for the body.
  void release_decoded();

  // Providers and models that the name can mean, resolved once against the pinned snapshot's lists.
  const Resolution& target_names(const ProviderList& providers, const AliasMap& aliases);
  // Which conversation this is, where the client does not say; needs the body.
  std::string fingerprint() const;
  // Hash of everything that changes the answer: the dialect, the model's name, the stream decision,
  // and the body without the value of `model`. Computed once; needs the body.
  const Digest& digest();

 private:
  struct Fields;  // What one pass over the body finds.

  void remember(const Fields& fields, bool wants_stream);
  void remember_marks(const Fields& fields);
  std::optional<CallError> finish_reading(const SystemPrompt* prompt, std::string_view route_model);

  Dialect dialect_ = Dialect::kOpenai;
  bool read_ = false;
  bool wants_stream_ = false;
  bool wants_json_array_ = false;
  bool asked_for_usage_ = false;
  ServiceTier service_tier_ = ServiceTier::kUnsaid;
  bool offers_tools_ = false;
  int choices_ = 1;
  std::string model_;
  Span model_value_;                // With its quotes.
  Span messages_, system_, tools_;  // Values, for fingerprint(); empty where there are none.
  Span usage_edit_;                 // Where include_usage goes, or stands with another value.
  std::string_view usage_text_;     // A literal.
  Buffer body_;
  size_t body_bytes_ = 0;
  std::shared_ptr<const responses::History> history_;
  std::optional<Resolution> resolution_;
  std::unique_ptr<Digest> digest_;
  std::unique_ptr<Decoded> decoded_, edited_;
};

}  // namespace omni::llm
