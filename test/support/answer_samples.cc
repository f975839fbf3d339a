#include "test/support/answer_samples.h"

#include <fmt/format.h>

namespace omni::test {
namespace {

std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return fmt::format(
      "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
      "\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{},\"logprobs\":null,"
      "\"finish_reason\":{}}}],\"usage\":null}}\n\n",
      delta, finish);
}

AnswerSample chat() {
  std::string text =
      chunk(R"({"role":"assistant","content":"","refusal":null})") +
      chunk(R"({"reasoning_content":"hé, "})") +
      chunk(R"({"reasoning_content":"\ud83e\udd14 well"})") +
      chunk(
          R"({"reasoning_details":[{"type":"reasoning.text","signature":"Ab+/9==","index":0}]})") +
      chunk(R"({"content":"Ol\u00e1, \"😀\"\n"})") + chunk(R"({"content":"[DONE] 50€."})") +
      chunk(
          R"({"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":\"T"}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"ōky\\u014d \\\"1\\\"\"}"}}]})") +
      chunk(
          R"({"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"time","arguments":"{}"}}]})") +
      chunk("{}", "\"tool_calls\"");
  // The blank line may be missing.
  const size_t complete = text.size() - 2;
  text +=
      R"(data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":18,)"
      R"("total_tokens":58,"prompt_tokens_details":{"cached_tokens":30},)"
      R"("completion_tokens_details":{"reasoning_tokens":7}}})"
      "\n\ndata: [DONE]\n\n";
  return {.dialect = Dialect::kOpenai, .stream = std::move(text), .complete_from = complete};
}

std::string event(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}{2}}}\n\n", type,
                     rest.empty() ? "" : ",", rest);
}
std::string block(int index, std::string_view content) {
  return event("content_block_start",
               fmt::format(R"("index":{},"content_block":{})", index, content));
}
std::string delta(int index, std::string_view said) {
  return event("content_block_delta",
               fmt::format(R"("index":{},"delta":{{"type":{}}})", index, said));
}
std::string stop(int index) {
  return event("content_block_stop", fmt::format(R"("index":{})", index));
}

AnswerSample messages() {
  AnswerSample out{.dialect = Dialect::kAnthropic};
  out.stream =
      event(
          "message_start",
          R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],)"
          R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,)"
          R"("cache_creation_input_tokens":0,"cache_read_input_tokens":30,"output_tokens":1}})") +
      block(0, R"({"type":"thinking","thinking":"","signature":""})") + event("ping", "") +
      delta(0, R"("thinking_delta","thinking":"hé, ")") +
      delta(0, R"("thinking_delta","thinking":"\ud83e\udd14 well")") +
      delta(0, R"("signature_delta","signature":"Ab+/9==")") + stop(0) +
      block(1, R"({"type":"text","text":""})") +
      delta(1, R"("text_delta","text":"Ol\u00e1, \"😀\"\n")") +
      delta(1, R"("text_delta","text":"[DONE] 50€.")") + stop(1) +
      block(2, R"({"type":"tool_use","id":"call_a","name":"weather","input":{}})") +
      delta(2, R"("input_json_delta","partial_json":"")") +
      delta(2, R"("input_json_delta","partial_json":"{\"city\":\"T")") +
      delta(2, R"("input_json_delta","partial_json":"ōky\\u014d \\\"1\\\"\"}")") + stop(2) +
      block(3, R"({"type":"tool_use","id":"call_b","name":"time","input":{}})") +
      delta(3, R"("input_json_delta","partial_json":"")") + stop(3) +
      event(
          "message_delta",
          R"("delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":18})") +
      event("message_stop", "");
  out.complete_from = out.stream.size() - 2;
  return out;
}

class ResponseEvents {
 public:
  ResponseEvents& add(std::string_view type, std::string_view members) {
    text_ += fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1},{2}}}\n\n",
                         type, number_++, members);
    return *this;
  }
  ResponseEvents& item(std::string_view what, int index, std::string_view item) {
    return add(fmt::format("response.output_item.{}", what),
               fmt::format(R"("output_index":{},"item":{})", index, item));
  }
  ResponseEvents& piece(std::string_view type, std::string_view id, int index,
                        std::string_view rest) {
    return add(fmt::format("response.{}", type),
               fmt::format(R"("item_id":"{}","output_index":{},{})", id, index, rest));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  int number_ = 0;
};

