// One request as a client meant it: dialect, original bytes, named model, stream decision. Made at
// the chain's entry; everything else is a pure view over it, computed when first asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/digest.h"
#include "source/buffer/buffer.h"
#include "source/catalog/dialect.h"
#include "source/catalog/names.h"

namespace omni::llm {

// A request that cannot be understood, in the client's own terms.
struct CallError {
  int status = 400;
  std::string code;     // Stable word.
  std::string message;  // Names the field.
  std::string param;
};

// Bytes [at, at + size) of the body.
struct Span {
  uint32_t at = 0;
  uint32_t size = 0;
};

class Call {
 public:
  Dialect dialect() const { return dialect_; }
  void set_dialect(Dialect dialect) { dialect_ = dialect; }

  // Reads the fields the gateway needs from the whole body and takes it over: model, stream and its
  // aliases, and the scalars that are validated before anything is sent (data-plane 1.3). One pass,
  // no copy: `body` must be flat with 64 readable bytes after it, or is made so. `accept` is the
  // request's Accept header, for the stream decision. Errors leave the call unread.
  std::optional<CallError> read(Buffer&& body, std::string_view accept);
  bool is_read() const { return read_; }

  // The named model; empty before read(), and on endpoints without one.
  const std::string& model() const { return model_; }
  // The client wants a stream.
  bool wants_stream() const { return wants_stream_; }
  // A streamed OpenAI request that asked for usage itself.
  bool asked_for_usage() const { return asked_for_usage_; }

  // The original bytes. Valid until release_body().
  std::string_view body() const { return body_.front(); }
  // The body for an upstream of the same dialect: original bytes but for the value of `model`, and
  // for `stream` where the decision differs from what the body says. `with_usage` appends
  // stream_options. Slices share the original block; nothing is copied.
  Buffer render_same_dialect(std::string_view target_model, bool with_usage) const;
  // No attempt will need the body again.
  void release_body() { body_.clear(); }

  // Providers and models that the name can mean, resolved once against the pinned snapshot's lists.
  const Resolution& target_names(const ProviderList& providers, const AliasMap& aliases);
  // Hash of every field that changes the answer: the body with model and stream fields cut out, the
  // model's name and the dialect. Computed once; needs the body.
  const Digest& digest();

 private:
  Dialect dialect_ = Dialect::kOpenai;
  bool read_ = false;
  bool wants_stream_ = false;
  bool stream_must_change_ = false;
  bool asked_for_usage_ = false;
  std::string model_;
  Span model_value_;                  // With its quotes.
  std::optional<Span> stream_value_;  // Of the last word on streaming in the body.
  Span close_brace_;                  // The object's last byte, for appending members.
  bool has_stream_options_ = false;
  Buffer body_;
  std::optional<Resolution> resolution_;
  std::optional<Digest> digest_;
};

}  // namespace omni::llm
