#include "test/support/client_reader.h"
#include "test/support/json.h"

namespace omni::test {

using nlohmann::json;

// Chat Completions.

void ClientReader::chat_chunk(const json& chunk) {
  if (chunk.contains("error")) return error(chunk);
  require(text_of(chunk, "object") == "chat.completion.chunk" && !text_of(chunk, "id").empty(),
          "names of the chunk");
  if (!has_begun_) turn_ = {{"role", "assistant"}, {"content", nullptr}};
  for (const json& choice : member_of(chunk, "choices")) {
    if (count_of(choice, "index") != 0) continue;
    require(told_.finish.empty(), "a delta behind the finish reason");
    if (!std::exchange(has_begun_, true))
      require(text_of(member_of(choice, "delta"), "role") == "assistant" ||
                  !member_of(choice, "finish_reason").is_null(),
              "the first chunk has no role");
    chat_delta(member_of(choice, "delta"));
    told_.finish = text_of(choice, "finish_reason");
  }
  if (chunk.contains("usage")) chat_usage(chunk["usage"]);
}

void ClientReader::chat_delta(const json& delta) {
  const auto append = [&](const char* key, std::string& to) {
    if (!member_of(delta, key).is_string()) return;
    to += text_of(delta, key);
    turn_[key] = to;
  };
  append("content", told_.text);
  append("reasoning_content", told_.thoughts);
  append("refusal", told_.refusal);
  for (const json& detail : member_of(delta, "reasoning_details"))
    turn_["reasoning_details"].push_back(detail);
  for (const json& said : member_of(delta, "tool_calls")) chat_call(said);
}

void ClientReader::chat_call(const json& said) {
  json& calls = turn_["tool_calls"];
  const int64_t index = count_of(said, "index");
  const json& function = said.contains("custom") ? said["custom"] : member_of(said, "function");
  if (index == static_cast<int64_t>(calls.size())) {
    require(!text_of(said, "id").empty() && !text_of(function, "name").empty(),
            "a call begins without id or name");
    json begun = said;
    begun.erase("index");
    calls.push_back(begun);
    return;
  }
  require(index >= 0 && index < static_cast<int64_t>(calls.size()), "a call's index");
  require(!said.contains("id") && !function.contains("name"), "a fragment with id or name");
  if (!told_.problem.empty()) return;
  const char* key = said.contains("custom") ? "input" : "arguments";
  json& text =
      calls[static_cast<size_t>(index)][said.contains("custom") ? "custom" : "function"][key];
  text = text.get<std::string>() + text_of(function, key);
}

void ClientReader::chat_usage(const json& usage) {
  told_.input = count_of(usage, "prompt_tokens");
  told_.output = count_of(usage, "completion_tokens");
  told_.cached = count_of(member_of(usage, "prompt_tokens_details"), "cached_tokens");
}

void ClientReader::chat_end() {
  if (told_.is_finished || is_whole_) {
    require(!told_.finish.empty() || !has_begun_, "the end without a finish reason");
    for (const json& said : member_of(turn_, "tool_calls")) {
      if (said.contains("custom")) {
        call(text_of(said, "id"), text_of(said["custom"], "name"), said["custom"]["input"]);
      } else {
        call(text_of(said, "id"), text_of(member_of(said, "function"), "name"),
             parse_arguments(text_of(member_of(said, "function"), "arguments")));
      }
    }
  } else {
    require(!told_.error.empty(), "neither an end nor an error");
  }
  told_.turn = turn_;
}

// Responses.

void ClientReader::response(const json& response) {
  require(text_of(response, "object") == "response", "no response object");
  const std::string status = text_of(response, "status");
  if (status == "failed") return error(response);
  told_.is_finished = is_over_ = true;
  told_.finish = status == "incomplete"
                     ? text_of(member_of(response, "incomplete_details"), "reason")
                     : status;
  const json& usage = member_of(response, "usage");
  told_.input = count_of(usage, "input_tokens");
  told_.output = count_of(usage, "output_tokens");
  told_.cached = count_of(member_of(usage, "input_tokens_details"), "cached_tokens");
  told_.turn = member_of(response, "output");
  for (const json& item : told_.turn) {
    const std::string type = text_of(item, "type");
    for (const json& part : member_of(item, "summary")) told_.thoughts += text_of(part, "text");
    if (type == "message")
      for (const json& part : member_of(item, "content")) {
        told_.text += text_of(part, "text");
        told_.refusal += text_of(part, "refusal");
      }
    if (type == "function_call")
      call(text_of(item, "call_id"), text_of(item, "name"),
           parse_arguments(text_of(item, "arguments")));
    if (type == "custom_tool_call")
      call(text_of(item, "call_id"), text_of(item, "name"), member_of(item, "input"));
  }
}

}  // namespace omni::test
