#include "source/llm/call.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace omni::llm {
namespace {

struct Read {
  explicit Read(std::string_view body, std::string_view accept = "") {
    error = call.read(Buffer(body), accept);
  }
  std::string message() const { return error ? error->message : "ok"; }
  std::string render(std::string_view model, bool with_usage = false) const {
    return call.render_same_dialect(model, with_usage).to_string();
  }
  Call call;
  std::optional<CallError> error;
};

TEST(CallTest, TheServiceTierIsReadInEitherSpelling) {
  EXPECT_EQ(Read(R"({"model":"m","service_tier":"flex"})").call.service_tier(), ServiceTier::kFlex);
  EXPECT_EQ(Read(R"({"model":"m","service_tier":"auto"})").call.service_tier(),
            ServiceTier::kUnsaid);
  EXPECT_EQ(Read(R"({"model":"m","service_tier":7})").call.service_tier(), ServiceTier::kUnsaid);
  EXPECT_EQ(Read(R"({"model":"m"})").call.service_tier(), ServiceTier::kUnsaid);
  for (const std::string_view key : {"serviceTier", "service_tier"}) {
    Call gemini;
    gemini.set_dialect(Dialect::kGemini);
    gemini.set_path_model("m", false, false);
    const std::string body = R"({"contents":[],")" + std::string(key) + R"(":"priority"})";
    ASSERT_FALSE(gemini.read(Buffer(body), ""));
    EXPECT_EQ(gemini.service_tier(), ServiceTier::kPriority) << key;
  }
}

TEST(CallTest, KnowsWhetherToolsAreOffered) {
  const struct {
    std::string_view body;
    bool offers;
  } rows[] = {{R"({"model":"m"})", false},
              {R"({"model":"m","tools":[]})", false},
              {"{\"model\":\"m\",\"tools\":[ \n ]}", false},
              {R"({"model":"m","tools":null})", false},
              {R"({"model":"m","tools":[{"type":"function"}]})", true},
              {R"({"model":"m","functions":[]})", false},
              {R"({"model":"m","functions":[{"name":"f"}]})", true},
              {R"({"model":"m","messages":[{"tools":[1]}]})", false}};
  for (const auto& row : rows) {
    const Read read(row.body);
    EXPECT_EQ(read.message(), "ok") << row.body;
    EXPECT_EQ(read.call.offers_tools(), row.offers) << row.body;
  }
  Call gemini;
  gemini.set_dialect(Dialect::kGemini);
  gemini.set_path_model("m", false, false);
  EXPECT_FALSE(gemini.read(Buffer(R"({"tools":[{"functionDeclarations":[{}]}]})"), ""));
  EXPECT_TRUE(gemini.offers_tools());
}

TEST(CallTest, RefusesEachBadFieldInTheClientsTerms) {
  const struct {
    std::string_view body, message, param;
  } cases[] = {
      {R"({"model":[1]})", "model: Expected string, received array", "model"},
      {R"({"model":{}})", "model: Expected string, received object", "model"},
      {R"({"model":7})", "model: Expected string, received number", "model"},
      {R"({"model":true})", "model: Expected string, received boolean", "model"},
      {R"({"model":null})", "model: Expected string, received null", "model"},
      {R"({"model":"m","temperature":"1"})", "temperature: must be a number", "temperature"},
      {R"({"model":"m","temperature":2.01})", "temperature: must be between 0 and 2",
       "temperature"},
      {R"({"model":"m","temperature":-0.1})", "temperature: must be between 0 and 2",
       "temperature"},
      {R"({"model":"m","temperature":1e999})", "temperature: must be between 0 and 2",
       "temperature"},
      {R"({"model":"m","top_p":[]})", "top_p: must be a number", "top_p"},
      {R"({"model":"m","top_p":1.5})", "top_p: must be between 0 and 1", "top_p"},
      {R"({"model":"m","max_tokens":0})", "max_tokens: must be a positive integer", "max_tokens"},
      {R"({"model":"m","max_tokens":1.5})", "max_tokens: must be a positive integer", "max_tokens"},
      {R"({"model":"m","max_tokens":"5"})", "max_tokens: must be a positive integer", "max_tokens"},
      {R"({"model":"m","n":-1})", "n: must be a positive integer", "n"},
      {R"({"messages":[]})", "Missing model", "model"},
      {R"({"model":""})", "Missing model", "model"},
      {R"({"temperature":9})", "temperature: must be between 0 and 2", "temperature"},
      {R"({"temperature":9,"model":[]})", "model: Expected string, received array", "model"},
      {R"({"model":"a","model":"b"})", "model: given twice", "model"},
      {R"({"model":"a","mod\u0065l":"b"})", "model: given twice", "model"},
      {R"({"model":"a","messages":[],"messages":[]})", "messages: given twice", "messages"},
      {R"({"model":"a","stream":true,"stream":false})", "stream: given twice", "stream"},
      {R"({"model":"a","stream":"yes"})", "stream: must be a boolean", "stream"},
      {R"({"model":"a","streaming":1})", "streaming: must be a boolean", "streaming"},
      {R"({"model":"a","stream_options":[]})", "stream_options: must be an object",
       "stream_options"},
      {R"({"model":"a","stream_options":{},"stream_options":{}})", "stream_options: given twice",
       "stream_options"},
  };
  for (const auto& [body, message, param] : cases) {
    const Read read(body);
    EXPECT_EQ(read.message(), message) << body;
    if (!read.error) continue;
    EXPECT_EQ(read.error->param, param) << body;
    EXPECT_EQ(read.error->status, 400);
    EXPECT_FALSE(read.call.is_read());
  }
}

TEST(CallTest, TakesWhatIsWithinTheLimits) {
  for (const std::string_view body :
       {R"({"model":"m","temperature":0,"top_p":0,"max_tokens":1,"n":1})",
        R"({"model":"m","temperature":2,"top_p":1.0,"max_tokens":2.0,"n":3})",
        R"({"model":"m","temperature":null,"top_p":null,"max_tokens":null,"n":null})"})
    EXPECT_EQ(Read(body).message(), "ok") << body;
  EXPECT_EQ(Read(R"({"model":"m","n":3})").call.choices(), 3);
}

TEST(CallTest, ABrokenDocumentIsNamedAsOneWhateverElseIsWrong) {
  for (const std::string_view body : {"", " ", "[]", "{", R"({"model":"m")", R"({"model":"m"} x)",
                                      R"({"temperature":9,"model":"m")", R"({"model":[1],})"})
    EXPECT_EQ(Read(body).message().substr(0, 17), "Invalid JSON body") << body;
}

TEST(CallTest, DecidesWhetherTheClientWantsAStream) {
  const struct {
    std::string_view fields, accept;
    bool stream;
  } cases[] = {
      {"", "", false},
      {"", "application/json", false},
      {"", "text/event-stream", true},
      {"", "text/event-stream, application/json", false},
      {"", "text/event-stream, */*", false},
      {R"(,"stream":true)", "application/json", true},
      {R"(,"stream":false)", "text/event-stream", false},
      {R"(,"stream":null)", "text/event-stream", true},
      {R"(,"streaming":true)", "", true},
      {R"(,"streaming":false)", "text/event-stream", false},
      {R"(,"non_stream":true)", "text/event-stream", false},
      {R"(,"disable_stream":true)", "text/event-stream", false},
      {R"(,"disable_streaming":true)", "text/event-stream", false},
      {R"(,"disable_streaming":false)", "text/event-stream", true},
      {R"(,"stream":true,"disable_stream":true)", "", true},
      {R"(,"stream":false,"streaming":true)", "", false},
      {R"(,"streaming":true,"non_stream":true)", "", true},
      {R"(,"non_stream":true,"streaming":true)", "", true},
  };
  for (const auto& [fields, accept, stream] : cases) {
    for (const bool model_last : {false, true}) {
      const std::string rest = std::string(fields.empty() ? fields : fields.substr(1));
      const std::string body = model_last && !rest.empty()
                                   ? "{" + rest + R"(,"model":"m"})"
                                   : R"({"model":"m")" + std::string(fields) + "}";
      const Read read(body, accept);
      ASSERT_EQ(read.message(), "ok") << body;
      EXPECT_EQ(read.call.wants_stream(), stream) << body << " " << accept;
      // The provider is told the same, in the standard's words only.
      const auto sent = test::parse_json_if_valid(read.render("x"));
      ASSERT_TRUE(sent.is_object()) << read.render("x");
      EXPECT_EQ(sent.contains("stream") && sent["stream"] == true, stream) << read.render("x");
      for (const char* alias : {"streaming", "non_stream", "disable_stream", "disable_streaming"})
        EXPECT_FALSE(sent.contains(alias)) << body;
    }
  }
}

TEST(CallTest, RemovesAliasesWhereverTheyStand) {
  for (const std::string_view body :
       {R"({"streaming":true,"model":"m"})", R"({"model":"m","streaming":true})",
        R"({ "streaming" : true , "model" : "m" , "non_stream" : false })",
        R"({"model":"m","disable_stream":false,"streaming":true,"x":{"streaming":1}})",
        "{\n  \"non_stream\": false,\n  \"streaming\": true,\n  \"model\": \"m\"\n}\n"}) {
    const Read read(body);
    ASSERT_EQ(read.message(), "ok") << body;
    auto expected = test::parse_json(body);
    for (const char* alias : {"streaming", "non_stream", "disable_stream"}) expected.erase(alias);
    expected["stream"] = true;
    EXPECT_EQ(test::parse_json(read.render("m")), expected) << read.render("m");
  }
}

TEST(CallTest, SameDialectKeepsEveryOtherByte) {
  const std::string before = "  { \"a\" : [1, 2,{\"model\":\"inner\"}] ,\n\"model\"  :\t";
  const std::string after = " , \"x\\u0041\": 1e5,\"t\":\"\xE2\x82\xAC \\/ \" } \r\n";
  const Read read(before + R"("named")" + after);
  ASSERT_EQ(read.message(), "ok");
  EXPECT_EQ(read.call.model(), "named");
  EXPECT_EQ(read.render("named"), before + R"("named")" + after);
  EXPECT_EQ(read.render("other/model"), before + R"("other/model")" + after);
  EXPECT_EQ(read.render("a\"b"), before + R"("a\"b")" + after);
  EXPECT_EQ(read.call.body(), before + R"("named")" + after) << "rendering changes nothing";
}

TEST(CallTest, AnEscapedModelIsRenderedPlain) {
  const Read read(R"({"model":"g\u0070t"})");
  EXPECT_EQ(read.call.model(), "gpt");
  EXPECT_EQ(read.render("gpt"), R"({"model":"gpt"})");
}

TEST(CallTest, AsksForUsageInEveryFormOfTheRequest) {
  const struct {
    std::string_view body, sent;
  } cases[] = {
      {R"({"model":"m","stream":true})",
       R"({"model":"x","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream":true } )",
       R"({"model":"x","stream":true ,"stream_options":{"include_usage":true}} )"},
      {R"({"stream_options":{},"model":"m","stream":true})",
       R"({"stream_options":{"include_usage":true},"model":"x","stream":true})"},
      {R"({"model":"m","stream":true,"stream_options":null})",
       R"({"model":"x","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream":true,"stream_options":{"a":1}})",
       R"({"model":"x","stream":true,"stream_options":{"include_usage":true,"a":1}})"},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":false}})",
       R"({"model":"x","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream":true,"stream_options":{ "a":1, "include_usage" : null }})",
       R"({"model":"x","stream":true,"stream_options":{ "a":1, "include_usage" : true }})"},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})",
       R"({"model":"x","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m"})", R"({"model":"x"})"},
      {R"({"model":"m","stream":false})", R"({"model":"x","stream":false})"},
  };
  for (const auto& [body, sent] : cases) {
    const Read read(body);
    ASSERT_EQ(read.message(), "ok") << body;
    EXPECT_EQ(read.render("x", true), sent) << body;
  }
  EXPECT_TRUE(Read(R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})")
                  .call.asked_for_usage());
}

