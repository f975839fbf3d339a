// What encoders of every dialect ask of images, sounds and documents.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm {

// The media type as vendors register it, between quotes; not empty only where it is given. Many
// clients write image/jpg, which Anthropic and Gemini refuse.
std::string_view media_type_of(const Media& media);

// A name for bytes that came without one, by their type: "document.pdf".
std::string_view default_filename(const Media& media);

// How a target takes what it is to fetch itself.
struct UrlRule {
  Dialect dialect = Dialect::kOpenai;
  bool takes_files = true;  // Documents by URL, not images alone.
};

// 400 where a part of a request of another dialect is only a URL, and the target's servers cannot
// fetch it: sounds, and what is Google's own (Cloud Storage, its Files API, YouTube).
std::optional<CallError> check_urls(const Request& request, const UrlRule& rule);

}  // namespace omni::llm
