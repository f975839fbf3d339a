#include "filters/upstream/embedding_try.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/writer.h"

namespace omni::filters {
namespace {

using llm::EmbeddingForm;

EmbeddingForm form_of(const Facts& facts) {
  return llm::embedding_form(facts.call.dialect(), facts.path);
}

std::optional<EmbeddingForm> form_of(const Provider& provider, EmbeddingForm client) {
  if (provider.is_demo) return std::nullopt;
  return llm::embedding_form_of(provider.dialect, client);
}

llm::CallError without_embeddings(const Provider& provider) {
  std::string message =
      fmt::format("Provider '{}' has no embeddings; ask for a model of another one.", provider.id);
  return {400, "no_embeddings", std::move(message), "model"};
}

}  // namespace

void append_embedding_path(std::string& out, const Facts& facts, const Target& target) {
  const std::optional<EmbeddingForm> form = form_of(*target.provider, form_of(facts));
  if (form) out += llm::embedding_path(*form, percent_encoded(target.model));
}

Buffer EmbeddingTry::render(Exchange& exchange, const Target& target,
                            std::optional<llm::CallError>& error) {
  Facts& facts = exchange.facts();
  facts.answer.dropped.clear();
  client_ = form_of(facts);
  const std::optional<EmbeddingForm> form = form_of(*target.provider, client_);
  if (!form) {
    error = without_embeddings(*target.provider);
    return {};
  }
  target_ = *form;
  return passes() ? pass(facts.call, target) : translate(facts, target, error);
}

Buffer EmbeddingTry::translate(Facts& facts, const Target& target,
                               std::optional<llm::CallError>& error) {
  if (!json::is_utf8(facts.call.body())) {
    error = llm::CallError{400, "bad_request", "Invalid JSON body: not valid UTF-8", ""};
    return {};
  }
  llm::EmbeddingRequest request;
  error = llm::decode_embedding(client_, facts.call.body(), request);
  if (error) return {};
  auto made = llm::encode_embedding(target_, request, target.model);
  if (auto* refused = std::get_if<llm::CallError>(&made)) {
    error = std::move(*refused);
    return {};
  }
  auto& encoded = std::get<llm::EncodedEmbedding>(made);
  facts.answer.dropped = std::move(encoded.dropped);
  texts_ = request.texts.size();
  is_base64_ = request.is_base64;
  return Buffer(encoded.body);
}

Buffer EmbeddingTry::pass(const llm::Call& call, const Target& target) const {
  Buffer body = call.render_same_dialect(target.model, false);
  if (call.dialect() != Dialect::kGemini) return body;
  return llm::with_embedding_model(client_, body, target.model);
}

absl::Status EmbeddingTry::finish(Exchange& exchange, ResponseHead& head, Buffer& body,
                                  llm::Usage& usage) const {
  if (passes()) return llm::check_embeddings(client_, body.flatten(), usage.input);
  llm::EmbeddingAnswer answer;
  OMNI_RETURN_IF_ERROR(llm::read_embeddings(target_, body.flatten(), texts_, answer));
  usage.input = answer.tokens;
  body = Buffer(llm::render_embeddings(client_, answer,
                                       {.model = exchange.facts().call.model(),
                                        .is_base64 = is_base64_,
                                        .total_ns = exchange.elapsed_us() * 1000}));
  head.headers.set("content-type", "application/json");
  return absl::OkStatus();
}

}  // namespace omni::filters
