// Whole answers and requests from one dialect into another, as the gateway does it piece by piece.
#pragma once

#include <string>
#include <string_view>

#include "source/llm/codec.h"

namespace omni::test {

// The other dialect's request; "ERROR param: message" when it is refused. Dropped fields, when
// there are any, follow as a line "DROPPED a, b".
std::string transcode_request(Dialect from, Dialect to, std::string_view body,
                              const llm::RequestOptions& options = {.model = "target-model"});

// A stream of `from` as `to` would get it, fed in pieces of `piece` bytes (0: whole). When the
// input ends without a terminal event the last line is "INCOMPLETE"; what cannot be read gives
// "BROKEN reason".
std::string transcode_stream(Dialect from, Dialect to, std::string_view bytes, size_t piece = 0,
                             bool to_stream = true);
// A plain answer of `from` as a plain answer or a stream of `to`.
std::string transcode_answer(Dialect from, Dialect to, std::string_view body,
                             bool to_stream = false);

// JSON with its members sorted and without white space, so that texts can be compared.
std::string canonical(std::string_view json);

}  // namespace omni::test
