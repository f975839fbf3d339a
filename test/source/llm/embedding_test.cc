#include "source/llm/embedding.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "source/base/status.h"
#include "test/support/json.h"

namespace omni::llm {
namespace {

using Form = EmbeddingForm;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Form kForms[] = {Form::kOpenai, Form::kOllama, Form::kOllamaOlder, Form::kGemini,
                           Form::kGeminiBatch};

// The request of a client of `form` for one text, here with an escape that must come through.
std::string request_of(Form form) {
  switch (form) {
    case Form::kOllama:
      return R"({"model":"p/m","input":"a\u00e9\n"})";
    case Form::kOllamaOlder:
      return R"({"model":"p/m","prompt":"a\u00e9\n"})";
    case Form::kGemini:
      return R"({"content":{"role":"user","parts":[{"text":"a\u00e9\n"}]}})";
    case Form::kGeminiBatch:
      return R"({"requests":[{"model":"models/p/m","content":{"parts":[{"text":"a\u00e9\n"}]}}]})";
    default:
      return R"({"model":"p/m","input":["a\u00e9\n"]})";
  }
}

std::string answer_of(Form form, std::string_view vector) {
  const std::string text(vector);
  switch (form) {
    case Form::kOllama:
      return R"({"model":"m","embeddings":[)" + text + R"(],"prompt_eval_count":5})";
    case Form::kOllamaOlder:
      return R"({"embedding":)" + text + "}";
    case Form::kGemini:
      return R"({"embedding":{"values":)" + text + R"(},"usageMetadata":{"promptTokenCount":5}})";
    case Form::kGeminiBatch:
      return R"({"embeddings":[{"values":)" + text +
             R"(}],"usageMetadata":{"promptTokenCount":5}})";
    default:
      return R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":)" + text +
             R"(}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}})";
  }
}

struct Made {
  json body;
  std::vector<std::string> dropped;
  std::string error;
};

Made make(Form client, Form target, std::string_view body) {
  EmbeddingRequest request;
  if (auto error = decode_embedding(client, body, request)) return {{}, {}, error->message};
  auto made = encode_embedding(target, request, "m");
  if (auto* error = std::get_if<CallError>(&made)) return {{}, {}, error->message};
  auto& encoded = std::get<EncodedEmbedding>(made);
  return {test::parse_json(encoded.body), encoded.dropped, ""};
}

std::string error_of(Form client, std::string_view body) {
  EmbeddingRequest request;
  const auto error = decode_embedding(client, body, request);
  if (!error) return "";
  EXPECT_EQ(error->status, 400);
  return error->param + " | " + error->message;
}

TEST(EmbeddingTest, EveryPairCarriesTheTextAndTheVeryNumbers) {
  constexpr std::string_view kVector = "[0.10000000149011612345678, -1E-3,2]";
  for (const Form client : kForms) {
    for (const Dialect provider :
         {Dialect::kOpenai, Dialect::kOpenaiResponses, Dialect::kOllama, Dialect::kGemini}) {
      const Form target = *embedding_form_of(provider, client);
      if (target == client) continue;
      const Made made = make(client, target, request_of(client));
      const json& text = target == Form::kGeminiBatch
                             ? made.body["requests"][0]["content"]["parts"][0]["text"]
                             : made.body["input"][0];
      EXPECT_EQ(text, "a\u00e9\n") << made.error;
      EXPECT_THAT(made.dropped, IsEmpty());
      EmbeddingAnswer answer;
      const std::string told = answer_of(target, kVector);
      ASSERT_TRUE(read_embeddings(target, told, 1, answer).ok());
      EXPECT_EQ(answer.tokens, 5);
      const std::string said = render_embeddings(client, answer, {.model = "p/m"});
      EXPECT_THAT(said, HasSubstr(kVector));
      EXPECT_TRUE(json::accept(said)) << said;
      int64_t tokens = -1;
      EXPECT_TRUE(check_embeddings(client, said, tokens).ok()) << said;
      EXPECT_EQ(tokens, client == Form::kOllamaOlder ? -1 : 5);
    }
  }
}

TEST(EmbeddingTest, ADialectWithoutEmbeddingsHasNoForm) {
  EXPECT_EQ(embedding_form_of(Dialect::kAnthropic, Form::kOpenai), std::nullopt);
}

TEST(EmbeddingTest, ThePathTellsWhatIsSpoken) {
  EXPECT_EQ(embedding_form(Dialect::kOpenai, "/v1/embeddings"), Form::kOpenai);
  EXPECT_EQ(embedding_form(Dialect::kOllama, "/v1/api/embed"), Form::kOllama);
  EXPECT_EQ(embedding_form(Dialect::kOllama, "/v1/api/embeddings"), Form::kOllamaOlder);
  EXPECT_EQ(embedding_form(Dialect::kGemini, "/v1/models/a/b:embedContent"), Form::kGemini);
  EXPECT_EQ(embedding_form(Dialect::kGemini, "/v1beta/models/b:batchEmbedContents"),
            Form::kGeminiBatch);
  EXPECT_EQ(embedding_path(Form::kGeminiBatch, "g"), "/models/g:batchEmbedContents");
}

TEST(EmbeddingTest, SettingsFindTheirWords) {
  Made made = make(Form::kOpenai, Form::kOllama,
                   R"({"model":"x","input":["a","b"],"dimensions":8,"user":"u","task":1})");
  EXPECT_EQ(made.body, test::parse_json(R"({"model":"m","input":["a","b"],"dimensions":8,
                                      "truncate":false})"));
  EXPECT_THAT(made.dropped, ElementsAre("user", "task"));
  made = make(Form::kOpenai, Form::kGeminiBatch, R"({"input":["a","b"],"dimensions":8})");
  EXPECT_EQ(made.body, test::parse_json(R"({"requests":[
      {"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":8},
      {"model":"models/m","content":{"parts":[{"text":"b"}]},"outputDimensionality":8}]})"));
  made =
      make(Form::kGeminiBatch, Form::kOllama,
           R"({"requests":[{"content":{"parts":[{"text":"a"},{"text":"b"}]},"taskType":"CLUSTERING",
          "embed_content_config":{"output_dimensionality":8,"autoTruncate":true,"title":"t"}},
          {"content":{"parts":[{"text":"c"}]},"outputDimensionality":8,"taskType":"X"}]})");
  EXPECT_EQ(made.body, test::parse_json(R"({"model":"m","input":["a\nb","c"],"dimensions":8,
                                      "truncate":true})"));
  EXPECT_THAT(made.dropped, ElementsAre("taskType", "title"));
}

