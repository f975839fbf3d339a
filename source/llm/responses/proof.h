// What encrypted_content of a reasoning item holds: the provider's own reasoning, or another's
// proof that has no field of its own here.
#pragma once

#include <string>

#include "source/llm/request.h"

namespace omni::llm::responses {

// A proof and what it belongs to.
struct Proof {
  enum class Of : uint8_t {
    kThought,
    kRedacted,  // Anthropic's redacted_thinking: the proof is all there is.
    kNext,      // The text or call that follows, as Gemini signs them.
    kPrevious,  // The text or call before it.
  };
  Of of = Of::kThought;
  Signature signature;

  bool is_given() const { return signature.value.is_given(); }
};

Proof read_proof(Text encrypted_content);
// Appends what stands between quotes.
void put_proof(std::string& out, const Proof& proof);

}  // namespace omni::llm::responses
