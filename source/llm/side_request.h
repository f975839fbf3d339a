// Requests of our own beside a client's, made from the client's conversation.
#pragma once

#include <string>
#include <string_view>

#include "source/llm/request.h"

namespace omni::llm {

// What `from` says, for a model that is to answer in words: its tools can be seen and not called,
// and neither the form of the answer nor what is meant for one provider is asked for. The views are
// those of `from`, which outlives `out`.
void take_conversation(const Request& from, Request& out);

// All that `from` says, under the same condition.
void copy_request(const Request& from, Request& out);

// Text stands as it does between the quotes of JSON; append_escaped() makes it so.
// Behind what the system says already.
void add_system_text(Request& out, std::string text);
// As what the user says last.
void add_user_text(Request& out, std::string text);

std::string escaped(std::string_view plain);

}  // namespace omni::llm
