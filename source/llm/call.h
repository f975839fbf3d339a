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
#include "source/llm/call_error.h"

namespace omni::llm {

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
  // non-standard aliases, and the scalars that are refused before anything is sent. One pass; no
  // copy when `body` is flat with 64 readable bytes after it. `accept` is the request's Accept
  // header: it decides where the body does not say. Where the decision differs from the body,
  // `stream` is set in the body; aliases are removed always. Errors leave the call unread.
  std::optional<CallError> read(Buffer&& body, std::string_view accept);
  bool is_read() const { return read_; }

  // The named model; empty before read(), and on endpoints without one.
  const std::string& model() const { return model_; }
  // The client wants a stream.
  bool wants_stream() const { return wants_stream_; }
  // A streamed OpenAI request that asked for usage itself.
  bool asked_for_usage() const { return asked_for_usage_; }
  // How many choices the answer will have (`n`).
  int choices() const { return choices_; }

  // The original bytes. Valid until release_body().
  std::string_view body() const { return body_.front(); }
  // The body for an upstream of the same dialect: original bytes but for the value of `model`.
  // `with_usage` also asks for stream_options.include_usage. Slices share the original block.
  Buffer render_same_dialect(std::string_view target_model, bool with_usage) const;
  // No attempt will need the body again.
  void release_body() { body_.clear(); }

  // Providers and models that the name can mean, resolved once against the pinned snapshot's lists.
  const Resolution& target_names(const ProviderList& providers, const AliasMap& aliases);
  // Hash of everything that changes the answer: the dialect, the model's name, the stream decision,
  // and the body without the value of `model`. Computed once; needs the body.
  const Digest& digest();

 private:
  struct Fields;  // What one pass over the body finds.

  void remember(const Fields& fields, bool wants_stream);

  Dialect dialect_ = Dialect::kOpenai;
  bool read_ = false;
  bool wants_stream_ = false;
  bool asked_for_usage_ = false;
  int choices_ = 1;
  std::string model_;
  Span model_value_;             // With its quotes.
  Span usage_edit_;              // Where include_usage goes, or stands with another value.
  std::string_view usage_text_;  // A literal.
  Buffer body_;
  std::optional<Resolution> resolution_;
  std::optional<Digest> digest_;
};

}  // namespace omni::llm