TEST(EmbeddingTest, CuttingIsToldWhereOthersDoNotDoItAnyway) {
  const auto dropped = [](Form target, std::string_view truncate) {
    return make(Form::kOllama, target, R"({"input":"a","truncate":)" + std::string(truncate) + "}")
        .dropped;
  };
  EXPECT_THAT(dropped(Form::kOpenai, "true"), ElementsAre("truncate"));
  EXPECT_THAT(dropped(Form::kOpenai, "false"), IsEmpty());
  EXPECT_THAT(dropped(Form::kOpenai, "null"), IsEmpty());
  EXPECT_THAT(dropped(Form::kGeminiBatch, "false"), ElementsAre("truncate"));
}

TEST(EmbeddingTest, BadInputIsNamedAsTheClientNamesIt) {
  const struct {
    Form client;
    std::string_view body, error;
  } cases[] = {
      {Form::kOpenai, R"({})", "input | input: must hold something to embed"},
      {Form::kOpenai, R"({"input":[]})", "input | input: must hold something to embed"},
      {Form::kOpenai, R"({"input":""})", "input | input: must not be empty"},
      {Form::kOpenai, R"({"input":{}})", "input | input: must be a string or an array of them"},
      {Form::kOpenai, R"({"input":["a",null]})", "input[1] | input[1]: must be a string"},
      {Form::kOpenai, R"({"input":["\x"]})", "input[0] | input[0]: a string holds a broken escape"},
      {Form::kOpenai, R"({"input":"a","dimensions":0})",
       "dimensions | dimensions: must be a positive integer"},
      {Form::kOpenai, R"({"input":"a","dimensions":1.5})",
       "dimensions | dimensions: must be an integer"},
      {Form::kOpenai, R"({"input":"a","encoding_format":"hex"})",
       "encoding_format | encoding_format: must be one of 'float', 'base64'"},
      {Form::kOllama, R"({"input":[1]})", "input[0] | input[0]: must be a string"},
      {Form::kOllama, R"({"input":"a","truncate":1})", "truncate | truncate: must be a boolean"},
      {Form::kOllamaOlder, R"({"prompt":["a"]})", "prompt | prompt: must be a string"},
      {Form::kOllamaOlder, R"({"input":"a"})", "prompt | prompt: must hold something to embed"},
      {Form::kGemini, R"({})", "content | content: must hold something to embed"},
      {Form::kGemini, R"({"content":{}})", "content.parts | content.parts: is missing"},
      {Form::kGemini, R"({"content":"a"})", "content | content: must be an object"},
      {Form::kGeminiBatch, R"({"requests":{}})", "requests | requests: must be an array"},
      {Form::kGeminiBatch, R"({"requests":[{}]})",
       "requests[0].content | requests[0].content: is missing"},
      {Form::kGeminiBatch,
       R"({"requests":[{"content":{"parts":[{"text":"a"}]}},
                       {"content":{"parts":[{"text":"a"}]},"outputDimensionality":3}]})",
       "requests[1].outputDimensionality | requests[1].outputDimensionality: must be the same in "
       "all requests"},
      {Form::kGeminiBatch, R"({"requests":[{"content":{"parts":[{"fileData":{}}]}}]})",
       "requests[0].content.parts[0].fileData | requests[0].content.parts[0].fileData: only text "
       "can be embedded by a model of this provider"},
  };
  for (const auto& [client, body, error] : cases) EXPECT_EQ(error_of(client, body), error) << body;
}

