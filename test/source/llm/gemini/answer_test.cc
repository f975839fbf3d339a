#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "source/llm/answer_reader.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Dialect kGemini = Dialect::kGemini;
constexpr Dialect kChat = Dialect::kOpenai;
const std::string kNames = R"(,"modelVersion":"gemini-3-flash","responseId":"r1"})";

// A chunk with these parts of the first candidate, as both sides write it.
std::string chunk(std::string_view parts) {
  return R"(data: {"candidates":[{"content":{"parts":[)" + std::string(parts) +
         R"(],"role":"model"},"index":0}])" + kNames + "\n\n";
}
std::string last(std::string_view parts, std::string_view reason = "STOP",
                 std::string_view usage = R"({"promptTokenCount":18,"candidatesTokenCount":1,)"
                                          R"("totalTokenCount":19})") {
  return R"(data: {"candidates":[{"content":{"parts":[)" + std::string(parts) +
         R"(],"role":"model"},"finishReason":")" + std::string(reason) +
         R"(","index":0}],"usageMetadata":)" + std::string(usage) + kNames + "\n\n";
}
std::string text(std::string_view inside) { return R"({"text":")" + std::string(inside) + "\"}"; }

std::string same(std::string_view bytes) { return test::transcode_stream(kGemini, kGemini, bytes); }
std::string to_chat(std::string_view bytes, bool to_stream = true) {
  return test::transcode_stream(kGemini, kChat, bytes, 0, to_stream);
}

const std::string kCall =
    R"({"functionCall":{"id":"c1","name":"weather","args":{"city":"Oslo \u00e9"}})"
    R"(,"thoughtSignature":"AAAE"})";
const std::string kStream =
    chunk(R"({"text":"hm, ","thought":true})") + chunk(R"({"text":"well","thought":true})") +
    chunk(text("I")) + chunk(text(" look\\n")) + chunk(kCall) +
    chunk(R"({"functionCall":{"id":"c2","name":"time","args":{}}})") +
    last(R"({"text":""})", "STOP",
         R"({"promptTokenCount":18,"candidatesTokenCount":5,"totalTokenCount":30,)"
         R"("cachedContentTokenCount":10,"thoughtsTokenCount":7})");

TEST(GeminiAnswerTest, AStreamComesBackAsItWas) { EXPECT_EQ(same(kStream), kStream); }