AnswerSample responses() {
  const std::string_view thought =
      R"({"id":"rs_1","type":"reasoning","encrypted_content":"Ab+/9==","summary":[{"type":"summary_text","text":"hé, 🤔 well"}]})";
  const std::string_view message =
      R"({"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Ol\u00e1, \"😀\"\n[DONE] 50€."}],"role":"assistant"})";
  const std::string_view weather =
      R"({"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"city\":\"Tōky\\u014d \\\"1\\\"\"}","call_id":"call_a","name":"weather"})";
  const std::string_view time =
      R"({"id":"fc_2","type":"function_call","status":"completed","arguments":"{}","call_id":"call_b","name":"time"})";
  const std::string_view begun =
      R"("response":{"id":"resp_1","object":"response","created_at":1700000000,"status":"in_progress","error":null,"incomplete_details":null,"model":"gpt","output":[],"usage":null})";
  ResponseEvents events;
  events.add("response.created", begun).add("response.in_progress", begun);
  events.item("added", 0, R"({"id":"rs_1","type":"reasoning","summary":[]})")
      .piece("reasoning_summary_part.added", "rs_1", 0,
             R"("summary_index":0,"part":{"type":"summary_text","text":""})")
      .piece("reasoning_summary_text.delta", "rs_1", 0, R"("summary_index":0,"delta":"hé, ")")
      .piece("reasoning_summary_text.delta", "rs_1", 0,
             R"("summary_index":0,"delta":"\ud83e\udd14 well")")
      .piece("reasoning_summary_text.done", "rs_1", 0,
             R"("summary_index":0,"text":"hé, 🤔 well")")
      .item("done", 0, thought);
  events
      .item(
          "added", 1,
          R"({"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"})")
      .piece(
          "content_part.added", "msg_1", 1,
          R"("content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""})")
      .piece("output_text.delta", "msg_1", 1,
             R"("content_index":0,"delta":"Ol\u00e1, \"😀\"\n","logprobs":[],"obfuscation":"x")")
      .piece("output_text.delta", "msg_1", 1,
             R"("content_index":0,"delta":"[DONE] 50€.","logprobs":[])")
      .piece("output_text.done", "msg_1", 1,
             R"("content_index":0,"text":"Ol\u00e1, \"😀\"\n[DONE] 50€.","logprobs":[])")
      .item("done", 1, message);
  events
      .item(
          "added", 2,
          R"({"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_a","name":"weather"})")
      .piece("function_call_arguments.delta", "fc_1", 2, R"("delta":"{\"city\":\"T")")
      .piece("function_call_arguments.delta", "fc_1", 2, R"("delta":"ōky\\u014d \\\"1\\\"\"}")")
      .piece("function_call_arguments.done", "fc_1", 2,
             R"("name":"weather","arguments":"{\"city\":\"Tōky\\u014d \\\"1\\\"\"}")")
      .item("done", 2, weather);
  // Arguments that come with the last event only.
  events
      .item(
          "added", 3,
          R"({"id":"fc_2","type":"function_call","status":"in_progress","arguments":"","call_id":"call_b","name":"time"})")
      .item("done", 3, time);
  events.add(
      "response.completed",
      fmt::format(
          R"("response":{{"id":"resp_1","object":"response","created_at":1700000000,"status":"completed","error":null,"incomplete_details":null,"model":"gpt","output":[{},{},{},{}],"usage":{{"input_tokens":40,"input_tokens_details":{{"cached_tokens":30}},"output_tokens":18,"output_tokens_details":{{"reasoning_tokens":7}},"total_tokens":58}}}})",
          thought, message, weather, time));
  AnswerSample out{.dialect = Dialect::kOpenaiResponses, .stream = events.take()};
  out.complete_from = out.stream.size() - 2;
  return out;
}

std::string content(std::string_view parts, std::string_view finish = "", int output = 0) {
  return fmt::format(
      "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{}],\"role\": "
      "\"model\"}},{}\"index\": "
      "0}}],\"usageMetadata\": {{\"promptTokenCount\": 40,\"cachedContentTokenCount\": 30,"
      "\"candidatesTokenCount\": {},\"totalTokenCount\": {},\"thoughtsTokenCount\": 7}},"
      "\"modelVersion\": \"gemini-3\",\"responseId\": \"r1\"}}\n\n",
      parts, finish.empty() ? "" : fmt::format("\"finishReason\": \"{}\",", finish), output,
      output + 47);
}

AnswerSample gemini() {
  AnswerSample out{.dialect = Dialect::kGemini};
  out.stream =
      content(R"({"text": "hé, ","thought": true})") +
      content(R"({"text": "\ud83e\udd14 well","thought": true})") +
      content(R"({"text": "Ol\u00e1, \"😀\"\n"})", "", 4) +
      content(R"({"text": "[DONE] 50€."})", "", 8) +
      content(
          R"({"functionCall": {"id": "call_a","name": "weather","args": {"city": "Tōky\u014d \"1\""}},"thoughtSignature": "Ab+/9w=="})",
          "", 10) +
      content(R"({"functionCall": {"id": "call_b","name": "time","args": {}}})", "", 11) +
      content(R"({"text": ""})", "STOP", 11);
  out.complete_from = out.stream.size() - 2;
  return out;
}

