#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using test::transcode_request;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai;
constexpr Dialect kResponses = Dialect::kOpenaiResponses;

std::string own(std::string_view body) { return transcode_request(kResponses, kResponses, body); }

// `body`, and what was dropped behind it.
std::string canonical_with_losses(const std::string& text) {
  const size_t end = text.find("\nDROPPED");
  return end == std::string::npos ? canonical(text)
                                  : canonical(text.substr(0, end)) + text.substr(end);
}

TEST(ResponsesRequestTest, EveryFieldComesBack) {
  const std::string body = R"({"model":"target-model","instructions":"Be\nbrief \u00e9","input":[
      {"type":"message","role":"developer","content":[{"type":"input_text","text":"dev"}]},
      {"type":"message","role":"user","content":[{"type":"input_text","text":"What is this?"},
         {"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},
         {"type":"input_image","image_url":"https://example.com/a.png"},
         {"type":"input_image","file_id":"file-1"},
         {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
         {"type":"input_file","file_data":"data:application/pdf;base64,CCCC","filename":"a.pdf"},
         {"type":"input_file","file_url":"https://example.com/b.pdf"},
         {"type":"input_file","file_id":"file-2"}]},
      {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],
         "content":[],"encrypted_content":"gAAA=","status":"completed"},
      {"type":"message","role":"assistant","phase":"commentary","content":[
         {"type":"output_text","text":"I look.","annotations":[{"type":"file_path","file_id":"f","index":0}]}]},
      {"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
      {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":\"\\u20ac\"}"},
      {"type":"custom_tool_call","call_id":"call_2","name":"g","input":"free \"text\""},
      {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
      {"type":"function_call_output","call_id":"call_1","output":"4 C"},
      {"type":"custom_tool_call_output","call_id":"call_2","output":[
         {"type":"input_text","text":"ok"},{"type":"input_image","image_url":"https://e.com/c.png"}]},
      {"type":"message","role":"system","content":[{"type":"input_text","text":"late"}]}],
    "tools":[{"type":"function","name":"f","description":"d","strict":true,
       "parameters":{"type":"object","properties":{"a":{"type":"string"}}}},
       {"type":"custom","name":"g","description":"takes text","format":{"type":"grammar",
        "syntax":"lark","definition":"start: \"a\""}},
       {"type":"web_search","search_context_size":"low"}],
    "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},
       {"type":"custom","name":"g"}]},"parallel_tool_calls":false,
    "text":{"format":{"type":"json_schema","name":"s","strict":true,"schema":{"type":"object"}},
       "verbosity":"low"},
    "reasoning":{"effort":"low","summary":"detailed"},"max_output_tokens":64,"temperature":0.10,
    "top_p":1e-1,"top_logprobs":3,"user":"u","metadata":{"k":"v"},"store":true,
    "service_tier":"flex","prompt_cache_key":"p","safety_identifier":"s",
    "include":["reasoning.encrypted_content"],"truncation":"auto","max_tool_calls":2,
    "previous_response_id":"resp_0"})";
  EXPECT_EQ(canonical(own(body)), canonical(body));
}

TEST(ResponsesRequestTest, ShortFormsAreRead) {
  const std::string full = R"({"model":"target-model","input":[
      {"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]})";
  EXPECT_EQ(canonical(own(R"({"input":"hi"})")), canonical(full));
  EXPECT_EQ(canonical(own(R"({"input":[{"role":"user","content":"hi"}],"background":true,
      "instructions":null,"stream":true,"tools":[]})")),
            canonical(full));
}

TEST(ResponsesRequestTest, ANameOfTheClientsOwnCannotBreakOut) {
  const std::string body = R"({"model":"target-model","input":[{"type":"message","role":"user",
      "content":[{"type":"input_text","text":"a"}]}],"x\":1,\"model":"y\n"})";
  EXPECT_EQ(canonical(own(body)), canonical(body));
}

