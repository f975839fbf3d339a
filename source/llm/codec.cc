#include "source/llm/codec.h"

#include <utility>

#include "source/llm/anthropic/answer_decoder.h"
#include "source/llm/anthropic/answer_encoder.h"
#include "source/llm/anthropic/request_decoder.h"
#include "source/llm/anthropic/request_encoder.h"
#include "source/llm/gemini/answer_decoder.h"
#include "source/llm/gemini/answer_encoder.h"
#include "source/llm/gemini/request_decoder.h"
#include "source/llm/gemini/request_encoder.h"
#include "source/llm/losses.h"
#include "source/llm/ollama/answer_decoder.h"
#include "source/llm/ollama/answer_encoder.h"
#include "source/llm/ollama/request_decoder.h"
#include "source/llm/ollama/request_encoder.h"
#include "source/llm/openai/answer_decoder.h"
#include "source/llm/openai/answer_encoder.h"
#include "source/llm/openai/request_decoder.h"
#include "source/llm/openai/request_encoder.h"
#include "source/llm/openai/text_encoder.h"
#include "source/llm/openai/text_request.h"
#include "source/llm/responses/answer_decoder.h"
#include "source/llm/responses/answer_encoder.h"
#include "source/llm/responses/request_decoder.h"
#include "source/llm/responses/request_encoder.h"
#include "source/llm/wrapped_answer.h"

namespace omni::llm {
namespace {

CallError not_spoken(Dialect dialect) {
  return {400, "unsupported_dialect",
          "The dialect '" + std::string(name_of(dialect)) + "' is not spoken yet.", ""};
}

EncodeResult encode(Dialect dialect, const Request& request, const RequestOptions& options) {
  switch (dialect) {
    case Dialect::kOpenai:
      return openai::encode_request(request, options);
    case Dialect::kAnthropic:
      return anthropic::encode_request(request, options);
    case Dialect::kOpenaiResponses:
      return responses::encode_request(request, options);
    case Dialect::kGemini:
      return gemini::encode_request(request, options);
    case Dialect::kOllama:
      return ollama::encode_request(request, options);
    default:
      return not_spoken(dialect);
  }
}

std::unique_ptr<AnswerDecoder> decoder_of(Dialect dialect, const DecoderOptions& options) {
  switch (dialect) {
    case Dialect::kOpenai:
      return std::make_unique<openai::ChatDecoder>(options);
    case Dialect::kAnthropic:
      return std::make_unique<anthropic::MessagesDecoder>(options);
    case Dialect::kOpenaiResponses:
      return std::make_unique<responses::ResponseDecoder>(options);
    case Dialect::kGemini:
      return std::make_unique<gemini::ContentDecoder>(options);
    case Dialect::kOllama:
    case Dialect::kOllamaGenerate:
      return std::make_unique<ollama::ChatDecoder>(options);
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<CallError> decode_request(Dialect dialect, std::string_view body, Request& out) {
  switch (dialect) {
    case Dialect::kOpenai:
      return openai::decode_request(body, out);
    case Dialect::kAnthropic:
      return anthropic::decode_request(body, out);
    case Dialect::kOpenaiResponses:
      return responses::decode_request(body, out);
    case Dialect::kGemini:
      return gemini::decode_request(body, out);
    case Dialect::kOllama:
      return ollama::decode_request(body, out);
    case Dialect::kOpenaiText:
      return openai::decode_text_request(body, out);
    case Dialect::kOllamaGenerate:
      return ollama::decode_generate_request(body, out);
    default:
      return not_spoken(dialect);
  }
}

EncodeResult encode_request(Dialect dialect, const Request& request,
                            const RequestOptions& options) {
  if (dialect != Dialect::kOpenaiResponses)
    if (std::optional<CallError> error = responses::needs_provider(request))
      return std::move(*error);
  if (dialect != Dialect::kGemini)
    if (std::optional<CallError> error = gemini::needs_provider(request)) return std::move(*error);
  EncodeResult result = encode(dialect, request, options);
  if (auto* encoded = std::get_if<EncodedRequest>(&result))
    name_losses(request, dialect, encoded->dropped);
  return result;
}

std::unique_ptr<AnswerDecoder> make_answer_decoder(Dialect dialect, const DecoderOptions& options) {
  return unwrapped(decoder_of(dialect, options), options.request, dialect);
}

std::unique_ptr<AnswerEncoder> make_answer_encoder(Dialect dialect, const AnswerOptions& options) {
  switch (dialect) {
    case Dialect::kOpenai:
      if (options.stream) return std::make_unique<openai::ChatStreamEncoder>(options);
      return std::make_unique<openai::ChatEncoder>(options);
    case Dialect::kAnthropic:
      if (options.stream) return std::make_unique<anthropic::MessagesStreamEncoder>(options);
      return std::make_unique<anthropic::MessagesEncoder>(options);
    case Dialect::kOpenaiResponses:
      return std::make_unique<responses::ResponseEncoder>(options);
    case Dialect::kGemini:
      if (options.stream) return std::make_unique<gemini::ContentStreamEncoder>(options);
      return std::make_unique<gemini::ContentEncoder>(options);
    case Dialect::kOllama:
    case Dialect::kOllamaGenerate:
      return std::make_unique<ollama::ChatEncoder>(options, dialect == Dialect::kOllamaGenerate);
    case Dialect::kOpenaiText:
      return std::make_unique<openai::TextEncoder>(options);
    default:
      return nullptr;
  }
}

}  // namespace omni::llm