// Pitfalls 1 to 5: arguments are whole, the reason says that there are calls.
TEST(GeminiAnswerTest, AStreamBecomesAChatStream) {
  const std::string out = to_chat(kStream);
  const auto at = [&](std::string_view piece) {
    const size_t found = out.find(piece);
    EXPECT_NE(found, std::string::npos) << piece << "\n" << out;
    return found;
  };
  EXPECT_THAT(out, StartsWith(R"(data: {"id":"chatcmpl-r1","object":"chat.completion.chunk")"));
  EXPECT_LT(at(R"("reasoning_content":"hm, ")"), at(R"("content":"I")"));
  EXPECT_LT(at(R"("content":" look\n")"), at(R"("index":0,"id":"c1")"));
  at(R"("extra_content":{"google":{"thought_signature":"AAAE"}})");
  at(R"("arguments":"{\"city\":\"Oslo \\u00e9\"}")");
  EXPECT_LT(at(R"("index":1,"id":"c2")"), at(R"("finish_reason":"tool_calls")"));
  at(R"("usage":{"prompt_tokens":18,"completion_tokens":12,"total_tokens":30)");
  at(R"("cached_tokens":10})");
  at(R"("reasoning_tokens":7})");
  EXPECT_THAT(out, EndsWith("data: [DONE]\n\n"));
}

// Pitfall 34: cached tokens and thoughts are in the sums once.
TEST(GeminiAnswerTest, UsageIsCountedOnceAndTheLastOneCounts) {
  const auto usage = [](std::string_view said) {
    const std::string out = to_chat(chunk(text("a")) + last(text(""), "STOP", said));
    const size_t from = out.find(R"("usage":)") + 8;
    return test::parse_json(out.substr(from, out.find("}\n\n", from) - from));
  };
  auto known = usage(R"({"promptTokenCount":10,"toolUsePromptTokenCount":3,"totalTokenCount":20,)"
                     R"("candidatesTokenCount":0,"thoughtsTokenCount":2,)"
                     R"("cachedContentTokenCount":8,"promptTokensDetails":[)"
                     R"({"modality":"TEXT","tokenCount":6},{"modality":"AUDIO","tokenCount":4}]})");
  EXPECT_EQ(known["prompt_tokens"], 13);
  EXPECT_EQ(known["completion_tokens"], 7) << "what the total leaves";
  EXPECT_EQ(known["total_tokens"], 20);
  EXPECT_EQ(known["prompt_tokens_details"]["cached_tokens"], 8);
  EXPECT_EQ(known["prompt_tokens_details"]["audio_tokens"], 4);
  EXPECT_EQ(known["completion_tokens_details"]["reasoning_tokens"], 2);
  // Pitfall 24: usage on every chunk ends nothing; behind the finish reason it still counts.
  const std::string early = R"(data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}],)"
                            R"("usageMetadata":{"promptTokenCount":18,"totalTokenCount":18}})"
                            "\n\n";
  const std::string late = R"(data: {"usageMetadata":{"promptTokenCount":18,)"
                           R"("candidatesTokenCount":3,"totalTokenCount":21}})"
                           "\n\n";
  const std::string out = to_chat(early + last(text("b")) + late);
  EXPECT_THAT(out, HasSubstr(R"("completion_tokens":3,"total_tokens":21)"));
  EXPECT_THAT(out, HasSubstr(R"("content":"b")"));
}

TEST(GeminiAnswerTest, EveryFinishReasonHasItsMeaning) {
  const auto reason = [](std::string_view word) {
    const std::string out = to_chat(chunk(text("a")) + last(text(""), word));
    const size_t at = out.find(R"("finish_reason":")") + 17;
    return out.substr(at, out.find('"', at) - at);
  };
  EXPECT_EQ(reason("STOP"), "stop");
  EXPECT_EQ(reason("MAX_TOKENS"), "length");
  for (const std::string_view word :
       {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
        "IMAGE_SAFETY", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "OTHER", "NEWER_WORD"})
    EXPECT_EQ(reason(word), "content_filter") << word;
  EXPECT_THAT(same(chunk(text("a")) + last("", "MALFORMED_FUNCTION_CALL")),
              HasSubstr(R"("finishReason":"MALFORMED_FUNCTION_CALL")"));
}

// A model that gave up, or broke its call, has sent no call that a client could answer.
TEST(GeminiAnswerTest, AnAnswerThatFailedIsNoneToAnyClient) {
  const auto whole = [](std::string_view reason, Dialect to) {
    return test::transcode_answer(
        kGemini, to,
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":")" +
            std::string(reason) + R"("}],"usageMetadata":{"promptTokenCount":4}})");
  };
  for (const std::string_view reason : {"OTHER", "MALFORMED_FUNCTION_CALL"}) {
    EXPECT_THAT(whole(reason, Dialect::kAnthropic), HasSubstr(R"("stop_reason":"refusal")"));
    const std::string response = whole(reason, Dialect::kOpenaiResponses);
    EXPECT_THAT(response, HasSubstr(R"("object":"response")"));
    EXPECT_THAT(response, HasSubstr(R"("status":"failed")"));
    EXPECT_THAT(response, HasSubstr(R"("error":{"code":"server_error","message":"The model )"));
    EXPECT_THAT(response, HasSubstr(R"("text":"a")"));
    EXPECT_THAT(test::transcode_stream(kGemini, Dialect::kOpenaiResponses,
                                       chunk(text("a")) + last("", reason)),
                HasSubstr("event: response.failed"));
  }
}

TEST(GeminiAnswerTest, ABlockedPromptIsFiltered) {
  const std::string body = R"({"promptFeedback":{"blockReason":"SAFETY"},)"
                           R"("usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})";
  EXPECT_THAT(to_chat("data: " + body + "\n\n"), HasSubstr(R"("finish_reason":"content_filter")"));
  EXPECT_THAT(test::transcode_answer(kGemini, kChat, body),
              HasSubstr(R"("finish_reason":"content_filter")"));
}

