// Requests for embeddings, written.
#include <fmt/format.h>

#include "source/json/builder.h"
#include "source/llm/embedding.h"
#include "source/llm/parts.h"

namespace omni::llm {
namespace {

class Encoder {
 public:
  Encoder(EmbeddingForm target, const EmbeddingRequest& request, std::string_view model)
      : target_(target), request_(request), model_(model) {}

  EncodedEmbedding run() {
    json_.object();
    if (target_ == EmbeddingForm::kGeminiBatch) {
      put_batch();
    } else {
      put_list();
    }
    json_.end_object();
    put_aside();
    return {std::move(body_), dropped_.take()};
  }

 private:
  void put_list();
  void put_batch();
  void put_aside();

  const EmbeddingForm target_;
  const EmbeddingRequest& request_;
  const std::string_view model_;
  std::string body_;
  json::Builder json_{body_};
  Dropped dropped_;
};

void Encoder::put_list() {
  json_.string("model", model_).array("input");
  for (const std::string& text : request_.texts) json_.text_item(text);
  json_.end_array();
  if (request_.dimensions) json_.number("dimensions", *request_.dimensions);
  // Ollama cuts unless it is told not to.
  if (target_ == EmbeddingForm::kOllama && request_.truncate)
    json_.boolean("truncate", *request_.truncate);
}

// The vendor's own libraries ask for one text so, too.
void Encoder::put_batch() {
  const std::string name = fmt::format("models/{}", model_);
  json_.array("requests");
  for (const std::string& text : request_.texts) {
    json_.object().string("model", name);
    json_.object("content").array("parts").object().text("text", text).end_object();
    json_.end_array().end_object();
    if (request_.dimensions) json_.number("outputDimensionality", *request_.dimensions);
    json_.end_object();
  }
  json_.end_array();
}

void Encoder::put_aside() {
  for (const std::string& name : request_.extra) dropped_.add(name);
  if (target_ == EmbeddingForm::kOllama || request_.truncate_name.empty()) return;
  // OpenAI's servers refuse what is too long.
  const bool is_so = target_ == EmbeddingForm::kOpenai && request_.truncate == false;
  if (!is_so) dropped_.add(request_.truncate_name);
}

}  // namespace

std::variant<EncodedEmbedding, CallError> encode_embedding(EmbeddingForm target,
                                                           const EmbeddingRequest& request,
                                                           std::string_view model) {
  if (request.is_tokens) {
    return CallError{400, "unsupported_value",
                     "input: only a provider of OpenAI's dialect takes token ids; send the text",
                     "input"};
  }
  return Encoder(target, request, model).run();
}

}  // namespace omni::llm
