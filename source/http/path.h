// Paths are canonicalised once, before anything looks at them, so that no spelling of a path
// reaches an endpoint past the checks of its canonical spelling.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace omni {

// The canonical path of a request target, query excluded: `/api/v1/X` is `/v1/X`, `/api/v1beta/X`
// is `/v1beta/X`, and so is `/v1/v1/X`; `/chat/completions`, `/completions`, `/responses`,
// `/messages`, `/models`, `/embeddings` and what lies below them are `/v1/...`; Ollama's own words
// below `/api` (chat, generate, show and so on) are `/v1/api/...`. A percent-encoded unreserved
// character (RFC 3986 section 2.3), `//`, `/./`, `/../`, a backslash, a control character or broken
// percent-encoding is refused with a sentence.
absl::StatusOr<std::string> canonical_path(std::string_view target);

// True when `target` is its own canonical path, seen at one glance; false says nothing. This is how
// nearly all requests come.
bool is_plain_path(std::string_view target);

// `path` is `prefix` or lies below it, by whole segments.
constexpr bool is_below(std::string_view path, std::string_view prefix) {
  if (path.substr(0, prefix.size()) != prefix) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/' ||
         (!prefix.empty() && prefix.back() == '/');
}

}  // namespace omni
