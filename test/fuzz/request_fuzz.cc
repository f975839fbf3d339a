// Whatever a client asks: what is written for a provider of each dialect is JSON, is a request of
// that dialect, and says the same when it is read and written again.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>

#include "source/base/check.h"
#include "source/json/valid.h"
#include "source/llm/codec.h"

namespace {

using omni::Dialect;

constexpr Dialect kDialects[] = {Dialect::kOpenai, Dialect::kOpenaiResponses, Dialect::kAnthropic,
                                 Dialect::kGemini, Dialect::kOllama};
// What clients alone speak. The bytes of the corpus mean one of the five.
constexpr Dialect kOlder[] = {Dialect::kOpenaiText, Dialect::kOllamaGenerate};

bool asks(const omni::llm::Request& request) {
  for (const auto& message : request.messages)
    for (const auto& part : message.parts)
      if (part.kind != omni::llm::PartKind::kReasoning &&
          part.kind != omni::llm::PartKind::kOpaque &&
          (part.kind != omni::llm::PartKind::kText || !part.text.is_empty()))
        return true;
  return false;
}

void fail(std::string_view what, Dialect to, const std::string& body) {
  std::fprintf(stderr, "%.*s (%.*s)\n%s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name_of(to).size()), name_of(to).data(), body.c_str());
  OMNI_CHECK(false);
}

void encode(const omni::llm::Request& request, Dialect to,
            const omni::llm::RequestOptions& options) {
  auto result = omni::llm::encode_request(to, request, options);
  if (const auto* error = std::get_if<omni::llm::CallError>(&result)) {
    OMNI_CHECK(error->status == 400 && !error->message.empty());
    return;
  }
  const auto& encoded = std::get<omni::llm::EncodedRequest>(result);
  if (!omni::json::is_valid(encoded.body)) fail("no JSON", to, encoded.body);
  omni::llm::Request again;
  if (const auto error = omni::llm::decode_request(to, encoded.body, again))
    fail(error->message, to, encoded.body);
  auto twice = omni::llm::encode_request(to, again, options);
  if (const auto* error = std::get_if<omni::llm::CallError>(&twice))
    fail(error->message, to, encoded.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 16384) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  omni::llm::Request request;
  const Dialect from = data[0] >= 0xf0 ? kOlder[data[0] % std::size(kOlder)]
                                       : kDialects[data[0] % std::size(kDialects)];
  if (const auto error = omni::llm::decode_request(from, body, request)) {
    OMNI_CHECK(error->status == 400 && !error->message.empty());
    return 0;
  }
  if (!asks(request)) return 0;  // The provider says so.
  for (const Dialect to : kDialects) {
    encode(request, to, {.model = "m"});
    encode(request, to,
           {.model = "gemini-3-pro",
            .stream = true,
            .ask_usage = true,
            .max_output = 4096,
            .is_strict = true,
            .takes_cache_control = true,
            .adds_cache_control = false});
  }
  return 0;
}