TEST(ResponsesRequestTest, AnErrorNamesTheField) {
  const auto error = [](std::string_view input) {
    return own(R"({"model":"m","input":)" + std::string(input) + "}");
  };
  EXPECT_EQ(error(R"([{"role":"user","content":[{"type":"input_image","image_url":7}]}])"),
            "ERROR input[0].content[0].image_url: "
            "input[0].content[0].image_url: must be a string");
  for (const std::string_view media :
       {R"({"type":"input_image","image_url":""})", R"({"type":"input_file","file_data":""})",
        R"({"type":"input_file","file_id":""})"})
    EXPECT_THAT(error(R"([{"role":"user","content":[)" + std::string(media) + "]}]"),
                HasSubstr("input[0].content[0]: must not be empty"));
  EXPECT_THAT(error(R"([{"role":"wizard","content":"a"}])"), HasSubstr("input[0].role: must be"));
  EXPECT_THAT(error(R"([{"type":"message","role":"user"}])"),
              HasSubstr("input[0].content: is missing"));
  EXPECT_THAT(error(R"([{"type":"function_call","name":"f","arguments":"{}"}])"),
              HasSubstr("input[0].call_id: is missing"));
  EXPECT_THAT(error(R"([{"type":"function_call","call_id":"a","name":"f"}])"),
              HasSubstr("input[0].arguments: is missing"));
  EXPECT_THAT(error(R"([{"type":"function_call_output","call_id":"a"}])"),
              HasSubstr("input[0].output: is missing"));
  EXPECT_THAT(error(R"([{"type":"computer_call_output","call_id":"a"}])"),
              HasSubstr("input[0].type: items of type 'computer_call_output' are not supported"));
  EXPECT_THAT(error(R"([{"type":"item_reference","id":"msg_1"}])"),
              HasSubstr("ERROR input[0]: input[0]: an item_reference needs a stored response"));
  EXPECT_THAT(error(R"([{"id":"msg_1"}])"), HasSubstr("item_reference"));
  EXPECT_THAT(error(R"([{"role":"user","content":[{"type":"video"}]}])"),
              HasSubstr("input[0].content[0].type: 'video' is not a known kind of content"));
  EXPECT_THAT(error(R"([{"role":"user","content":"\ud8"}])"), HasSubstr("broken escape"));
  EXPECT_THAT(error("7"), HasSubstr("input: must be a string or an array of items"));
  EXPECT_THAT(own(R"({"model":"m"})"), HasSubstr("input: is missing"));
  EXPECT_THAT(own(R"({"input":"a","tools":[{"type":"function"}]})"),
              HasSubstr("tools[0].name: is missing"));
  EXPECT_THAT(own(R"({"input":"a","tool_choice":"maybe"})"), HasSubstr("tool_choice: must be one"));
  EXPECT_THAT(own(R"({"input":"a","reasoning":{"effort":"huge"}})"),
              HasSubstr("reasoning.effort: must be one of"));
  EXPECT_THAT(own(R"({"input":"a","text":{"format":{"type":"xml"}}})"),
              HasSubstr("text.format.type: must be one of"));
}

