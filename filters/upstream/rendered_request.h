// The request as one target is to get it.
#pragma once

#include <optional>

#include "api/exchange.h"
#include "source/buffer/buffer.h"
#include "source/llm/call_error.h"

namespace omni::filters {

// Empty and an error where the target cannot be asked this. Writes what the way back must know
// about this attempt into facts.answer. The body is owned or its bytes outlive the turn.
Buffer render_request(Exchange& exchange, const Target& target,
                      std::optional<llm::CallError>& error);

// The dialect that a provider is asked in. What was edited is written anew, which old endpoints
// cannot be.
inline Dialect asked_in(const Provider& provider, const llm::Call& call) {
  return call.is_edited() ? provider.dialect : spoken_to(provider, call.dialect());
}

// The same for the provider's endpoint that counts tokens.
Buffer render_count_request(Exchange& exchange, const Target& target,
                            std::optional<llm::CallError>& error);

}  // namespace omni::filters
