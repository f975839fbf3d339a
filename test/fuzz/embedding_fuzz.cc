// Whatever a client asks to have embedded, and whatever a provider answers: what is written is
// JSON, a request says the same when it is read again, and an answer has a vector for each text.
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

#include "source/base/check.h"
#include "source/json/valid.h"
#include "source/llm/embedding.h"

namespace {

using Form = omni::llm::EmbeddingForm;

constexpr Form kForms[] = {Form::kOpenai, Form::kOllama, Form::kOllamaOlder, Form::kGemini,
                           Form::kGeminiBatch};
// What clients of other forms are translated to.
constexpr Form kTargets[] = {Form::kOpenai, Form::kOllama, Form::kGeminiBatch};

void ask(Form client, std::string_view body) {
  omni::llm::EmbeddingRequest request;
  if (const auto error = omni::llm::decode_embedding(client, body, request)) {
    OMNI_CHECK(error->status == 400 && !error->message.empty());
    return;
  }
  for (const Form target : kTargets) {
    const auto made = omni::llm::encode_embedding(target, request, "m");
    const auto* encoded = std::get_if<omni::llm::EncodedEmbedding>(&made);
    OMNI_CHECK((encoded == nullptr) == request.is_tokens);
    if (encoded == nullptr) continue;
    OMNI_CHECK(omni::json::is_valid(encoded->body));
    omni::llm::EmbeddingRequest again;
    OMNI_CHECK(!omni::llm::decode_embedding(target, encoded->body, again));
    OMNI_CHECK(again.texts == request.texts && again.dimensions == request.dimensions);
  }
}

void answer(Form target, std::string_view body) {
  int64_t tokens = -1;
  const bool passes = omni::llm::check_embeddings(target, body, tokens).ok();
  for (const size_t texts : {1, 2}) {
    omni::llm::EmbeddingAnswer answer;
    if (!omni::llm::read_embeddings(target, body, texts, answer).ok()) continue;
    OMNI_CHECK(passes && answer.vectors.size() == texts && answer.tokens == tokens);
    for (const Form client : kForms)
      for (const bool is_base64 : {false, true})
        OMNI_CHECK(omni::json::is_valid(
            omni::llm::render_embeddings(client, answer, {.model = "m", .is_base64 = is_base64})));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 16384) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Form form = kForms[data[0] % std::size(kForms)];
  ask(form, body);
  for (const Form target : kTargets) answer(target, body);
  // A passed body is never made anything but what it was.
  const std::string passed =
      omni::llm::with_embedding_model(form, omni::Buffer(body), "m").to_string();
  if (omni::json::is_valid(body)) OMNI_CHECK(omni::json::is_valid(passed));
  return 0;
}