TEST(GeminiAnswerTest, AnErrorInTheMiddleEndsTheStream) {
  const std::string bytes =
      chunk(text("a")) +
      R"(data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})" + "\n\n";
  const std::string failed =
      R"(data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})"
      "\n\n";
  EXPECT_EQ(same(bytes), chunk(text("a")) + failed);
  EXPECT_THAT(to_chat(bytes), HasSubstr(R"({"error":{"message":"overloaded")"));
  EXPECT_THAT(to_chat(bytes), Not(HasSubstr("[DONE]")));
}

// Pitfalls 26 and 28: a signature on whatever part, or on none, is not lost.
TEST(GeminiAnswerTest, SignaturesKeepTheirPlace) {
  for (const std::string& parts :
       {std::string(R"({"text":"So","thoughtSignature":"AAAC"})"),
        std::string(
            R"({"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"AAAD"})")})
    EXPECT_EQ(same(chunk(parts) + last(R"({"text":""})")), chunk(parts) + last(R"({"text":""})"));
  // Behind the text, in the last chunk: as the vendor's streams do.
  const std::string end = last(R"({"text":"","thoughtSignature":"AAAF"})");
  EXPECT_EQ(same(chunk(text("a")) + end), chunk(text("a")) + end);
  // A thought's own stays with the thought.
  const std::string rest = chunk(text("a")) + last(R"({"text":""})");
  const std::string thought = chunk(R"({"text":"hm, ","thought":true})") +
                              chunk(R"({"text":"well","thought":true,"thoughtSignature":"AAAG"})");
  EXPECT_EQ(same(thought + rest), thought + rest);
}

// Clients drop a proof that stands beside no text, and another vendor's comes behind its thought.
TEST(GeminiAnswerTest, AProofStandsBesideTheLastWordsOfItsThought) {
  const std::string bytes = chunk(R"({"text":"hm, ","thought":true})") +
                            chunk(R"({"text":"well","thought":true})") +
                            chunk(R"({"text":"","thought":true,"thoughtSignature":"AAAG"})") +
                            chunk(text("a")) + last(R"({"text":""})");
  EXPECT_EQ(same(bytes), chunk(R"({"text":"hm, ","thought":true})") +
                             chunk(R"({"text":"well","thought":true,"thoughtSignature":"AAAG"})") +
                             chunk(text("a")) + last(R"({"text":""})"));
}

TEST(GeminiAnswerTest, ACallKeepsItsSignatureBehindCallsAndTexts) {
  const std::string bytes =
      chunk(R"({"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"AAAA"})") +
      chunk(text("a")) +
      chunk(R"({"functionCall":{"id":"c2","name":"f","args":{}},"thoughtSignature":"AAAB"})") +
      chunk(text("b")) +
      chunk(R"({"functionCall":{"id":"c3","name":"f","args":{}},"thoughtSignature":"AAAC"})") +
      last(R"({"text":""})");
  EXPECT_EQ(same(bytes), bytes);
}

