#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kGemini = Dialect::kGemini;
constexpr Dialect kChat = Dialect::kOpenai;

std::string round(std::string_view body) { return test::transcode_request(kGemini, kGemini, body); }
std::string to_chat(std::string_view body) { return test::transcode_request(kGemini, kChat, body); }
std::string from_chat(std::string_view body, const RequestOptions& options = {.model = "m"}) {
  return test::transcode_request(kChat, kGemini, body, options);
}
// A chat request with one message and `more`.
std::string ask(std::string_view more, const RequestOptions& options = {.model = "m"}) {
  return from_chat(
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],)" + std::string(more) + "}",
      options);
}
const std::string kHi = R"("contents":[{"role":"user","parts":[{"text":"hi"}]}])";

TEST(GeminiRequestTest, EveryFieldComesBack) {
  const std::string body = R"({"contents":[
      {"role":"user","parts":[{"text":"What\n is \u00e9?"},
         {"inlineData":{"mimeType":"image/png","data":"AAAA"}},
         {"inlineData":{"mimeType":"audio/wav","data":"BBBB"}},
         {"fileData":{"mimeType":"application/pdf","fileUri":"https://example.com/a.pdf"}},
         {"fileData":{"mimeType":"video/mp4","fileUri":"gs://b/v"},"videoMetadata":{"fps":2}}]},
      {"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"AAAB"},
         {"text":"So:","thoughtSignature":"AAAC"},
         {"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"AAAD"},
         {"functionCall":{"id":"c1","name":"f","args":{"a":"\u20ac"}},"thoughtSignature":"AAAE"},
         {"functionCall":{"id":"c2","name":"g","args":{}}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"f","response":{"t":4},
           "parts":[{"inlineData":{"mimeType":"image/png","data":"CCCC"}}]}},
         {"functionResponse":{"id":"c2","name":"g","response":{"error":"no"}}},{"text":"go on"}]}],
    "systemInstruction":{"parts":[{"text":"Be brief."},{"text":"Be kind."}]},
    "tools":[{"functionDeclarations":[
       {"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}},
       {"name":"g","parametersJsonSchema":{"type":"object"},"behavior":"BLOCKING"}]},
       {"googleSearch":{}},{"codeExecution":{}}],
    "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f","g"]},
       "retrievalConfig":{"languageCode":"de"}},
    "generationConfig":{"temperature":0.10,"topP":1e-1,"topK":40,"maxOutputTokens":64,
       "candidateCount":2,"stopSequences":["a","b"],"seed":7,"presencePenalty":2,
       "frequencyPenalty":-1,"responseMimeType":"application/json",
       "responseJsonSchema":{"type":"object"},"responseLogprobs":true,"logprobs":3,
       "thinkingConfig":{"thinkingBudget":-1,"includeThoughts":true},
       "responseModalities":["TEXT","IMAGE"],"mediaResolution":"MEDIA_RESOLUTION_LOW"},
    "safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],
    "cachedContent":"cachedContents/1"})";
  EXPECT_EQ(canonical(round(body)), canonical(body));
}

TEST(GeminiRequestTest, NothingIsAddedThatWasNotAskedFor) {
  EXPECT_EQ(canonical(ask(R"("temperature":1)")),
            canonical("{" + kHi + R"(,"generationConfig":{"temperature":1}})"));
  EXPECT_EQ(canonical(round("{" + kHi + "}")), canonical("{" + kHi + "}"));
}

