// From one dialect to another and back: what both can say comes home, and what they cannot is
// written down here.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "test/support/answer_samples.h"
#include "test/support/client_view.h"
#include "test/support/dialect_names.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::test {
namespace {

using nlohmann::json;

constexpr Dialect kChat = Dialect::kOpenai, kMessages = Dialect::kAnthropic,
                  kResponses = Dialect::kOpenaiResponses, kGemini = Dialect::kGemini,
                  kOllama = Dialect::kOllama;

// Members beside the conversation in each dialect; empty: it has no word for it.
struct Feature {
  std::string_view name;
  std::string_view chat, responses, messages, gemini, ollama;

  std::string_view in(Dialect dialect) const {
    const std::string_view forms[] = {chat, responses, messages, gemini, ollama};
    return forms[static_cast<size_t>(dialect)];
  }
};

// The order of Dialect.
static_assert(static_cast<int>(kChat) == 0 && static_cast<int>(kResponses) == 1 &&
              static_cast<int>(kMessages) == 2 && static_cast<int>(kGemini) == 3 &&
              static_cast<int>(kOllama) == 4);

const Feature kFeatures[] = {
    {"temperature", R"("temperature":0.10)", R"("temperature":0.10)", R"("temperature":0.10)",
     R"("generationConfig":{"temperature":0.10})", R"("options":{"temperature":0.10})"},
    {"top_p", R"("top_p":1e-1)", R"("top_p":1e-1)", R"("top_p":1e-1)",
     R"("generationConfig":{"topP":1e-1})", R"("options":{"top_p":1e-1})"},
    {"top_k", R"("top_k":7)", "", R"("top_k":7)", R"("generationConfig":{"topK":7})",
     R"("options":{"top_k":7})"},
    {"stop", R"("stop":["a","b\n"])", "", R"("stop_sequences":["a","b\n"])",
     R"("generationConfig":{"stopSequences":["a","b\n"]})", R"("options":{"stop":["a","b\n"]})"},
    {"seed", R"("seed":7)", "", "", R"("generationConfig":{"seed":7})", R"("options":{"seed":7})"},
    {"penalty", R"("presence_penalty":1.5)", "", "",
     R"("generationConfig":{"presencePenalty":1.5})", R"("options":{"presence_penalty":1.5})"},
    {"json", R"("response_format":{"type":"json_object"})",
     R"("text":{"format":{"type":"json_object"}})", "",
     R"("generationConfig":{"responseMimeType":"application/json"})", R"("format":"json")"},
    {"schema",
     R"("response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}}}}})",
     R"("text":{"format":{"type":"json_schema","name":"s","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}}}}})",
     "",
     R"("generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"a":{"type":"string"}}}})",
     R"("format":{"type":"object","properties":{"a":{"type":"string"}}})"},
    {"effort", R"("reasoning_effort":"low")", R"("reasoning":{"effort":"low"})",
     R"("thinking":{"type":"enabled","budget_tokens":1024})",
     R"("generationConfig":{"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}})",
     R"("think":"low")"},
    {"tools",
     R"("tools":[{"type":"function","function":{"name":"f","description":"d \"q\"","parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}])",
     R"("tools":[{"type":"function","name":"f","description":"d \"q\"","strict":false,"parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}])",
     R"("tools":[{"name":"f","description":"d \"q\"","input_schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}])",
     R"("tools":[{"functionDeclarations":[{"name":"f","description":"d \"q\"","parametersJsonSchema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}]}])",
     R"("tools":[{"type":"function","function":{"name":"f","description":"d \"q\"","parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}])"},
    {"must call",
     R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"tool_choice":"required")",
     R"("tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":"required")",
     R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"any"})",
     R"("tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}})",
     ""},
    {"must call f",
     R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"tool_choice":{"type":"function","function":{"name":"f"}})",
     R"("tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":{"type":"function","name":"f"})",
     R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"f"})",
     R"("tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}})",
     ""},
    {"one call at a time",
     R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"parallel_tool_calls":false)",
     R"("tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"parallel_tool_calls":false)",
     R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true})",
     "", ""},
    {"user", R"("user":"u")", R"("user":"u")", R"("metadata":{"user_id":"u"})", "", ""},
    {"metadata", R"("metadata":{"k":"v"})", R"("metadata":{"k":"v"})", "", "", ""},
};