std::string line(std::string_view message, std::string_view end = R"("done":false)") {
  return fmt::format(
      "{{\"model\":\"qwen3\",\"created_at\":\"2023-11-14T22:13:20.123456789Z\",\"message\":"
      "{{\"role\":\"assistant\",{}}},{}}}\n",
      message, end);
}

AnswerSample ollama() {
  AnswerSample out{.dialect = Dialect::kOllama, .has_call_ids = false, .has_cached_count = false};
  out.stream =
      line(R"("content":"","thinking":"hé, ")") +
      line(R"("content":"","thinking":"\ud83e\udd14 well")") +
      line(R"("content":"Ol\u00e1, \"😀\"\n")") + line(R"("content":"[DONE] 50€.")") +
      line(
          R"("content":"","tool_calls":[{"function":{"index":0,"name":"weather","arguments":{"city":"Tōky\u014d \"1\""}}},{"function":{"index":1,"name":"time","arguments":{}}}])") +
      line(R"("content":"")",
           R"("done":true,"done_reason":"stop","total_duration":5,"load_duration":1,)"
           R"("prompt_eval_count":40,"prompt_eval_duration":2,"eval_count":18,"eval_duration":2)");
  out.complete_from = out.stream.size() - 1;
  return out;
}

}  // namespace

const std::vector<AnswerSample>& answer_samples() {
  static const auto* const kSamples =
      new std::vector<AnswerSample>{chat(), responses(), messages(), gemini(), ollama()};
  return *kSamples;
}

const AnswerSample& answer_sample(Dialect dialect) {
  for (const AnswerSample& sample : answer_samples())
    if (sample.dialect == dialect) return sample;
  return answer_samples().front();
}

std::string with_line_ends(std::string_view stream, std::string_view line_end) {
  std::string out;
  for (const char c : stream) {
    if (c == '\n') {
      out += line_end;
    } else {
      out += c;
    }
  }
  return out;
}

std::string with_pings(Dialect dialect, std::string_view stream) {
  const bool is_lines = dialect == Dialect::kOllama;
  const std::string_view end = is_lines ? "\n" : "\n\n";
  const std::string_view nothing =
      is_lines ? "\n \r\n"
               : ": keep-alive\n\n:\n\nevent: ping\n\n\n\n: with data\nid: 7\nretry: 5\n\n";
  std::string out(nothing);
  while (!stream.empty()) {
    const size_t size = stream.find(end) + end.size();
    out += stream.substr(0, size);
    out += nothing;
    stream.remove_prefix(size);
  }
  return out;
}

}  // namespace omni::test
