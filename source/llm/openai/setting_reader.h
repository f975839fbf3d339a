// The settings that chats and text completions have in common.
#pragma once

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::openai {

// Length, sampling, stop, n, user. What is none of them is kept as an extra.
bool read_setting(FieldWalk& walk, const json::Skimmed& value, const Place& at, Request& out);

}  // namespace omni::llm::openai
