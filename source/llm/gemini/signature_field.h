// The field `thoughtSignature`, which is bytes in Base64: the vendor's clients refuse anything else
// (ai.google.dev/gemini-api/docs/thought-signatures).
#pragma once

#include <string>

#include "source/llm/request.h"

namespace omni::llm::gemini {

// Reads what a client sends back. A foreign one that append_signature() marked comes home, in
// `redacted` when it was written as such; `request` keeps its text.
void read_signature(Text field, Request& request, Signature& signature, Signature& redacted);
// Appends what stands between the field's quotes; a foreign signature is marked, in Base64 all of
// it.
void append_signature(std::string& out, const Signature& signature, bool is_redacted);

}  // namespace omni::llm::gemini
