// Provider-bound proofs in the fields of dialects that are not the provider's own.
#pragma once

#include <string>

#include "source/llm/request.h"

namespace omni::llm {

// A signature found in a field of `dialect`: its own, unless the mark of put_signature() says
// whose.
Signature signature_in(Dialect dialect, Text value);
// Appends what stands between quotes in a field of `dialect`: a foreign signature is marked, so
// that it comes home when the client sends it back.
void put_signature(std::string& out, Dialect dialect, const Signature& signature);

}  // namespace omni::llm
