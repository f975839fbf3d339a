#include "source/llm/anthropic/answer_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/json/builder.h"
#include "source/llm/signature.h"

namespace omni::llm::anthropic {

std::string_view stop_reason(StopReason stop) {
  switch (stop) {
    case StopReason::kStopSequence:
      return "stop_sequence";
    case StopReason::kLength:
      return "max_tokens";
    case StopReason::kToolCalls:
      return "tool_use";
    case StopReason::kFiltered:
    case StopReason::kRefusal:
    // No call comes with it that a client could answer.
    case StopReason::kMalformed:
      return "refusal";
    case StopReason::kPaused:
      return "pause_turn";
    default:
      return "end_turn";
  }
}

void append_usage(std::string& out, const Usage& usage) {
  const int64_t cached = std::max<int64_t>(0, usage.cached);
  const int64_t written = std::max<int64_t>(0, usage.cache_write);
  json::Builder json(out);
  json.object().number("input_tokens", std::max<int64_t>(0, usage.input - cached - written));
  json.number("cache_creation_input_tokens", written).number("cache_read_input_tokens", cached);
  json.number("output_tokens", std::max<int64_t>(0, usage.output));
  if (usage.reasoning >= 0)
    json.object("output_tokens_details").number("thinking_tokens", usage.reasoning).end_object();
  json.end_object();
}

void append_stop(std::string& out, StopReason stop, std::string_view sequence) {
  out += fmt::format(R"("stop_reason":"{}","stop_sequence":)", stop_reason(stop));
  out += sequence.empty() ? "null" : fmt::format("\"{}\"", sequence);
}

std::string message_id(std::string_view upstream, std::string_view fallback) {
  std::string_view id = upstream.empty() ? fallback : upstream;
  if (id.substr(0, 4) == "msg_") return std::string(id);
  constexpr std::string_view kChat = "chatcmpl-";
  if (id.substr(0, kChat.size()) == kChat) id.remove_prefix(kChat.size());
  return fmt::format("msg_{}", id);
}

std::string proof_block(const Event& event) {
  std::string out;
  json::Builder json(out);
  const bool is_redacted = event.redacted.value.is_given();
  json.object().string("type", is_redacted ? "redacted_thinking" : "thinking");
  if (!is_redacted) json.text("thinking", "");
  json.begin_text(is_redacted ? "data" : "signature");
  put_signature(out, Dialect::kAnthropic, is_redacted ? event.redacted : event.signature);
  json.end_text().end_object();
  return out;
}

}  // namespace omni::llm::anthropic
