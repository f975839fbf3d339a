// Embeddings between the vendors' endpoints for them: what a text means as numbers. Pure. Numbers
// are moved as the text that they are, because rounding one again makes another vector of it.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/catalog/dialect.h"
#include "source/llm/call_error.h"

namespace omni::llm {

// The shapes of request and answer. platform.openai.com/docs/api-reference/embeddings;
// docs.ollama.com/api/embed and, for the older one, docs/api.md of ollama/ollama;
// ai.google.dev/api/embeddings.
enum class EmbeddingForm : uint8_t {
  kOpenai,       // /v1/embeddings
  kOllama,       // /api/embed
  kOllamaOlder,  // /api/embeddings: one text, and vectors that are not normalised.
  kGemini,       // :embedContent: one text.
  kGeminiBatch,  // :batchEmbedContents
};

// What a client speaks that asks at this canonical path.
EmbeddingForm embedding_form(Dialect client, std::string_view path);
// How a provider is asked for such a client: at the client's own endpoint, where it has that, so
// that the bytes can pass. Nullopt: the dialect has no embeddings.
std::optional<EmbeddingForm> embedding_form_of(Dialect provider, EmbeddingForm client);
// What its base_url is followed by; `model` as it may stand in a path.
std::string embedding_path(EmbeddingForm target, std::string_view model);

struct EmbeddingRequest {
  std::vector<std::string> texts;  // As they stand between quotes.
  bool is_tokens = false;          // Numbers of OpenAI's tokenizer, which are not read.
  std::optional<int64_t> dimensions;
  // Whether a text that is too long is cut or refused; not given: as the target does by itself.
  std::optional<bool> truncate;
  std::string truncate_name;       // The client's word for it; empty where its vendor decides.
  bool is_base64 = false;          // Vectors as base64 of little-endian floats.
  std::vector<std::string> extra;  // What only the client's own vendor knows, by its names.
};

// The error names the field in the client's terms: `requests[1].content`.
std::optional<CallError> decode_embedding(EmbeddingForm client, std::string_view body,
                                          EmbeddingRequest& out);

struct EncodedEmbedding {
  std::string body;
  std::vector<std::string> dropped;  // By the client's own names.
};
// For a target of another form than the client's; a CallError (400) where leaving something out
// would change what was asked.
std::variant<EncodedEmbedding, CallError> encode_embedding(EmbeddingForm target,
                                                           const EmbeddingRequest& request,
                                                           std::string_view model);

// Gemini's bodies may repeat the model of the path, and a batch does in each of its requests: every
// such value becomes `models/MODEL`, and every other byte stays.
Buffer with_embedding_model(EmbeddingForm form, const Buffer& body, std::string_view model);

struct EmbeddingAnswer {
  std::vector<std::string_view> vectors;  // JSON arrays of numbers, in the order of the texts.
  int64_t tokens = -1;                    // Of all texts; -1: not said.
};

// Reads an answer to be told in other words; it must have one vector for each of so many texts.
absl::Status read_embeddings(EmbeddingForm target, std::string_view body, size_t texts,
                             EmbeddingAnswer& out);
// Of an answer that passes as it is: that it is one, and its tokens.
absl::Status check_embeddings(EmbeddingForm form, std::string_view body, int64_t& tokens);

struct EmbeddingReply {
  std::string_view model;  // What the client is told.
  bool is_base64 = false;
  int64_t total_ns = 0;  // Ollama tells how long it took.
};
std::string render_embeddings(EmbeddingForm client, const EmbeddingAnswer& answer,
                              const EmbeddingReply& reply);

}  // namespace omni::llm