// What Gemini signed comes home through an OpenAI client: its answer's message, sent back.
TEST(GeminiAnswerTest, SignaturesSurviveAnOpenaiClient) {
  const auto back = [](std::string_view parts) {
    const std::string body = R"({"candidates":[{"content":{"parts":[)" + std::string(parts) +
                             R"(],"role":"model"},"finishReason":"STOP","index":0}]})";
    const auto answer = test::parse_json(test::transcode_answer(kGemini, kChat, body));
    const nlohmann::json request = {{"model", "m"},
                                    {"messages", {answer["choices"][0]["message"]}}};
    const std::string out = test::transcode_request(kChat, kGemini, request.dump());
    EXPECT_THAT(out, Not(HasSubstr("DROPPED"))) << out;
    return test::parse_json(out)["contents"][0]["parts"].dump();
  };
  const auto parts = [](std::string_view text) { return canonical("[" + std::string(text) + "]"); };
  const std::string on_text = R"({"text":"So","thoughtSignature":"AAAC="})";
  EXPECT_EQ(back(on_text), parts(on_text));
  EXPECT_EQ(back(R"({"text":"hm","thought":true,"thoughtSignature":"AAAB"},{"text":"a"})"),
            parts(R"({"text":"hm","thought":true,"thoughtSignature":"AAAB"},{"text":"a"})"));
  EXPECT_EQ(back(kCall), parts(kCall));
  // Without text there is nothing that it could go with.
  EXPECT_EQ(back(R"({"text":"","thoughtSignature":"AAAF"},)"
                 R"({"functionCall":{"id":"c","name":"f","args":{}}})"),
            parts(R"({"text":"","thoughtSignature":"AAAF"},)"
                  R"({"functionCall":{"id":"c","name":"f","args":{}}})"));
}

TEST(GeminiAnswerTest, AForeignSignatureIsBase64AndComesHome) {
  const std::string answer = R"({"id":"x","model":"m","choices":[{"index":0,"message":{
      "role":"assistant","reasoning_content":"hm","reasoning_details":[
        {"type":"reasoning.text","text":"hm","signature":"Sig-_=="},
        {"type":"reasoning.encrypted","data":"Enc"}],"content":"a"},"finish_reason":"stop"}]})";
  const auto out = test::parse_json(test::transcode_answer(kChat, kGemini, answer));
  const auto content = out["candidates"][0]["content"];
  for (const auto& part : content["parts"]) {
    if (!part.contains("thoughtSignature")) continue;
    const std::string proof = part["thoughtSignature"];
    EXPECT_EQ(proof.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789+/="),
              std::string::npos)
        << "the vendor's clients decode it";
  }
  const nlohmann::json request = {{"contents", {content}}};
  Request decoded;
  const std::string body = request.dump();
  ASSERT_FALSE(decode_request(kGemini, body, decoded));
  const auto& parts = decoded.messages[0].parts;
  ASSERT_EQ(parts.size(), 2u) << body;
  EXPECT_EQ(parts[0].text.inside(), "hm");
  EXPECT_EQ(parts[0].signature.value.inside(), "Sig-_==");
  EXPECT_EQ(parts[0].signature.origin, Dialect::kAnthropic);
  EXPECT_EQ(parts[0].redacted.value.inside(), "Enc");
  EXPECT_EQ(parts[0].redacted.origin, Dialect::kAnthropic);
  // And never goes to a provider that did not make it.
  const std::string sent = test::transcode_request(kGemini, kGemini, body);
  EXPECT_THAT(sent, HasSubstr("\nDROPPED signature"));
  EXPECT_THAT(sent, Not(HasSubstr("thoughtSignature")));
}

// A client may write anything there; it must not become JSON of ours.
TEST(GeminiAnswerTest, AForgedMarkIsOnlyText) {
  // "omniroute.gemini.\",\"x\":\"" in Base64.
  const std::string out = test::transcode_request(
      kGemini, kGemini,
      R"({"contents":[{"role":"model","parts":[{"text":"a","thoughtSignature":)"
      R"("b21uaXJvdXRlLmdlbWluaS4iLCJ4Ijoi"}]}]})");
  const auto part = test::parse_json(out)["contents"][0]["parts"][0];
  EXPECT_EQ(part["thoughtSignature"], R"(","x":")");
  EXPECT_EQ(part.size(), 2u);
}

