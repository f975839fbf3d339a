#include "source/llm/gemini/signature_field.h"

#include <absl/strings/escaping.h>

#include "source/llm/signature.h"

namespace omni::llm::gemini {
namespace {

// "omniroute" in Base64: every marked signature begins so.
constexpr std::string_view kMarked = "b21uaXJvdXRl";
// Follows the mark in front of encrypted content, which is no signature.
constexpr char kRedacted = '#';

// Clients write bytes in either of RFC 4648's alphabets.
bool decode(const std::string& text, std::string& out) {
  return absl::Base64Unescape(text, &out) || absl::WebSafeBase64Unescape(text, &out);
}

}  // namespace

void read_signature(Text field, Request& request, Signature& signature, Signature& redacted) {
  std::string plain;
  const bool is_marked = field.inside().substr(0, kMarked.size()) == kMarked &&
                         decode(std::string(field.inside()), plain);
  const size_t behind = kMarked.size() / 4 * 3;
  if (!is_marked || plain.size() <= behind) {
    signature = {field, Dialect::kGemini};
    return;
  }
  const bool is_redacted = plain[behind] == kRedacted;
  if (is_redacted) plain[behind] = '.';
  std::string inside;
  append_escaped(inside, plain);
  const Signature found = signature_in(Dialect::kGemini, Text(request.keep(std::move(inside))));
  (is_redacted ? redacted : signature) = found;
}

void append_signature(std::string& out, const Signature& signature, bool is_redacted) {
  if (signature.origin == Dialect::kGemini) {
    out += signature.value.inside();
    return;
  }
  std::string marked;
  const std::string plain = signature.value.decoded();
  put_signature(marked, Dialect::kGemini, {Text(plain), signature.origin});
  if (is_redacted) marked[kMarked.size() / 4 * 3] = kRedacted;
  out += absl::Base64Escape(marked);
}

}  // namespace omni::llm::gemini
