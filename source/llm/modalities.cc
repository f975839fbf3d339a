#include "source/llm/modalities.h"

#include <absl/types/span.h>

#include <cstring>

#include "source/catalog/provider.h"

namespace omni::llm {
namespace {

struct Mark {
  std::string_view word;
  uint8_t modality;
};

// platform.openai.com/docs/api-reference/chat/create: content parts.
constexpr Mark kOpenai[] = {{"\"image_url\"", kImage},
                            {"\"input_audio\"", kAudio},
                            {"\"video_url\"", kVideo},
                            {"\"file\"", kFile}};
// platform.openai.com/docs/api-reference/responses/create: input items.
constexpr Mark kResponses[] = {
    {"\"input_image\"", kImage}, {"\"input_audio\"", kAudio}, {"\"input_file\"", kFile}};
// docs.anthropic.com/en/api/messages: content blocks.
constexpr Mark kAnthropic[] = {{"\"image\"", kImage}, {"\"document\"", kFile}};
// ai.google.dev/api/caching#Part: what the data is, its MIME type says.
constexpr Mark kGemini[] = {{"\"image/", kImage},
                            {"\"audio/", kAudio},
                            {"\"video/", kVideo},
                            {"\"application/pdf\"", kFile}};
// github.com/ollama/ollama/blob/main/docs/api.md: a message's images.
constexpr Mark kOllama[] = {{"\"images\"", kImage}};

absl::Span<const Mark> marks_of(Dialect dialect) {
  switch (family_of(dialect)) {
    case Dialect::kOpenai:
      return kOpenai;
    case Dialect::kOpenaiResponses:
      return kResponses;
    case Dialect::kAnthropic:
      return kAnthropic;
    case Dialect::kGemini:
      return kGemini;
    case Dialect::kOllama:
      return kOllama;
    default:
      return {};
  }
}

// A quote behind a backslash is a user's own.
bool holds(std::string_view body, std::string_view word) {
  while (body.size() >= word.size()) {
    const void* found = memmem(body.data(), body.size(), word.data(), word.size());
    if (found == nullptr) return false;
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - body.data());
    if (at == 0 || body[at - 1] != '\\') return true;
    body.remove_prefix(at + 1);
  }
  return false;
}

}  // namespace

uint8_t modalities_in(Dialect dialect, std::string_view body) {
  uint8_t found = 0;
  for (const Mark& mark : marks_of(dialect))
    if (holds(body, mark.word)) found |= mark.modality;
  return found;
}

}  // namespace omni::llm
