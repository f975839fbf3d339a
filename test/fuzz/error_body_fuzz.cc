// Whatever a provider answers instead of an answer: the client gets one error of its dialect, valid
// and of bounded size, that says the same when it is read again.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "source/json/valid.h"
#include "source/json/writer.h"
#include "source/llm/error.h"

namespace {

using omni::Dialect;

// Exactly as many bytes as there are, so that a byte read behind them is seen.
omni::llm::Error parse(int status, std::string_view body) {
  const std::vector<char> exact(body.begin(), body.end());
  return omni::llm::parse_error(status, {exact.data(), exact.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 65536) return 0;
  const int status = 400 + data[0] % 200;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const omni::llm::Error error = parse(status, body);
  OMNI_CHECK(error.status == status);
  OMNI_CHECK(error.message.size() <= 4096);
  for (const Dialect to : {Dialect::kOpenai, Dialect::kOpenaiResponses, Dialect::kAnthropic,
                           Dialect::kGemini, Dialect::kOllama}) {
    const std::string rendered = omni::llm::render_error(to, error);
    OMNI_CHECK(omni::json::is_valid(rendered));
    OMNI_CHECK(omni::json::is_utf8(rendered));
    OMNI_CHECK(rendered.size() < 64 * 1024);
    const omni::llm::Error again = parse(status, rendered);
    OMNI_CHECK(!again.message.empty());
    if (!error.message.empty() && omni::json::is_utf8(error.message))
      OMNI_CHECK(again.message == error.message);
    const std::string event = omni::llm::render_stream_error(to, error);
    OMNI_CHECK(event.back() == '\n');
    OMNI_CHECK(omni::json::is_utf8(event));
  }
  const std::string masked = omni::llm::mask_secrets(body, "a-secret");
  OMNI_CHECK(masked.find("a-secret") == std::string::npos);
  return 0;
}
