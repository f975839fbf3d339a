#include "test/support/client_view.h"
#include "test/support/json.h"

namespace omni::test {

using nlohmann::json;

std::string next_request(Dialect dialect, const Told& told) {
  json request = {{"model", "m"}};
  json row = json::array();
  const auto user = [&](const char* text) -> json {
    if (dialect == Dialect::kGemini)
      return {{"role", "user"}, {"parts", json::array({{{"text", text}}})}};
    return {{"role", "user"}, {"content", text}};
  };
  row.push_back(user("first"));
  if (told.turn.is_array()) {
    for (const json& item : told.turn) row.push_back(item);
  } else {
    row.push_back(told.turn);
  }
  json results = json::array();
  for (const Told::Call& call : told.calls) {
    const std::string text = "result of " + call.id;
    if (dialect == Dialect::kOpenai)
      row.push_back({{"role", "tool"}, {"tool_call_id", call.id}, {"content", text}});
    if (dialect == Dialect::kOpenaiResponses)
      row.push_back({{"type", "function_call_output"}, {"call_id", call.id}, {"output", text}});
    if (dialect == Dialect::kOllama)
      row.push_back({{"role", "tool"},
                     {"tool_name", call.name},
                     {"tool_call_id", call.id},
                     {"content", text}});
    if (dialect == Dialect::kAnthropic)
      results.push_back({{"type", "tool_result"}, {"tool_use_id", call.id}, {"content", text}});
    if (dialect == Dialect::kGemini)
      results.push_back(
          {{"functionResponse",
            {{"id", call.id}, {"name", call.name}, {"response", {{"result", text}}}}}});
  }
  if (!results.empty())
    row.push_back({{"role", "user"},
                   {dialect == Dialect::kGemini ? "parts" : "content", std::move(results)}});
  row.push_back(user("next"));
  request[dialect == Dialect::kOpenaiResponses ? "input"
          : dialect == Dialect::kGemini        ? "contents"
                                               : "messages"] = std::move(row);
  if (dialect == Dialect::kAnthropic) request["max_tokens"] = 9000;
  return request.dump();
}

}  // namespace omni::test
