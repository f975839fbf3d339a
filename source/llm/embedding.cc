#include "source/llm/embedding.h"

#include <fmt/format.h>

#include "source/json/skim.h"
#include "source/json/splice.h"
#include "source/json/writer.h"

namespace omni::llm {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Notes the values of `model` in one request.
void find_models(json::Skimmer& request, const char* base, const std::string& wanted,
                 std::vector<json::Edit>& edits) {
  json::Skimmed member;
  while (request.next(member)) {
    if (member.key != "model" || member.raw == wanted) continue;
    edits.push_back({static_cast<size_t>(member.raw.data() - base), member.raw.size(), wanted});
  }
}

void find_models_of_batch(json::Skimmer& batch, const char* base, const std::string& wanted,
                          std::vector<json::Edit>& edits) {
  json::Skimmed member, request;
  while (batch.next(member)) {
    if (member.key != "requests" || member.kind != json::Kind::kArray) continue;
    json::Skimmer requests(member);
    while (requests.next(request)) {
      if (request.kind != json::Kind::kObject) continue;
      json::Skimmer inner(request);
      find_models(inner, base, wanted, edits);
    }
  }
}

}  // namespace

EmbeddingForm embedding_form(Dialect client, std::string_view path) {
  switch (client) {
    case Dialect::kOllama:
      return ends_with(path, "/embeddings") ? EmbeddingForm::kOllamaOlder : EmbeddingForm::kOllama;
    case Dialect::kGemini:
      return ends_with(path, ":batchEmbedContents") ? EmbeddingForm::kGeminiBatch
                                                    : EmbeddingForm::kGemini;
    default:
      return EmbeddingForm::kOpenai;
  }
}

std::optional<EmbeddingForm> embedding_form_of(Dialect provider, EmbeddingForm client) {
  using Form = EmbeddingForm;
  switch (provider) {
    case Dialect::kOpenai:
    case Dialect::kOpenaiResponses:
      return Form::kOpenai;
    case Dialect::kOllama:
      return client == Form::kOllamaOlder ? client : Form::kOllama;
    case Dialect::kGemini:
      return client == Form::kGemini ? client : Form::kGeminiBatch;
    default:
      return std::nullopt;
  }
}

std::string embedding_path(EmbeddingForm target, std::string_view model) {
  switch (target) {
    case EmbeddingForm::kOllama:
      return "/api/embed";
    case EmbeddingForm::kOllamaOlder:
      return "/api/embeddings";
    case EmbeddingForm::kGemini:
      return fmt::format("/models/{}:embedContent", model);
    case EmbeddingForm::kGeminiBatch:
      return fmt::format("/models/{}:batchEmbedContents", model);
    default:
      return "/embeddings";
  }
}

Buffer with_embedding_model(EmbeddingForm form, const Buffer& body, std::string_view model) {
  const std::string_view text = body.front();
  const std::string wanted = json::quoted(fmt::format("models/{}", model));
  std::vector<json::Edit> edits;
  json::Skimmer skimmer(text, json::Kind::kObject);
  if (form == EmbeddingForm::kGeminiBatch) {
    find_models_of_batch(skimmer, text.data(), wanted, edits);
  } else {
    find_models(skimmer, text.data(), wanted, edits);
  }
  return json::splice(body, edits);
}

}  // namespace omni::llm