TEST(ResponsesRequestTest, BecomesAChatRequest) {
  const std::string out = transcode_request(kResponses, kChat, R"({"instructions":"S","input":[
      {"role":"user","content":[{"type":"input_text","text":"q"},
         {"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},
      {"type":"reasoning","summary":[{"type":"summary_text","text":"think"}]},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
      {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
      {"type":"function_call_output","call_id":"c1","output":"one"},
      {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]}],
    "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":null},
      {"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"d"}}],
    "tool_choice":{"type":"function","name":"f"},"max_output_tokens":9,
    "text":{"format":{"type":"json_object"},"verbosity":"low"},"reasoning":{"effort":"none"},
    "truncation":"auto","service_tier":"flex","include":["message.output_text.logprobs"]})");
  EXPECT_EQ(canonical_with_losses(out), canonical(R"({"model":"target-model","messages":[
      {"role":"system","content":"S"},
      {"role":"user","content":[{"type":"text","text":"q"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
      {"role":"assistant","reasoning_content":"think","content":"I look.","tool_calls":[
        {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
        {"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"one"},
      {"role":"tool","tool_call_id":"c2","content":"two"}],
    "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}},
      {"type":"function","function":{"name":"g","parameters":{"type":"object",
        "properties":{"input":{"type":"string"}},"required":["input"]}}}],
    "tool_choice":{"type":"function","function":{"name":"f"}},"max_tokens":9,
    "response_format":{"type":"json_object"},"verbosity":"low","reasoning_effort":"none",
    "service_tier":"flex","logprobs":true})") +
                                            "\nDROPPED format, truncation, include");
}

TEST(ResponsesRequestTest, WhoseDialectShowsThoughtsIsGivenASummary) {
  const std::string_view messages =
      R"("max_tokens":9000,"messages":[{"role":"user","content":"q"}])";
  const auto asked = [&](Dialect from, std::string_view more) {
    return transcode_request(from, kResponses, fmt::format("{{{}, {}}}", messages, more));
  };
  const auto summary = HasSubstr(R"("summary":"auto")");
  constexpr Dialect kMessages = Dialect::kAnthropic;
  EXPECT_THAT(asked(kMessages, R"("thinking":{"type":"enabled","budget_tokens":2048})"), summary);
  EXPECT_THAT(asked(kMessages, R"("thinking":{"type":"adaptive"})"), summary);
  EXPECT_THAT(asked(kMessages, R"("thinking":{"type":"adaptive","display":"omitted"})"),
              Not(summary));
  EXPECT_THAT(asked(kMessages, R"("thinking":{"type":"disabled"})"), Not(summary));
  EXPECT_THAT(asked(Dialect::kOllama, R"("think":true)"), summary);
  EXPECT_THAT(asked(Dialect::kOllama, R"("think":"low")"), summary);
  EXPECT_THAT(asked(Dialect::kOllama, R"("think":false)"), Not(summary));
  // An effort alone asks for no more than that.
  EXPECT_THAT(asked(kChat, R"("reasoning_effort":"low")"), Not(summary));
}

TEST(ResponsesRequestTest, ComesFromAChatRequest) {
  const std::string out = transcode_request(kChat, kResponses, R"({"messages":[
      {"role":"system","content":"A"},{"role":"developer","content":"B"},
      {"role":"user","name":"ann","content":[{"type":"text","text":"q"},
        {"type":"image_url","image_url":{"url":"https://e.com/a.png","detail":"high"}},
        {"type":"file","file":{"file_data":"data:application/pdf;base64,CCCC"}}]},
      {"role":"assistant","content":"I look.","reasoning_content":"think","tool_calls":[
        {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
        {"id":"c2","type":"custom","custom":{"name":"g","input":"x"}}]},
      {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"one"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
      {"role":"tool","tool_call_id":"c2","content":"two"},
      {"role":"system","content":"late"}],
    "tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g",
      "format":{"type":"grammar","grammar":{"syntax":"lark","definition":"d"}}}}],
    "tool_choice":{"type":"custom","custom":{"name":"g"}},"reasoning_effort":"high",
    "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}},
    "max_tokens":5,"stop":["x"],"seed":7,"top_k":3,"frequency_penalty":1,"presence_penalty":1,
    "logit_bias":{"1":1},"verbosity":"low","prompt_cache_key":"k","logprobs":true,
    "top_logprobs":2})");
  EXPECT_EQ(canonical_with_losses(out), canonical(R"({"model":"target-model",
    "instructions":"A\n\nB","input":[
      {"type":"message","role":"user","content":[{"type":"input_text","text":"q"},
        {"type":"input_image","image_url":"https://e.com/a.png","detail":"high"},
        {"type":"input_file","file_data":"data:application/pdf;base64,CCCC",
         "filename":"document.pdf"}]},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
      {"type":"custom_tool_call","call_id":"c2","name":"g","input":"x"},
      {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"one"},
        {"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},
      {"type":"custom_tool_call_output","call_id":"c2","output":"two"},
      {"type":"message","role":"system","content":[{"type":"input_text","text":"late"}]}],
    "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},
       "strict":false},
      {"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"d"}}],
    "tool_choice":{"type":"custom","name":"g"},"reasoning":{"effort":"high"},
    "text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"}},
      "verbosity":"low"},
    "max_output_tokens":5,"top_logprobs":2,"prompt_cache_key":"k","store":false,
    "include":["reasoning.encrypted_content","message.output_text.logprobs"]})") +
                                            "\nDROPPED name, reasoning, stop, top_k, seed, "
                                            "frequency_penalty, presence_penalty, logit_bias");
}