TEST(GeminiAnswerTest, APlainAnswerComesBackAndCanBecomeAStream) {
  const std::string body = R"({"candidates":[{"content":{"parts":[
      {"text":"hm","thought":true,"thoughtSignature":"AAAB"},{"text":"I look."},)" +
                           kCall + R"(,{"executableCode":{"language":"PYTHON","code":"1"}},
      {"inlineData":{"mimeType":"image/png","data":"AAAA"}}],"role":"model"},
      "finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["q"]}},
      {"content":{"parts":[{"text":"b","thoughtSignature":"AAAC"}],"role":"model"},
      "finishReason":"MAX_TOKENS","index":1}],
      "usageMetadata":{"promptTokenCount":18,"candidatesTokenCount":1,"totalTokenCount":19},
      "modelVersion":"m","responseId":"r"})";
  auto expected = test::parse_json(body);
  // Grounding is told beside text only.
  expected["candidates"][0].erase("groundingMetadata");
  EXPECT_EQ(canonical(test::transcode_answer(kGemini, kGemini, body)), expected.dump());
  const std::string events = test::transcode_answer(kGemini, kGemini, body, true);
  EXPECT_THAT(events, HasSubstr(R"({"text":"b","thoughtSignature":"AAAC"})"));
  EXPECT_THAT(events, HasSubstr(R"("finishReason":"MAX_TOKENS","index":1)"));
  const std::string grounded = R"({"candidates":[{"content":{"parts":[{"text":"a"}],
      "role":"model"},"finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["q"]}}],
      "modelVersion":"m","responseId":"r"})";
  EXPECT_EQ(canonical(test::transcode_answer(kGemini, kGemini, grounded)), canonical(grounded));
}

TEST(GeminiAnswerTest, AStreamBecomesAPlainAnswer) {
  const auto out = test::parse_json(test::transcode_stream(kGemini, kGemini, kStream, 7, false));
  const auto parts = out["candidates"][0]["content"]["parts"];
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0]["text"], "hm, well");
  EXPECT_EQ(parts[1]["text"], "I look\n");
  EXPECT_EQ(parts[3]["functionCall"]["name"], "time");
}

TEST(GeminiAnswerTest, WhatIsNoAnswerIsRefused) {
  for (const std::string_view body :
       {R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0}]})",
        R"({"candidates":[]})", R"({"error":{"message":"no"}})", "{}", "7"})
    EXPECT_THAT(test::transcode_answer(kGemini, kChat, body), HasSubstr("BROKEN")) << body;
}

// Of a chat upstream: fragments are collected, and the usage behind the finish reason waits.
TEST(GeminiAnswerTest, AChatStreamBecomesTheVendorsStream) {
  const auto delta = [](std::string_view text, std::string_view finish = "null") {
    return R"(data: {"id":"chatcmpl-1","model":"m","choices":[{"index":0,"delta":)" +
           std::string(text) + R"(,"finish_reason":)" + std::string(finish) + "}]}\n\n";
  };
  const std::string bytes =
      delta(R"({"role":"assistant","content":""})") + delta(R"({"reasoning_content":"hm"})") +
      delta(R"({"content":"Check"})") +
      delta(
          R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]})") +
      delta(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})") +
      delta("{}", "\"tool_calls\"") +
      R"(data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":6,"total_tokens":10,)"
      R"("prompt_tokens_details":{"cached_tokens":3},)"
      R"("completion_tokens_details":{"reasoning_tokens":2}}})"
      "\n\ndata: [DONE]\n\n";
  const std::string names = R"(,"modelVersion":"m","responseId":"chatcmpl-1"})"
                            "\n\n";
  const auto piece = [&](std::string_view part) {
    return R"(data: {"candidates":[{"content":{"parts":[)" + std::string(part) +
           R"(],"role":"model"},"index":0}])" + names;
  };
  const std::string expected =
      piece(R"({"text":"hm","thought":true})") + piece(text("Check")) +
      piece(R"({"functionCall":{"id":"a","name":"f","args":{"x":1}}})") +
      R"(data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},)"
      R"("finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,)"
      R"("candidatesTokenCount":4,"totalTokenCount":10,"cachedContentTokenCount":3,)"
      R"("thoughtsTokenCount":2})" +
      names;
  EXPECT_EQ(test::transcode_stream(kChat, kGemini, bytes), expected);
}