// protobuf's JSON takes both names of a field.
TEST(GeminiRequestTest, SnakeCaseIsTheSame) {
  const std::string out = round(R"({"contents":[{"parts":[
      {"inline_data":{"mime_type":"image/png","data":"AAAA"}},
      {"file_data":{"mime_type":"image/png","file_uri":"https://e.com/a"}}]},
      {"role":"model","parts":[{"function_call":{"name":"f","args":{}},"thought_signature":"AAAB"}]},
      {"role":"function","parts":[{"function_response":{"name":"f","response":{"result":"x"}}}]}],
    "system_instruction":"Be brief.","generation_config":{"max_output_tokens":5,"top_p":1,
       "thinking_config":{"thinking_level":"LOW","include_thoughts":false}},
    "tools":[{"function_declarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]}],
    "tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["f"]}}})");
  EXPECT_EQ(canonical(out), canonical(R"({"contents":[{"role":"user","parts":[
      {"inlineData":{"mimeType":"image/png","data":"AAAA"}},
      {"fileData":{"mimeType":"image/png","fileUri":"https://e.com/a"}}]},
      {"role":"model","parts":[{"functionCall":{"id":"call_1_f","name":"f","args":{}},
        "thoughtSignature":"AAAB"}]},
      {"role":"user","parts":[{"functionResponse":{"id":"call_1_f","name":"f",
        "response":{"result":"x"}}}]}],
    "systemInstruction":{"parts":[{"text":"Be brief."}]},
    "generationConfig":{"maxOutputTokens":5,"topP":1,
       "thinkingConfig":{"thinkingLevel":"low","includeThoughts":false}},
    "tools":[{"functionDeclarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]}],
    "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}})"));
}

TEST(GeminiRequestTest, AnErrorNamesTheField) {
  const auto error = [](std::string_view part) {
    return round(R"({"contents":[{"role":"model","parts":[)" + std::string(part) + "]}]}");
  };
  EXPECT_THAT(error(R"({"text":7})"), HasSubstr("contents[0].parts[0].text: must be a string"));
  EXPECT_THAT(error(R"({"text":"a"},{"inlineData":{"data":"AA"}})"),
              HasSubstr("contents[0].parts[1].inlineData.mimeType: is missing"));
  EXPECT_THAT(error(R"({"functionCall":{"args":{}}})"),
              HasSubstr("contents[0].parts[0].functionCall.name: is missing"));
  EXPECT_THAT(error(R"({"functionCall":{"name":"f","args":[]}})"),
              HasSubstr("contents[0].parts[0].functionCall.args: must be an object"));
  EXPECT_THAT(error(R"({"functionResponse":{"name":"f"}})"), HasSubstr("role 'user' only"));
  EXPECT_THAT(error("{}"), HasSubstr("contents[0].parts[0]: has no content"));
  EXPECT_THAT(error(R"({"text":"a","functionCall":{"name":"f"}})"), HasSubstr("two kinds"));
  EXPECT_THAT(round(R"({"contents":[{"role":"wizard","parts":[]}]})"),
              HasSubstr("contents[0].role: must be one of 'user', 'model'"));
  EXPECT_THAT(round(R"({"contents":[{"role":"user"}]})"),
              HasSubstr("contents[0].parts: is missing"));
  EXPECT_THAT(round("{}"), HasSubstr("contents: is missing"));
  const auto config = [](std::string_view text) {
    return round("{" + kHi + R"(,"generationConfig":)" + std::string(text) + "}");
  };
  EXPECT_THAT(config(R"({"topK":"x"})"), HasSubstr("generationConfig.topK: must be a number"));
  EXPECT_THAT(config(R"({"candidateCount":9})"), HasSubstr("must be between 1 and 8"));
  EXPECT_THAT(config(R"({"thinkingConfig":{"thinkingLevel":"huge"}})"),
              HasSubstr("generationConfig.thinkingConfig.thinkingLevel: must be one of"));
  EXPECT_THAT(config(R"({"responseSchema":7})"), HasSubstr("must be an object"));
  EXPECT_THAT(round("{" + kHi + R"(,"tools":[{"functionDeclarations":[{}]}]})"),
              HasSubstr("tools[0].functionDeclarations[0].name: is missing"));
  EXPECT_THAT(round("{" + kHi + R"(,"toolConfig":{"functionCallingConfig":{"mode":"any"}}})"),
              HasSubstr("toolConfig.functionCallingConfig.mode: must be one of"));
}

