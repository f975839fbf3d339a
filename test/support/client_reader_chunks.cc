#include "test/support/client_reader.h"
#include "test/support/json.h"

namespace omni::test {

using nlohmann::json;

// Gemini. Its clients keep every chunk's content as it came.

void ClientReader::content_chunk(const json& chunk) {
  if (chunk.contains("error")) return error(chunk);
  require(!text_of(chunk, "responseId").empty() && !text_of(chunk, "modelVersion").empty(),
          "names of the chunk");
  for (const json& candidate : member_of(chunk, "candidates")) {
    if (candidate.contains("index") && count_of(candidate, "index") != 0) continue;
    require(told_.finish.empty(), "a part behind the finish reason");
    for (const json& part : member_of(member_of(candidate, "content"), "parts")) {
      const json& said = member_of(part, "functionCall");
      if (said.is_object())
        call(text_of(said, "id"), text_of(said, "name"), member_of(said, "args"));
      (member_of(part, "thought") == true ? told_.thoughts : told_.text) += text_of(part, "text");
    }
    turn_.push_back(member_of(candidate, "content"));
    told_.finish = text_of(candidate, "finishReason");
    told_.is_finished |= !told_.finish.empty();
  }
  told_.turn = turn_;
  const json& usage = member_of(chunk, "usageMetadata");
  if (!usage.is_object()) return;
  told_.input = count_of(usage, "promptTokenCount");
  told_.output = std::max<int64_t>(0, count_of(usage, "candidatesTokenCount")) +
                 std::max<int64_t>(0, count_of(usage, "thoughtsTokenCount"));
  told_.cached = count_of(usage, "cachedContentTokenCount");
}

// Ollama.

void ClientReader::line(const json& line) {
  if (line.contains("error")) return error(line);
  if (!std::exchange(has_begun_, true)) turn_ = {{"role", "assistant"}, {"content", ""}};
  require(!text_of(line, "model").empty() && !text_of(line, "created_at").empty(), "names");
  const json& message = member_of(line, "message");
  require(text_of(message, "role") == "assistant", "role");
  turn_["content"] = told_.text += text_of(message, "content");
  told_.thoughts += text_of(message, "thinking");
  if (!told_.thoughts.empty()) turn_["thinking"] = told_.thoughts;
  for (const json& said : member_of(message, "tool_calls")) {
    const json& function = member_of(said, "function");
    call(text_of(said, "id"), text_of(function, "name"), member_of(function, "arguments"));
    turn_["tool_calls"].push_back(said);
  }
  told_.turn = turn_;
  if (member_of(line, "done") != true) return;
  is_over_ = told_.is_finished = true;
  told_.finish = text_of(line, "done_reason");
  told_.input = count_of(line, "prompt_eval_count");
  told_.output = count_of(line, "eval_count");
}

}  // namespace omni::test