// A value that is no boolean is the client's mistake; it must not become a broken document.
TEST(CallTest, WhateverIncludeUsageHoldsTheProviderGetsValidJson) {
  for (const std::string_view value : {"{}", "[1,[2]]", "\"yes\"", "1", "{\"a\":\"}\"}"}) {
    const Read read(R"({"model":"m","stream":true,"stream_options":{"include_usage":)" +
                    std::string(value) + "}}");
    if (read.error) continue;
    EXPECT_FALSE(test::parse_json_if_valid(read.render("x", true)).is_discarded()) << value;
  }
}

TEST(CallTest, AModelFromElsewhereStandsForTheBodys) {
  const auto routed = [](std::string_view body, std::string_view target) {
    Call call;
    const auto error = call.read(Buffer(body), "", nullptr, "a/routed");
    if (error) return error->message;
    EXPECT_EQ(call.model(), "a/routed");
    return call.render_same_dialect(target, false).to_string();
  };
  EXPECT_EQ(routed(R"({"model":"old","n":1})", "routed"), R"({"model":"routed","n":1})");
  // Of the same length, and the same as what goes out.
  EXPECT_EQ(routed(R"({"model":"old"})", "new"), R"({"model":"new"})");
  EXPECT_EQ(routed(R"({"model":"routed"})", "routed"), R"({"model":"routed"})");
  EXPECT_EQ(routed(R"({"n":1})", "routed"), R"({"model":"routed","n":1})");
  EXPECT_EQ(routed(R"( { } )", "routed"), R"( {"model":"routed" } )");
  EXPECT_EQ(routed(R"({"model":7})", "routed"), "model: Expected string, received number");
}

