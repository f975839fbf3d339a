// What streams and plain answers of Messages write alike.
#pragma once

#include <string>
#include <string_view>

#include "source/llm/event.h"

namespace omni::llm::anthropic {

std::string_view stop_reason(StopReason stop);
// {"input_tokens":...}: what was cached is counted apart.
void append_usage(std::string& out, const Usage& usage);
// "stop_reason":...,"stop_sequence":...
void append_stop(std::string& out, StopReason stop, std::string_view sequence);
// "msg_" in front, unless it is there; OpenAI's own prefix goes.
std::string message_id(std::string_view upstream, std::string_view fallback);
// {"type":"thinking"} whose only content is a proof, or a redacted block.
std::string proof_block(const Event& event);

}  // namespace omni::llm::anthropic