TEST(GeminiRequestTest, BecomesAChatRequest) {
  const std::string out = to_chat(R"({"contents":[
      {"role":"user","parts":[{"text":"Weather?"},{"inlineData":{"mimeType":"image/png","data":"_-A"}}]},
      {"role":"model","parts":[{"text":"hm","thought":true},
         {"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"AAAE"},
         {"functionCall":{"name":"f","args":{"a":2}}},{"functionCall":{"id":"x","name":"g"}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"x","name":"g","response":{"output":"G"}}},
         {"functionResponse":{"name":"f","response":{"result":"1"}}},
         {"functionResponse":{"name":"f","response":{"t":2}}},{"text":"And?"}]}],
    "systemInstruction":{"parts":[{"text":"Be brief."}]},
    "tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT",
       "properties":{"a":{"type":"INTEGER","nullable":true},"type":{"type":"STRING","enum":["x"]},
         "l":{"type":"ARRAY","minItems":"1","items":{"type":"STRING"}}},
       "propertyOrdering":["a"],"required":["a"]}}]}],
    "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
    "generationConfig":{"maxOutputTokens":9,"topK":3,"responseMimeType":"application/json",
       "responseSchema":{"type":"STRING"},"speechConfig":{},
       "thinkingConfig":{"thinkingBudget":1024}},
    "safetySettings":[]})");
  const size_t end = out.find("\nDROPPED ");
  EXPECT_EQ(canonical(out.substr(0, end)), canonical(R"({"model":"target-model","messages":[
      {"role":"system","content":"Be brief."},
      {"role":"user","content":[{"type":"text","text":"Weather?"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,/+A="}}]},
      {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
         {"id":"call_1_f","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},
          "extra_content":{"google":{"thought_signature":"AAAE"}}},
         {"id":"call_2_f","type":"function","function":{"name":"f","arguments":"{\"a\":2}"}},
         {"id":"x","type":"function","function":{"name":"g","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"x","content":"G"},
      {"role":"tool","tool_call_id":"call_1_f","content":"1"},
      {"role":"tool","tool_call_id":"call_2_f","content":"{\"t\":2}"},
      {"role":"user","content":"And?"}],
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{
       "type":"object","properties":{"a":{"type":["integer","null"]},
         "type":{"type":"string","enum":["x"]},
         "l":{"type":"array","minItems":1,"items":{"type":"string"}}},"required":["a"]}}}],
    "tool_choice":{"type":"function","function":{"name":"f"}},
    "response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{
      "type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],
      "additionalProperties":false}}},
    "max_tokens":9,"reasoning_effort":"low","top_k":3})"));
  EXPECT_EQ(out.substr(end), "\nDROPPED generationConfig.speechConfig, safetySettings");
}

// The vendor's clients keep each chunk of a stream as a Content of its own.
TEST(GeminiRequestTest, AStreamThatWasKeptInPiecesIsOneTurn) {
  const std::string out =
      to_chat(R"({"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},
      {"role":"model","parts":[{"text":"h","thought":true}]},
      {"role":"model","parts":[{"text":"m","thought":true}]},
      {"role":"model","parts":[{"text":"So "}]},{"role":"model","parts":[{"text":"what"}]},
      {"role":"model","parts":[{"functionCall":{"id":"1","name":"f"}}]},
      {"role":"model","parts":[{"functionCall":{"id":"2","name":"f"}}]},
      {"role":"model","parts":[{"text":""}]},
      {"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"result":"x"}}},
         {"functionResponse":{"id":"2","name":"f","response":{"result":"y"}}}]}]})");
  EXPECT_EQ(canonical(out), canonical(R"({"model":"target-model","messages":[
      {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
      {"role":"assistant","reasoning_content":"hm","content":"So what","tool_calls":[
         {"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},
         {"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"1","content":"x"},
      {"role":"tool","tool_call_id":"2","content":"y"}]})"));
  // What the vendor signed stays as it was.
  const std::string own = R"({"contents":[{"role":"user","parts":[{"text":"q"}]},
      {"role":"model","parts":[{"text":"a"},{"text":"b","thoughtSignature":"AAAB"},{"text":"c"}]}]})";
  EXPECT_EQ(canonical(round(own)), canonical(own));
}

