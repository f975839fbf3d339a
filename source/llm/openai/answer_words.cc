#include "source/llm/openai/answer_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/json/builder.h"
#include "source/llm/signature.h"

namespace omni::llm::openai {

std::string_view finish_reason(StopReason stop) {
  switch (stop) {
    case StopReason::kLength:
      return "length";
    case StopReason::kToolCalls:
      return "tool_calls";
    case StopReason::kFiltered:
    case StopReason::kRefusal:
    case StopReason::kMalformed:
      return "content_filter";
    default:
      return "stop";
  }
}

void append_usage(std::string& out, const Usage& usage) {
  const int64_t input = std::max<int64_t>(0, usage.input);
  const int64_t output = std::max<int64_t>(0, usage.output);
  json::Builder json(out);
  json.object().number("prompt_tokens", input).number("completion_tokens", output);
  json.number("total_tokens", input + output);
  json.object("prompt_tokens_details");
  json.number("cached_tokens", std::max<int64_t>(0, usage.cached));
  if (usage.cache_write > 0) json.number("cache_creation_tokens", usage.cache_write);
  if (usage.audio_input >= 0) json.number("audio_tokens", usage.audio_input);
  json.end_object().object("completion_tokens_details");
  json.number("reasoning_tokens", std::max<int64_t>(0, usage.reasoning));
  if (usage.audio_output >= 0) json.number("audio_tokens", usage.audio_output);
  json.end_object().end_object();
}

void append_detail(std::string& out, const Event& event, std::string_view text, int index) {
  json::Builder json(out);
  const bool is_redacted = event.redacted.value.is_given();
  const Signature& proof = is_redacted ? event.redacted : event.signature;
  json.object().string("type", is_redacted ? "reasoning.encrypted" : "reasoning.text");
  if (!is_redacted) json.text("text", text);
  json.begin_text(is_redacted ? "data" : "signature");
  put_signature(out, Dialect::kAnthropic, proof);
  json.end_text().number("index", index).end_object();
}

void append_call_begin(std::string& out, const Event& event) {
  const std::string_view type = event.is_custom ? "custom" : "function";
  json::Builder json(out);
  json.object().text("id", event.id.inside()).string("type", type);
  json.object(type).text("name", event.name.inside());
  json.begin_text(event.is_custom ? "input" : "arguments");
}

void append_extra_content(std::string& out, const Signature& signature) {
  if (!signature.value.is_given()) return;
  out += R"(,"extra_content":{"google":{"thought_signature":")";
  put_signature(out, Dialect::kGemini, signature);
  out += "\"}}";
}

std::string answer_id(std::string_view upstream, std::string_view fallback) {
  const std::string_view id = upstream.empty() ? fallback : upstream;
  if (id.substr(0, 8) == "chatcmpl") return std::string(id);
  return fmt::format("chatcmpl-{}", id);
}

}  // namespace omni::llm::openai