TEST(CallTest, OfAnEndpointThatIsNoChatTheModelAloneIsRead) {
  const auto named = [](std::string_view body, std::string_view route = "") -> std::string {
    Call call;
    if (const auto error = call.read_named(Buffer(body), route)) return error->message;
    EXPECT_FALSE(call.wants_stream());
    return call.model() + " " + call.render_same_dialect("m", false).to_string();
  };
  EXPECT_EQ(named(R"({"n":0,"model":"a\u0062","stream":true,"streaming":false,"input":1})"),
            R"(ab {"n":0,"model":"m","stream":true,"streaming":false,"input":1})");
  EXPECT_EQ(named(R"({"input":1})", "r"), R"(r {"model":"m","input":1})");
  EXPECT_EQ(named(R"({"model":"a"})", "r"), R"(r {"model":"m"})");
  EXPECT_EQ(named(R"({"input":1})"), "Missing model");
  EXPECT_EQ(named(R"({"model":1})"), "model: Expected string, received number");
  EXPECT_EQ(named("[]").substr(0, 18), "Invalid JSON body:");
  Call gemini;
  gemini.set_dialect(Dialect::kGemini);
  gemini.set_path_model("p/g", false, false);
  EXPECT_FALSE(gemini.read_named(Buffer(R"({"model":"models/x"})"), ""));
  EXPECT_EQ(gemini.model(), "p/g");
}

}  // namespace
}  // namespace omni::llm
