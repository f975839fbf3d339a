#include "source/llm/signature.h"

#include <fmt/format.h>

namespace omni::llm {
namespace {

// "omniroute.DIALECT.SIGNATURE": no vendor's signature has a dot this early.
constexpr std::string_view kMark = "omniroute.";

}  // namespace

Signature signature_in(Dialect dialect, Text value) {
  const std::string_view inside = value.inside();
  if (inside.substr(0, kMark.size()) == kMark) {
    const std::string_view rest = inside.substr(kMark.size());
    const size_t dot = rest.find('.');
    const std::optional<Dialect> origin = dialect_from(rest.substr(0, dot));
    if (dot != std::string_view::npos && origin) return {Text(rest.substr(dot + 1)), *origin};
  }
  return {value, dialect};
}

void put_signature(std::string& out, Dialect dialect, const Signature& signature) {
  if (signature.origin != dialect) out += fmt::format("{}{}.", kMark, name_of(signature.origin));
  out += signature.value.inside();
}

}  // namespace omni::llm