TEST(ResponsesRequestTest, AModelThatNeedNotReasonIsNotAskedForIt) {
  const std::string out = transcode_request(
      kChat, kResponses, R"({"messages":[{"role":"system","content":"only"}],"store":true})");
  EXPECT_EQ(canonical(out), canonical(R"({"model":"target-model","store":true,"input":[
      {"type":"message","role":"system","content":[{"type":"input_text","text":"only"}]}]})"));
}

TEST(ResponsesRequestTest, TheVendorsLeastOutputIsKept) {
  const RequestOptions strict{.model = "m", .is_strict = true};
  EXPECT_THAT(
      transcode_request(kChat, kResponses,
                        R"({"messages":[{"role":"user","content":"a"}],"max_tokens":1})", strict),
      HasSubstr(R"("max_output_tokens":16)"));
}

TEST(ResponsesRequestTest, WhatWouldChangeTheQuestionIsRefused) {
  EXPECT_THAT(
      transcode_request(kChat, kResponses, R"({"messages":[{"role":"user","content":"a"}],"n":2})"),
      HasSubstr("ERROR n: "));
  EXPECT_THAT(
      transcode_request(kResponses, kChat, R"({"input":"a","tools":[{"type":"file_search"}]})"),
      HasSubstr("ERROR tools: tools: 'file_search'"));
  EXPECT_THAT(transcode_request(kResponses, kChat, R"({"input":[{"role":"user","content":[
                  {"type":"input_image","file_id":"file-1"}]}]})"),
              HasSubstr("ERROR messages: messages: a file that another provider stores"));
  EXPECT_EQ(
      transcode_request(kResponses, kChat, R"({"input":"a","previous_response_id":"resp_1"})"),
      "ERROR previous_response_id: Previous response not found.");
  EXPECT_THAT(transcode_request(kResponses, kChat, R"({"input":"a","conversation":"conv_1"})"),
              HasSubstr("ERROR conversation: "));
  EXPECT_THAT(transcode_request(kResponses, kChat, R"({"prompt":{"id":"p"}})"),
              HasSubstr("ERROR prompt: "));
}

TEST(ResponsesRequestTest, AHostedToolMayBeChosenInItsOwnDialect) {
  const std::string body = R"({"model":"target-model","input":[{"type":"message","role":"user",
      "content":[{"type":"input_text","text":"a"}]}],"tools":[{"type":"file_search"}],
      "tool_choice":{"type":"file_search"}})";
  EXPECT_EQ(canonical(own(body)), canonical(body));
}

// Pitfall 25: thoughts are neither said aloud nor sent where their proof means nothing.
TEST(ResponsesRequestTest, AForeignProofStaysAtHome) {
  const std::string chat = R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":"b","reasoning_details":[
        {"type":"reasoning.text","text":"secret","signature":"sig"}]},
      {"role":"user","content":"c"}]})";
  const std::string out = transcode_request(kChat, kResponses, chat);
  EXPECT_THAT(out, HasSubstr("DROPPED signature"));
  EXPECT_THAT(out, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace omni::llm
