// What an upstream said, handed to a client of another dialect and sent back with the next turn,
// is what the upstream gets to see again: ids, arguments and, above all, its own signatures.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/answer_samples.h"
#include "test/support/client_view.h"
#include "test/support/dialect_names.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::test {
namespace {

using nlohmann::json;

// What the upstream must find in the next request as the assistant's turn.
json expected_turn(Dialect upstream) {
  const std::string text(kSampleText), thought(kSampleThought);
  const json arguments = {{"city", "T\u014dky\u014d \"1\""}};
  switch (upstream) {
    case Dialect::kAnthropic:
      return {
          {{"type", "thinking"}, {"thinking", thought}, {"signature", "Ab+/9=="}},
          {{"type", "text"}, {"text", text}},
          {{"type", "tool_use"}, {"id", "call_a"}, {"name", "weather"}, {"input", arguments}},
          {{"type", "tool_use"}, {"id", "call_b"}, {"name", "time"}, {"input", json::object()}}};
    case Dialect::kGemini:
      return {{{"text", thought}, {"thought", true}},
              {{"text", text}},
              {{"functionCall", {{"id", "call_a"}, {"name", "weather"}, {"args", arguments}}},
               {"thoughtSignature", "Ab+/9w=="}},
              {{"functionCall", {{"id", "call_b"}, {"name", "time"}, {"args", json::object()}}}}};
    case Dialect::kOpenaiResponses:
      return {{{"type", "reasoning"},
               {"summary", {{{"type", "summary_text"}, {"text", thought}}}},
               {"encrypted_content", "Ab+/9=="}},
              {{"type", "message"},
               {"role", "assistant"},
               {"content", {{{"type", "output_text"}, {"text", text}}}}},
              {{"type", "function_call"},
               {"call_id", "call_a"},
               {"name", "weather"},
               {"arguments", arguments}},
              {{"type", "function_call"},
               {"call_id", "call_b"},
               {"name", "time"},
               {"arguments", json::object()}}};
    case Dialect::kOpenai:
      return {{"role", "assistant"},
              {"content", text},
              {"reasoning_content", thought},
              {"tool_calls",
               {{{"id", "call_a"},
                 {"type", "function"},
                 {"function", {{"name", "weather"}, {"arguments", arguments}}}},
                {{"id", "call_b"},
                 {"type", "function"},
                 {"function", {{"name", "time"}, {"arguments", json::object()}}}}}}};
    default:
      return {{"role", "assistant"},
              {"content", text},
              {"thinking", thought},
              {"tool_calls",
               {{{"function", {{"name", "weather"}, {"arguments", arguments}}}},
                {{"function", {{"name", "time"}, {"arguments", json::object()}}}}}}};
  }
}

// Where a dialect has no word for something, the turn comes home without it.
void forget(Dialect upstream, Dialect client, json& turn) {
  // An Ollama client keeps neither signatures nor the encrypted thoughts that Responses needs: a
  // thought without its proof is not sent to a provider that wants one.
  if (client != Dialect::kOllama) return;
  if (upstream == Dialect::kAnthropic || upstream == Dialect::kOpenaiResponses) turn.erase(0);
  if (upstream == Dialect::kGemini) turn[2].erase("thoughtSignature");
}

bool is_a_result(const json& value) {
  return value.is_object() &&
         (value.value("role", "") == "tool" || value.value("type", "") == "tool_result" ||
          value.value("type", "") == "function_call_output" || value.contains("functionResponse"));
}

// Arguments compare as objects; what each request adds of its own is left out.
void simplify(json& value) {
  if (value.is_object()) {
    for (const char* key : {"cache_control", "index", "status", "annotations"}) value.erase(key);
    if (value.value("type", "") == "reasoning") value.erase("id");
    if (value.contains("arguments") && value["arguments"].is_string())
      value["arguments"] = parse_json_if_valid(value["arguments"].get<std::string>());
  }
  if (value.is_structured())
    for (json& inner : value) simplify(inner);
}

struct Sent {
  json turn = json::array();
  std::vector<std::string> answered;  // Ids of calls that have a result, in order.
};

void collect_results(const json& value, Sent& out) {
  if (is_a_result(value)) {
    const json& said = value.contains("functionResponse") ? value["functionResponse"] : value;
    for (const char* key : {"tool_call_id", "call_id", "tool_use_id", "id"})
      if (said.contains(key)) {
        out.answered.push_back(said[key]);
        EXPECT_NE(value.dump().find("result of " + out.answered.back()), std::string::npos);
        return;
      }
  }
  if (value.is_structured())
    for (const json& inner : value) collect_results(inner, out);
}

Sent find_turn(Dialect upstream, const json& request) {
  Sent out;
  collect_results(request, out);
  if (upstream == Dialect::kOpenaiResponses) {
    for (const json& item : request["input"])
      if (item.value("role", "assistant") == "assistant" && !is_a_result(item))
        out.turn.push_back(item);
  } else {
    for (const json& message : request[upstream == Dialect::kGemini ? "contents" : "messages"]) {
      const std::string role = message["role"];
      if (role != "assistant" && role != "model") continue;
      EXPECT_TRUE(out.turn.empty()) << "one turn became two";
      out.turn = upstream == Dialect::kGemini      ? message["parts"]
                 : upstream == Dialect::kAnthropic ? message["content"]
                                                   : message;
    }
  }
  simplify(out.turn);
  return out;
}

class HistoryTest : public testing::TestWithParam<Dialect> {};

TEST_P(HistoryTest, AnAnswerComesHomeThroughEveryClient) {
  const AnswerSample& sample = answer_sample(GetParam());
  const std::vector<ClientKind> kinds = client_kinds();
  Relay relay(sample.dialect);
  relay.feed(sample.stream);
  relay.finish();
  for (size_t i = 0; i < kinds.size(); ++i) {
    SCOPED_TRACE(name_of(kinds[i]));
    const Dialect client = kinds[i].dialect;
    const Told told = read_as_client(kinds[i], relay.out(i));
    ASSERT_EQ(told.problem, "");
    const std::string body = next_request(client, told);
    const std::string sent = transcode_request(client, sample.dialect, body);
    const json request = parse_json_if_valid(sent.substr(0, sent.find("\nDROPPED")));
    ASSERT_TRUE(request.is_object()) << sent << "\n" << body;
    const Sent found = find_turn(sample.dialect, request);
    json expected = expected_turn(sample.dialect);
    forget(sample.dialect, client, expected);
    json turn = found.turn;
    // Ollama's calls have ids only since we made them.
    if (sample.dialect == Dialect::kOllama)
      for (json& call : turn["tool_calls"]) call.erase("id");
    EXPECT_EQ(turn.dump(1), expected.dump(1)) << body << "\n" << sent;
    std::vector<std::string> ids;
    for (const Told::Call& call : told.calls) ids.push_back(call.id);
    EXPECT_EQ(found.answered, ids);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, HistoryTest, testing::ValuesIn(kDialects), dialect_test_name);

}  // namespace
}  // namespace omni::test
