#include "filters/auth/carriers.h"

#include <string>

#include "source/base/strings.h"

namespace omni::filters {
namespace {

std::string_view bearer(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  // As nearly everyone writes it, before any way it may be written.
  if (value.substr(0, kScheme.size()) != "Bearer " && !starts_with_ignoring_case(value, kScheme))
    return {};
  return trim(value.substr(kScheme.size()));
}

bool is_key_parameter(std::string_view name) {
  return name == "token" || name == "apiKey" || name == "api_key" || name == "key";
}

}  // namespace

bool find_presented_key(const RequestHead& head,
                        absl::FunctionRef<bool(std::string_view key)> visit) {
  // One after the other: nearly always the first is the one.
  if (const auto key = bearer(head.headers.value("authorization")); !key.empty() && visit(key))
    return true;
  for (const std::string_view carrier : {"x-api-key", "x-goog-api-key"})
    if (const auto key = trim(head.headers.value(carrier)); !key.empty() && visit(key)) return true;
  // Each look at a key costs a digest: a query full of them is an attack, not a client.
  constexpr int kMostInQuery = 4;
  int tried = 0;
  const size_t question = head.target.find('?');
  if (question == std::string::npos) return false;
  for (const std::string_view pair :
       split(std::string_view(head.target).substr(question + 1), '&')) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !is_key_parameter(pair.substr(0, equals))) continue;
    if (++tried > kMostInQuery) return false;
    const std::string key = percent_decoded(pair.substr(equals + 1));
    if (!key.empty() && visit(key)) return true;
  }
  return false;
}

}  // namespace omni::filters