// Streams without alt=sse are one JSON array, also where an error ends them.
TEST(GeminiAnswerTest, AnArrayIsJsonHoweverItEnds) {
  const auto array = [](std::string_view bytes) {
    std::string out;
    const auto encoder =
        make_answer_encoder(kGemini, {.stream = true, .model = "m", .is_json_array = true});
    AnswerReader reader(kGemini, {.id_seed = "s"}, 1 << 20);
    const auto emit = [&](const Event& event) { encoder->put(event, out); };
    EXPECT_TRUE(reader.feed(Buffer(bytes), emit).ok());
    EXPECT_TRUE(reader.finish(emit).ok());
    return test::parse_json_if_valid(out);
  };
  const auto whole = array(kStream);
  ASSERT_TRUE(whole.is_array());
  EXPECT_EQ(whole.size(), 7u);
  EXPECT_EQ(whole[6]["candidates"][0]["finishReason"], "STOP");
  const std::string error = "data: {\"error\":{\"code\":429,\"message\":\"no\"}}\n\n";
  const auto failed = array(chunk(text("a")) + error);
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[1]["error"]["status"], "RESOURCE_EXHAUSTED");
  EXPECT_EQ(array(error).size(), 1u);
}

// A call without an id gets one; two of one name stay two.
TEST(GeminiAnswerTest, CallsWithoutIdsGetThem) {
  const std::string call = R"({"functionCall":{"name":"f","args":{}}})";
  const std::string out = to_chat(chunk(call + "," + call) + last(text("")));
  EXPECT_THAT(out, HasSubstr(R"("index":0,"id":"call_seed1")"));
  EXPECT_THAT(out, HasSubstr(R"("index":1,"id":"call_seed2")"));
}

TEST(GeminiAnswerTest, RenamedAndCustomToolsComeBackAsTheClientKnowsThem) {
  Request request;
  const std::string_view body = R"({"model":"m","messages":[{"role":"user","content":"a"}],"tools":[
      {"type":"function","function":{"name":"a b"}},{"type":"custom","custom":{"name":"free"}}]})";
  ASSERT_FALSE(decode_request(kChat, body, request));
  const auto sent = std::get<EncodedRequest>(encode_request(kGemini, request, {.model = "m"}));
  const auto tools = test::parse_json(sent.body)["tools"][0]["functionDeclarations"];
  const std::string name = tools[0]["name"];
  EXPECT_THAT(name, StartsWith("a_b_"));
  EXPECT_EQ(tools[1]["parametersJsonSchema"]["required"][0], "input");
  const auto decoder = make_answer_decoder(kGemini, {.id_seed = "s", .request = &request});
  const auto encoder = make_answer_encoder(kChat, {.model = "m", .fallback_id = "x"});
  std::string out;
  const std::string answer =
      R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":")" + name +
      R"(","args":{"x":1}}},{"functionCall":{"name":"free","args":{"input":"say \"hi\""}}}]},)"
      R"("finishReason":"STOP"}]})";
  ASSERT_TRUE(decoder->whole(answer, [&](const Event& event) { encoder->put(event, out); }).ok());
  const auto calls = test::parse_json(out)["choices"][0]["message"]["tool_calls"];
  EXPECT_EQ(calls[0]["function"]["name"], "a b");
  EXPECT_EQ(calls[1]["custom"]["input"], "say \"hi\"");
}

TEST(GeminiAnswerTest, ErrorsAreTheVendorsObject) {
  EXPECT_EQ(render_error(kGemini, {.status = 400, .code = "bad_request", .message = "n: no"}),
            R"({"error":{"code":400,"message":"n: no","status":"INVALID_ARGUMENT"}})");
  EXPECT_EQ(render_stream_error(kGemini, {.status = 504}),
            "data: {\"error\":{\"code\":504,\"message\":\"Gateway timeout\","
            "\"status\":\"DEADLINE_EXCEEDED\"}}\n\n");
}

// Pitfall 12.
TEST(GeminiAnswerTest, DoneInsideContentIsContent) {
  const std::string bytes = chunk(text("data: [DONE]\\n\\n")) + last(R"({"text":""})");
  EXPECT_EQ(same(bytes), bytes);
  EXPECT_EQ(same(bytes + "data: [DONE]\n\n"), bytes) << "servers of several dialects end so";
}

}  // namespace
}  // namespace omni::llm
