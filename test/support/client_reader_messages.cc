#include "test/support/client_reader.h"
#include "test/support/json.h"

namespace omni::test {

using nlohmann::json;

void ClientReader::message_event(const std::string& type, const json& event) {
  if (type == "error") return error(event);
  if (type == "message_start") {
    require(!std::exchange(has_begun_, true), "two beginnings");
    turn_ = {{"role", "assistant"}, {"content", json::array()}};
    return message_usage(member_of(member_of(event, "message"), "usage"));
  }
  require(has_begun_, "no message_start in front of " + type);
  json& content = turn_["content"];
  if (type == "content_block_start") {
    require(open_block_ < 0, "a block begins inside another");
    require(told_.finish.empty(), "a block behind the stop reason");
    open_block_ = static_cast<int>(count_of(event, "index"));
    require(open_block_ == static_cast<int>(content.size()), "a block's index");
    content.push_back(member_of(event, "content_block"));
    pieces_.emplace_back();
  } else if (type == "content_block_delta" || type == "content_block_stop") {
    require(open_block_ >= 0 && count_of(event, "index") == open_block_,
            type + " of no open block");
    if (!told_.problem.empty()) return;
    if (type == "content_block_delta") return block_delta(member_of(event, "delta"));
    if (text_of(content.back(), "type") == "tool_use")
      content.back()["input"] = parse_arguments(pieces_.back().empty() ? "{}" : pieces_.back());
    open_block_ = -1;
  } else if (type == "message_delta") {
    require(open_block_ < 0, "message_delta inside a block");
    told_.finish = text_of(member_of(event, "delta"), "stop_reason");
    message_usage(member_of(event, "usage"));
  } else {
    require(type == "message_stop", "an unknown event: " + type);
    require(!told_.finish.empty(), "message_stop without a stop reason");
    is_over_ = told_.is_finished = true;
  }
}

void ClientReader::block_delta(const json& delta) {
  json& block = turn_["content"].back();
  const std::string type = text_of(delta, "type"), kind = text_of(block, "type");
  const auto append = [&](const char* key, const char* in) {
    require(kind == in, type + " in a block of " + kind);
    block[key] = block.value(key, "") + text_of(delta, key);
  };
  if (type == "text_delta") return append("text", "text");
  if (type == "thinking_delta") return append("thinking", "thinking");
  if (type == "signature_delta") return append("signature", "thinking");
  if (type == "citations_delta") return require(kind == "text", "a citation in " + kind);
  require(type == "input_json_delta" && kind == "tool_use", type + " in a block of " + kind);
  pieces_.back() += text_of(delta, "partial_json");
}

void ClientReader::message_usage(const json& usage) {
  const auto known = [](int64_t count) { return std::max<int64_t>(0, count); };
  told_.cached = count_of(usage, "cache_read_input_tokens");
  told_.input = known(count_of(usage, "input_tokens")) + known(told_.cached) +
                known(count_of(usage, "cache_creation_input_tokens"));
  told_.output = count_of(usage, "output_tokens");
}

void ClientReader::message_end() {
  if (!is_whole_) require(told_.is_finished || !told_.error.empty(), "neither an end nor an error");
  for (const json& block : member_of(turn_, "content")) {
    const std::string type = text_of(block, "type");
    if (type == "text") told_.text += text_of(block, "text");
    if (type == "thinking") told_.thoughts += text_of(block, "thinking");
    if (type == "tool_use" && told_.is_finished)
      call(text_of(block, "id"), text_of(block, "name"), member_of(block, "input"));
    if (type == "text") require(!text_of(block, "text").empty(), "an empty text block");
  }
  told_.turn = turn_;
}

}  // namespace omni::test