TEST(GeminiRequestTest, AThoughtInPiecesTakesTheProofThatEndsIt) {
  const std::string sent = test::transcode_request(
      kGemini, Dialect::kAnthropic, R"({"contents":[{"role":"user","parts":[{"text":"q"}]},
      {"role":"model","parts":[{"text":"h","thought":true}]},
      {"role":"model","parts":[{"text":"m","thought":true}]},
      {"role":"model","parts":[{"text":"","thought":true,
        "thoughtSignature":"b21uaXJvdXRlLmFudGhyb3BpYy5BYg=="}]},
      {"role":"model","parts":[{"text":"a"}]}]})");
  EXPECT_THAT(sent, HasSubstr(R"({"type":"thinking","thinking":"hm","signature":"Ab"})"));
}

TEST(GeminiRequestTest, AChatRequestBecomesIt) {
  const std::string out = from_chat(R"({"model":"m","messages":[
      {"role":"system","content":"Be brief."},{"role":"developer","content":"Be kind."},
      {"role":"user","content":[{"type":"text","text":"What?"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
         {"type":"image_url","image_url":{"url":"https://e.com/a.JPG?x=1"}},
         {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}}]},
      {"role":"user","content":"Say!"},
      {"role":"assistant","content":"I look.","reasoning_content":"hm","tool_calls":[
         {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},
          "extra_content":{"google":{"thought_signature":"AAAE"}}},
         {"id":"c2","type":"function","function":{"name":"g","arguments":"oops"}}]},
      {"role":"tool","tool_call_id":"c1","content":"{\"t\": 4}"},
      {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"4 C"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,CCCC"}}]},
      {"role":"user","content":"And?"}],
    "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},
       {"type":"function","function":{"name":"g"}}],
    "tool_choice":"required","response_format":{"type":"json_schema","json_schema":{"name":"s",
       "schema":{"type":"object","additionalProperties":false}}},
    "max_completion_tokens":99,"n":2,"stop":"E","seed":1,"logprobs":true,"top_logprobs":2,
    "top_p":0.5,"top_k":7})",
                                    {.model = "gemini-2.5-flash", .max_output = 50});
  EXPECT_EQ(canonical(out), canonical(R"({"contents":[
      {"role":"user","parts":[{"text":"What?"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},
         {"fileData":{"mimeType":"image/jpeg","fileUri":"https://e.com/a.JPG?x=1"}},
         {"inlineData":{"mimeType":"audio/wav","data":"BBBB"}},{"text":"Say!"}]},
      {"role":"model","parts":[{"thought":true,"text":"hm"},{"text":"I look."},
         {"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"AAAE"},
         {"functionCall":{"id":"c2","name":"g","args":{"_arguments":"oops"}}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"f","response":{"t":4}}},
         {"functionResponse":{"id":"c2","name":"g","response":{"result":"4 C"}}},
         {"inlineData":{"mimeType":"image/png","data":"CCCC"}},{"text":"And?"}]}],
    "systemInstruction":{"parts":[{"text":"Be brief."},{"text":"Be kind."}]},
    "tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}},
       {"name":"g"}]}],
    "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
    "generationConfig":{"responseMimeType":"application/json",
       "responseJsonSchema":{"type":"object","additionalProperties":false},"maxOutputTokens":50,
       "candidateCount":2,"stopSequences":["E"],"seed":1,"responseLogprobs":true,"logprobs":2,
       "topP":0.5,"topK":7}})"));
}

TEST(GeminiRequestTest, WhatCannotBeSaidIsDroppedByTheClientsName) {
  const std::string out = ask(
      R"("user":"u","metadata":{"k":"v"},"parallel_tool_calls":false,"logit_bias":{},
         "tools":[{"type":"function","function":{"name":"f","strict":true}}],
         "safetySettings":[{"a":1}])");
  EXPECT_THAT(out, HasSubstr("\nDROPPED strict, parallel_tool_calls, user, metadata, logit_bias"));
  EXPECT_THAT(out, HasSubstr(R"("safetySettings":[{"a":1}])"));
}

