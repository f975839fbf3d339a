#include "source/http/path.h"

#include <algorithm>
#include <cctype>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/http/octets.h"

namespace omni {
namespace {

bool is_unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

absl::Status check_characters(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const auto c = static_cast<unsigned char>(path[i]);
    if (c < 0x21 || c == 0x7f || c == '\\')
      return invalid("The path holds a character that is not allowed.");
    if (c != '%') continue;
    const int high = i + 1 < path.size() ? hex_value(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
    if (high < 0 || low < 0) return invalid("The path holds broken percent-encoding.");
    const char decoded = static_cast<char>(high * 16 + low);
    if (is_unreserved(decoded) || static_cast<unsigned char>(decoded) < 0x20 || decoded == 0x7f)
      return invalid("The path percent-encodes a character that must stand for itself.");
    i += 2;
  }
  return absl::OkStatus();
}

absl::Status check_segments(std::string_view path) {
  for (size_t at = 1; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "." || segment == "..") return invalid("The path holds dot segments.");
    if (segment.empty()) return invalid("The path holds an empty segment.");
    at = end + 1;
  }
  return absl::OkStatus();
}

bool is_ollama_word(std::string_view segment) {
  for (const std::string_view word : {"chat", "generate", "embed", "embeddings", "show", "version",
                                      "tags", "ps", "pull", "push", "create", "copy", "delete"})
    if (segment == word) return true;
  return false;
}

}  // namespace

bool is_plain_path(std::string_view target) {
  return target.size() > 1 && target.front() == '/' && target.back() != '/' &&
         is_surely_path(target) && target.substr(0, 3) == "/v1" && target.substr(3, 3) != "/v1";
}

absl::StatusOr<std::string> canonical_path(std::string_view target) {
  std::string_view path = target.substr(0, target.find_first_of("?#"));
  if (path.empty() || path.front() != '/') return invalid("The request target is not a path.");
  OMNI_RETURN_IF_ERROR(check_characters(path));
  // One slash at the end is how some SDKs join a base path.
  if (path.size() > 2 && path.back() == '/') path.remove_suffix(1);
  if (path != "/") OMNI_RETURN_IF_ERROR(check_segments(path));
  if (is_below(path, "/api/v1") || is_below(path, "/api/v1beta")) path.remove_prefix(4);
  // A base URL that ends in /v1 before a library that adds it, and one that lacks it.
  while (is_below(path, "/v1/v1") || is_below(path, "/v1/v1beta")) path.remove_prefix(3);
  for (const std::string_view root :
       {"/chat/completions", "/completions", "/responses", "/messages", "/models", "/embeddings"})
    if (is_below(path, root)) return "/v1" + std::string(path);
  constexpr std::string_view kApi = "/api/";
  if (path.substr(0, kApi.size()) == kApi && is_ollama_word(path.substr(kApi.size())))
    return "/v1" + std::string(path);
  return std::string(path);
}

}  // namespace omni