// A conversation with two calls side by side, whose results come in the other order, an image and
// text that JSON must escape.
std::string_view conversation(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenai:
      return R"("model":"target-model","max_tokens":9000,"messages":[{"role":"system","content":"Be \"brief\"\n\u00e9"},
        {"role":"user","content":[{"type":"text","text":"q \u20ac"},
          {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]},
        {"role":"assistant","content":"I look.","tool_calls":[
          {"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\u20ac\"}"}},
          {"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"call_b","content":"rb"},
        {"role":"tool","tool_call_id":"call_a","content":"ra"},{"role":"user","content":"next"}])";
    case Dialect::kOpenaiResponses:
      return R"("model":"target-model","max_output_tokens":9000,"instructions":"Be \"brief\"\n\u00e9","input":[
        {"type":"message","role":"user","content":[{"type":"input_text","text":"q \u20ac"},
          {"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoA"}]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
        {"type":"function_call","call_id":"call_a","name":"f","arguments":"{\"a\":\"\\u20ac\"}"},
        {"type":"function_call","call_id":"call_b","name":"g","arguments":"{}"},
        {"type":"function_call_output","call_id":"call_b","output":"rb"},
        {"type":"function_call_output","call_id":"call_a","output":"ra"},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"next"}]}])";
    case Dialect::kAnthropic:
      return R"("model":"target-model","max_tokens":9000,"system":[{"type":"text","text":"Be \"brief\"\n\u00e9"}],"messages":[
        {"role":"user","content":[{"type":"text","text":"q \u20ac"},
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}}]},
        {"role":"assistant","content":[{"type":"text","text":"I look."},
          {"type":"tool_use","id":"call_a","name":"f","input":{"a":"\u20ac"}},
          {"type":"tool_use","id":"call_b","name":"g","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_b","content":"rb"},
          {"type":"tool_result","tool_use_id":"call_a","content":"ra"},{"type":"text","text":"next"}]}])";
    case Dialect::kGemini:
      return R"("systemInstruction":{"parts":[{"text":"Be \"brief\"\n\u00e9"}]},"contents":[
        {"role":"user","parts":[{"text":"q \u20ac"},
          {"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgoA"}}]},
        {"role":"model","parts":[{"text":"I look."},
          {"functionCall":{"id":"call_a","name":"f","args":{"a":"\u20ac"}}},
          {"functionCall":{"id":"call_b","name":"g","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"call_b","name":"g","response":{"result":"rb"}}},
          {"functionResponse":{"id":"call_a","name":"f","response":{"result":"ra"}}},{"text":"next"}]}])";
    default:
      return R"("model":"target-model","stream":false,"messages":[{"role":"system","content":"Be \"brief\"\n\u00e9"},
        {"role":"user","content":"q \u20ac","images":["iVBORw0KGgoA"]},
        {"role":"assistant","content":"I look.","tool_calls":[
          {"id":"call_a","function":{"name":"f","arguments":{"a":"\u20ac"}}},
          {"id":"call_b","function":{"name":"g","arguments":{}}}]},
        {"role":"tool","content":"rb","tool_name":"g","tool_call_id":"call_b"},
        {"role":"tool","content":"ra","tool_name":"f","tool_call_id":"call_a"},
        {"role":"user","content":"next"}])";
  }
}

// One question: nobody thinks behind results of calls that came without a thought.
std::string_view question(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenaiResponses:
      return R"("model":"target-model","max_output_tokens":9000,"input":"q")";
    case Dialect::kGemini:
      return R"("contents":[{"role":"user","parts":[{"text":"q"}]}])";
    default:
      return R"("model":"target-model","max_tokens":9000,"messages":[{"role":"user","content":"q"}])";
  }
}

std::string through(Dialect from, Dialect to, std::string_view body) {
  const llm::RequestOptions options{.model = "target-model", .adds_cache_control = false};
  const std::string out = transcode_request(from, to, body, options);
  return out.substr(0, out.find("\nDROPPED"));
}

json home(Dialect from, Dialect by, const std::string& body) {
  return parse_json_if_valid(through(by, from, through(from, by, body)));
}

TEST(RoundTripTest, AConversationComesHomeFromEveryDialect) {
  for (const Dialect from : kDialects) {
    const std::string body = fmt::format("{{{}}}", conversation(from));
    json expected = parse_json(body);
    for (const Dialect by : kDialects) {
      json found = home(from, by, body);
      // Anthropic's limit is required, so that whoever gives none gets one.
      if (by == kMessages && from == kGemini) found.erase("generationConfig");
      if (by == kMessages && from == kOllama) found.erase("options");
      // What Responses would do else: keep the answer.
      if (by == kResponses || from == kResponses)
        for (const char* key : {"store", "include"}) found.erase(key);
      EXPECT_EQ(found.dump(1), expected.dump(1))
          << omni::name_of(from) << " by " << omni::name_of(by) << "\n"
          << through(from, by, body);
    }
  }
}

