// Answers of a form that is no object: a list, a word. OpenAI's dialects ("Root objects must ...
// be an object", platform.openai.com/docs/guides/structured-outputs) and Anthropic's tools take
// objects only. Such a schema is sent as the one member of an object, and the member's value is
// what the client gets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/llm/codec.h"

namespace omni::llm {

// The schema of the request's format, as it is sent to a server of `target`: wrapped where the
// request came in another dialect and the schema's root is no object.
void append_format_schema(std::string& out, const Request& request, Dialect target);

// `decoder` of an answer to `request` by a server of `target`, or one that takes out what was
// wrapped: of texts, or where Anthropic was asked for a call of a tool, of its arguments. A null
// request was not wrapped.
std::unique_ptr<AnswerDecoder> unwrapped(std::unique_ptr<AnswerDecoder> decoder,
                                         const Request* request, Dialect target);

}  // namespace omni::llm