TEST(GeminiRequestTest, WhatWouldChangeTheQuestionIsRefused) {
  EXPECT_THAT(ask(R"("n":9)"), HasSubstr("ERROR n: n: this model gives at most 8 choices."));
  EXPECT_THAT(ask(R"("n":8)"), HasSubstr(R"("candidateCount":8)"));
  EXPECT_THAT(ask(R"("tools":[{"type":"web_search"}])"), HasSubstr("ERROR tools: "));
  EXPECT_THAT(
      from_chat(R"({"model":"m","messages":[{"role":"tool","tool_call_id":"x","content":"a"}]})"),
      HasSubstr("the tool result 'x' answers no call"));
  EXPECT_THAT(from_chat(R"({"model":"m","messages":[{"role":"user","content":[
                  {"type":"file","file":{"file_id":"file-1"}}]}]})"),
              HasSubstr("ERROR messages: "));
  EXPECT_THAT(to_chat("{" + kHi + R"(,"tools":[{"googleSearch":{}}]})"),
              HasSubstr("'googleSearch' runs at its own provider"));
}

TEST(GeminiRequestTest, ThinkingIsAskedForAsTheModelTakesIt) {
  const auto thinking = [](std::string_view model, std::string_view more) {
    const std::string out = ask(more, {.model = model});
    const size_t at = out.find(R"("thinkingConfig":)");
    return at == std::string::npos ? "" : out.substr(at + 17, out.find('}', at) - at - 16);
  };
  EXPECT_EQ(thinking("gemini-2.5-flash", R"("reasoning_effort":"high")"),
            R"({"thinkingBudget":24576,"includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-2.5-flash", R"("reasoning_effort":"medium")"),
            R"({"thinkingBudget":8192,"includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-2.5-pro", R"("reasoning_effort":"xhigh")"),
            R"({"thinkingBudget":32768,"includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-2.5-pro", R"("reasoning_effort":"low")"),
            R"({"thinkingBudget":1024,"includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-2.5-flash", R"("reasoning_effort":"none")"),
            R"({"thinkingBudget":0})");
  EXPECT_EQ(thinking("gemini-2.5-pro", R"("reasoning_effort":"none")"),
            R"({"thinkingBudget":128})");
  EXPECT_EQ(thinking("gemini-3-pro-preview", R"("reasoning_effort":"xhigh")"),
            R"({"thinkingLevel":"high","includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-3-pro-preview", R"("reasoning_effort":"none")"),
            R"({"thinkingLevel":"low"})");
  EXPECT_EQ(thinking("gemini-3-flash", R"("reasoning_effort":"minimal")"),
            R"({"thinkingLevel":"minimal","includeThoughts":true})");
  EXPECT_EQ(thinking("gemini-3-flash", R"("reasoning":{"max_tokens":2000,"exclude":true})"),
            R"({"thinkingBudget":2000,"includeThoughts":false})");
  EXPECT_EQ(thinking("gemini-2.5-flash", R"("seed":1)"), "");
}

// Gemini 3 answers 400 where a step's first call is not signed, and many clients lose signatures.
TEST(GeminiRequestTest, ACallThatNobodySignedIsMarkedWhereTheModelNeedsIt) {
  const std::string_view body = R"({"model":"m","messages":[{"role":"assistant","content":"a",
      "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},
                    {"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"1","content":"x"},{"role":"tool","tool_call_id":"2","content":"y"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"3","type":"function",
        "function":{"name":"f","arguments":"{}"},
        "extra_content":{"google":{"thought_signature":"AAAE"}}}]}]})";
  const std::string out = from_chat(body, {.model = "gemini-3-pro-preview"});
  const std::string mark = R"("thoughtSignature":"skip_thought_signature_validator")";
  const size_t at = out.find(mark);
  EXPECT_LT(at, out.find(R"("id":"2")")) << out;
  EXPECT_EQ(out.find(mark, at + 1), std::string::npos) << "the first of each step";
  EXPECT_THAT(out, HasSubstr(R"("thoughtSignature":"AAAE")"));
  EXPECT_THAT(from_chat(body, {.model = "gemini-2.5-pro"}), Not(HasSubstr(mark)));
  EXPECT_THAT(test::transcode_request(kGemini, kGemini, R"({"contents":[{"role":"model","parts":[
                  {"functionCall":{"name":"f"}}]}]})",
                                      {.model = "gemini-3-flash"}),
              Not(HasSubstr(mark)));
}