TEST(EmbeddingTest, TokenIdsAreToldToNobodyElse) {
  for (const std::string_view input : {"[1,2]", "[[1],[2]]"}) {
    const std::string body = R"({"input":)" + std::string(input) + "}";
    EXPECT_THAT(make(Form::kOpenai, Form::kOllama, body).error, HasSubstr("input: "));
    EXPECT_THAT(make(Form::kOpenai, Form::kGeminiBatch, body).error, HasSubstr("token ids"));
  }
}

TEST(EmbeddingTest, VectorsComeInTheOrderOfTheTexts) {
  EmbeddingAnswer answer;
  ASSERT_TRUE(read_embeddings(Form::kOpenai,
                              R"({"data":[{"index":2,"embedding":[2]},{"embedding":[0],"index":0},
                                  {"index":1,"embedding":[1]}]})",
                              3, answer)
                  .ok());
  EXPECT_THAT(answer.vectors, ElementsAre("[0]", "[1]", "[2]"));
  EXPECT_EQ(answer.tokens, -1);
}

TEST(EmbeddingTest, WhatIsNoAnswerIsNotToldAsOne) {
  const std::string_view bad[] = {
      "",
      "[]",
      R"({"error":"x"})",
      R"({"data":null})",
      R"({"data":[{"index":0}]})",
      R"({"data":[{"index":1,"embedding":[1]}]})",
      R"({"data":[{"index":"0","embedding":[1]}]})",
      R"({"data":[{"index":0,"embedding":[]}]})",
      R"({"data":[{"index":0,"embedding":[1,]}]})",
      R"({"data":[{"index":0,"embedding":[01]}]})",
      R"({"data":[{"index":0,"embedding":[1 2]}]})",
      R"({"data":[{"index":0,"embedding":["1"]}]})",
      R"({"data":[{"index":0,"embedding":[[1]]}]})",
      R"({"data":[{"index":0,"embedding":"AAAA"}]})",
      R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1]}]})",
  };
  for (const std::string_view body : bad) {
    EmbeddingAnswer answer;
    EXPECT_FALSE(read_embeddings(Form::kOpenai, body, 1, answer).ok()) << body;
  }
}

TEST(EmbeddingTest, Base64IsOfLittleEndianFloats) {
  const std::vector<std::string_view> vectors = {"[1, -0.1,0.333333333333333333333,1e-60]"};
  const json said = test::parse_json(render_embeddings(
      Form::kOpenai, {.vectors = vectors, .tokens = 3}, {.model = "p/m", .is_base64 = true}));
  EXPECT_EQ(said["usage"]["total_tokens"], 3);
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(said["data"][0]["embedding"].get<std::string>(), &bytes));
  ASSERT_EQ(bytes.size(), 16u);
  float values[4];
  std::memcpy(values, bytes.data(), sizeof values);
  EXPECT_THAT(values, ElementsAre(1.0F, -0.1F, 1.0F / 3, 0.0F));
}

TEST(EmbeddingTest, GeminisBodyRepeatsTheModelOfTheTarget) {
  const auto with = [](Form form, std::string_view body) {
    return with_embedding_model(form, Buffer(body), "g").to_string();
  };
  EXPECT_EQ(with(Form::kGemini, R"({ "content":{"model":"x"}, "model" : "models/p/g"})"),
            R"({ "content":{"model":"x"}, "model" : "models/g"})");
  EXPECT_EQ(with(Form::kGeminiBatch,
                 R"({"requests":[{"model":"models/p/g","x":1.0},{},7,{"model":"models/g"}]})"),
            R"({"requests":[{"model":"models/g","x":1.0},{},7,{"model":"models/g"}]})");
  for (const std::string_view body : {"{}", R"({"requests":7})", R"({"requests":[{"x":1}]})"})
    EXPECT_EQ(with(Form::kGeminiBatch, body), body);
}

}  // namespace
}  // namespace omni::llm
