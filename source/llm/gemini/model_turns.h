// What a model said comes back as its client kept it, which for a streamed answer is in pieces.
#pragma once

#include "source/llm/request.h"

namespace omni::llm::gemini {

// The vendor's clients keep each chunk of a stream as a Content of its own. Makes one message of
// the model's Contents in a row, one text of its pieces, and one thought, which takes the proof
// that ended it: other vendors want calls in one turn and a thought whole.
void join_model_turns(Request& request);

}  // namespace omni::llm::gemini