// What a client calls a field is text in the next document and in a header, and nothing more.
TEST(GeminiRequestTest, AKeyCannotBecomeAField) {
  const std::string key = R"("a\",\"tools\":[],\"b\r\n":1)";
  EXPECT_EQ(canonical(round("{" + kHi + "," + key + "}")), canonical("{" + kHi + "," + key + "}"));
  const std::string inner = "{" + kHi + R"(,"generationConfig":{)" + key + "}}";
  EXPECT_EQ(canonical(round(inner)), canonical(inner));
  EXPECT_THAT(to_chat("{" + kHi + "," + key + "}"), testing::EndsWith("[],\"b??"));
  const std::string chat =
      R"({"model":"target-model","messages":[{"role":"user","content":"a"}],)" + key + "}";
  EXPECT_EQ(canonical(test::transcode_request(kChat, kChat, chat)), canonical(chat));
}

TEST(GeminiRequestTest, AToolsNameIsChangedOnlyWhereItMust) {
  const auto tool = [](const std::string& name) {
    return ask(R"("tools":[{"type":"function","function":{"name":")" + name +
               R"("}}],"tool_choice":{"type":"function","function":{"name":")" + name + R"("}})");
  };
  EXPECT_THAT(tool("get_weather.v1:a-b"), HasSubstr(R"("name":"get_weather.v1:a-b")"));
  const std::string out = tool("9 lives/\\u00e4");
  EXPECT_THAT(out, HasSubstr(R"({"name":"_9_lives____)")) << "two bytes are two characters";
  EXPECT_THAT(out, Not(HasSubstr("9 lives")));
  EXPECT_NE(tool("a b"), tool("a_b"));
  EXPECT_THAT(tool(std::string(80, 'x')), Not(HasSubstr(std::string(60, 'x'))));
}

TEST(GeminiRequestTest, WhereOnlyTheSystemSpeaksTheUserDoes) {
  EXPECT_EQ(from_chat(R"({"model":"m","messages":[{"role":"system","content":"Say hi."}]})"),
            R"({"contents":[{"role":"user","parts":[{"text":"Say hi."}]}]})");
}

TEST(GeminiRequestTest, EmptyTurnsAreLeftOut) {
  EXPECT_EQ(canonical(from_chat(R"({"model":"m","messages":[{"role":"user","content":"a"},
                {"role":"assistant","content":""},{"role":"user","content":"b"}]})")),
            canonical(R"({"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]}]})"));
  EXPECT_THAT(to_chat(R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model"}]})"),
              Not(HasSubstr("assistant")));
}

TEST(GeminiRequestTest, ASchemaOfTheVendorBecomesJsonSchema) {
  const auto schema = [](std::string_view text) {
    const std::string out =
        round("{" + kHi + R"(,"generationConfig":{"responseSchema":)" + std::string(text) + "}}");
    const size_t at = out.find(R"("responseJsonSchema":)") + 21;
    return out.substr(at, out.size() - at - 2);
  };
  EXPECT_EQ(schema(R"({"type":"OBJECT","properties":{"nullable":{"type":"BOOLEAN"}}})"),
            R"({"type":"object","properties":{"nullable":{"type":"boolean"}}})");
  EXPECT_EQ(schema(R"({"type":"STRING","nullable":true,"enum":["a"]})"),
            R"({"type":["string","null"],"enum":["a",null]})");
  EXPECT_EQ(schema(R"({"any_of":[{"type":"STRING"}],"nullable":true})"),
            R"({"anyOf":[{"type":"string"},{"type":"null"}]})");
  EXPECT_EQ(schema(R"({"type":"ARRAY","max_items":"3","items":{"type":"NUMBER","minimum":-1.5}})"),
            R"({"type":"array","maxItems":3,"items":{"type":"number","minimum":-1.5}})");
}

}  // namespace
}  // namespace omni::llm