// What `by` has no word for, or cannot say for `from`; "*" is every dialect that can say it.
struct Loss {
  std::string_view feature, from, by, why;
};
const Loss kLosses[] = {
    {"top_k", "*", "openai-responses", "has no such setting"},
    {"stop", "*", "openai-responses", "has no such setting"},
    {"seed", "*", "openai-responses", "has no such setting"},
    {"seed", "*", "anthropic", "has no such setting"},
    {"penalty", "*", "openai-responses", "has no such setting"},
    {"penalty", "*", "anthropic", "has no such setting"},
    {"json", "*", "anthropic", "is asked for in words"},
    {"schema", "*", "anthropic", "is asked for as a call of a tool"},
    {"schema", "openai", "gemini", "knows neither a schema's name nor whether it is strict"},
    {"schema", "openai-responses", "gemini",
     "knows neither a schema's name nor whether it is strict"},
    {"schema", "openai", "ollama", "knows neither a schema's name nor whether it is strict"},
    {"schema", "openai-responses", "ollama",
     "knows neither a schema's name nor whether it is strict"},
    {"effort", "anthropic", "ollama", "thinks or does not: a budget is no level"},
    {"effort", "gemini", "ollama", "thinks or does not: a budget is no level"},
    {"effort", "ollama", "anthropic", "has budgets, which are no level"},
    {"effort", "ollama", "gemini", "has budgets, which are no level"},
    {"metadata", "*", "anthropic", "takes a user's id only"},
    {"metadata", "*", "gemini", "has no such setting"},
    {"metadata", "*", "ollama", "has no such setting"},
    {"user", "*", "gemini", "has no such setting"},
    {"user", "*", "ollama", "has no such setting"},
    {"must call", "*", "ollama", "lets the model choose: the request is refused"},
    {"must call f", "*", "ollama", "lets the model choose: the request is refused"},
    {"one call at a time", "*", "gemini", "has no such setting"},
    {"one call at a time", "*", "ollama", "has no such setting"},
};

bool is_lost(std::string_view feature, Dialect from, Dialect by) {
  return std::any_of(std::begin(kLosses), std::end(kLosses), [&](const Loss& loss) {
    return loss.feature == feature && loss.by == omni::name_of(by) && from != by &&
           (loss.from == "*" || loss.from == omni::name_of(from));
  });
}

// Not strict is what a tool is that does not say it.
void forget_defaults(json& value) {
  if (value.is_object() && value.value("strict", true) == false) value.erase("strict");
  if (value.is_structured())
    for (json& inner : value) forget_defaults(inner);
}

// Each of `said` stands in `back`, perhaps among other settings.
bool has_all(const json& back, const json& said) {
  if (!back.is_object()) return false;
  for (const auto& [key, value] : said.items()) {
    if (!back.contains(key)) return false;
    const bool is_settings = key == "generationConfig" || key == "options" || key == "reasoning";
    if (is_settings ? !has_all(back[key], value) : back[key] != value) return false;
  }
  return true;
}

TEST(RoundTripTest, WhatBothCanSayComesHome) {
  for (const Feature& feature : kFeatures)
    for (const Dialect from : kDialects) {
      if (feature.in(from).empty()) continue;
      const std::string_view messages =
          feature.name == "effort" ? question(from) : conversation(from);
      const std::string body = fmt::format("{{{},{}}}", messages, feature.in(from));
      json said = parse_json(fmt::format("{{{}}}", feature.in(from)));
      forget_defaults(said);
      for (const Dialect by : kDialects) {
        json back = home(from, by, body);
        forget_defaults(back);
        EXPECT_EQ(has_all(back, said), !is_lost(feature.name, from, by))
            << feature.name << ": " << omni::name_of(from) << " by " << omni::name_of(by) << "\n"
            << through(from, by, body) << "\n"
            << back.dump();
      }
    }
}

// Proofs are another matter: here `by` is the provider, and a proof is its provider's own.
// history_test.cc sends them home through clients.
void expect_same_answer(const Told& found, const Told& expected, Dialect by) {
  EXPECT_EQ(found.problem + found.upstream_fault, "");
  EXPECT_EQ(found.text, expected.text);
  EXPECT_EQ(found.thoughts, expected.thoughts);
  EXPECT_EQ(found.finish, expected.finish);
  EXPECT_EQ(found.input, expected.input);
  EXPECT_EQ(found.output, expected.output);
  // Ollama has no word for what was cached.
  if (by != kOllama) {
    EXPECT_EQ(found.cached, expected.cached);
  }
  ASSERT_EQ(found.calls.size(), expected.calls.size());
  for (size_t i = 0; i < found.calls.size(); ++i) {
    EXPECT_EQ(found.calls[i].id, expected.calls[i].id);
    EXPECT_EQ(found.calls[i].arguments, expected.calls[i].arguments);
  }
}

TEST(RoundTripTest, AnAnswerComesHomeFromEveryDialect) {
  for (const Dialect from : kDialects) {
    Relay out(from);
    out.feed(answer_sample(from).stream);
    out.finish();
    const ClientKind plain{from, Form::kPlain};
    const Told expected =
        read_as_client(plain, relay_stream(from, plain, answer_sample(from).stream));
    for (size_t i = 0; i < out.kinds().size(); ++i) {
      const ClientKind by = out.kinds()[i];
      if (by.form == Form::kArray) continue;  // No upstream is asked for it.
      SCOPED_TRACE(fmt::format("{} by {}", omni::name_of(from), name_of(by)));
      Relay back(by.dialect, {plain});
      if (by.form == Form::kPlain) {
        back.whole(out.out(i));
      } else {
        back.feed(out.out(i));
        back.finish();
      }
      ASSERT_TRUE(back.is_done()) << back.status();
      expect_same_answer(read_as_client(plain, back.out(0)), expected, by.dialect);
    }
  }
}

}  // namespace
}  // namespace omni::test
