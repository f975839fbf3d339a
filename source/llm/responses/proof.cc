#include "source/llm/responses/proof.h"

#include <array>
#include <string_view>
#include <utility>

#include "source/llm/signature.h"

namespace omni::llm::responses {
namespace {

// In front of the mark of put_signature(). A thought's own proof needs no word.
constexpr std::array<std::pair<Proof::Of, std::string_view>, 3> kWords = {{
    {Proof::Of::kRedacted, "redacted."},
    {Proof::Of::kNext, "next."},
    {Proof::Of::kPrevious, "previous."},
}};

}  // namespace

Proof read_proof(Text encrypted_content) {
  const std::string_view inside = encrypted_content.inside();
  for (const auto& [of, word] : kWords) {
    if (inside.substr(0, word.size()) != word) continue;
    const Signature signature =
        signature_in(Dialect::kOpenaiResponses, Text(inside.substr(word.size())));
    if (signature.origin != Dialect::kOpenaiResponses) return {of, signature};
  }
  return {Proof::Of::kThought, signature_in(Dialect::kOpenaiResponses, encrypted_content)};
}

void put_proof(std::string& out, const Proof& proof) {
  if (proof.signature.origin != Dialect::kOpenaiResponses)
    for (const auto& [of, word] : kWords)
      if (of == proof.of) out += word;
  put_signature(out, Dialect::kOpenaiResponses, proof.signature);
}

}  // namespace omni::llm::responses
