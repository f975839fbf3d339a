// What streams and plain answers of Chat Completions write alike.
#pragma once

#include <string>
#include <string_view>

#include "source/llm/event.h"

namespace omni::llm::openai {

std::string_view finish_reason(StopReason stop);
// {"prompt_tokens":...}.
void append_usage(std::string& out, const Usage& usage);
// One entry of reasoning_details for a proof; `text` is the thought it is about.
void append_detail(std::string& out, const Event& event, std::string_view text, int index);
// {"id":...,"type":"function","function":{"name":...,"arguments":" and so on: up to the arguments.
void append_call_begin(std::string& out, const Event& event);
// ,"extra_content":{...} where the call has a signature.
void append_extra_content(std::string& out, const Signature& signature);
// "chatcmpl-" in front, unless it is there.
std::string answer_id(std::string_view upstream, std::string_view fallback);

}  // namespace omni::llm::openai
