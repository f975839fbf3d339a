#include "test/support/response_accumulator.h"
#include "test/support/json.h"

namespace omni::test {
namespace {

using nlohmann::json;

class Accumulator {
 public:
  void event(const std::string& name, const json& event) {
    if (!out_.error.empty()) return;
    const std::string type = event.value("type", "");
    out_.types.push_back(type);
    require(name == type, "event line and type differ: " + name);
    require(event.value("sequence_number", -1) == next_++, "sequence_number of " + type);
    if (out_.types.size() == 1) require(type == "response.created", "begins with " + type);
    if (event.contains("response")) {
      require(event["response"].value("object", "") == "response", "no response object");
      out_.last = event["response"];
      return;
    }
    if (type == "response.output_item.added") return added(event);
    const size_t index = event.value("output_index", size_t{999});
    require(index < out_.output.size(), "no item for " + type);
    if (!out_.error.empty()) return;
    json& item = out_.output[index];
    if (type == "response.output_item.done") {
      require(item["id"] == event["item"]["id"] && item["type"] == event["item"]["type"], "item");
      if (item["type"] == "message")
        require(item["content"] == event["item"]["content"], "content");
      if (item.contains("arguments"))
        require(item["arguments"] == event["item"]["arguments"], type);
      if (item.contains("summary")) require(item["summary"] == event["item"]["summary"], type);
      item = event["item"];
      return;
    }
    require(event.value("item_id", "") == item["id"], "item_id of " + type);
    if (out_.error.empty()) part(type, event, item);
  }

  Accumulated take() { return std::move(out_); }

 private:
  void require(bool holds, const std::string& rule) {
    if (!holds && out_.error.empty()) out_.error = rule;
  }

  void added(const json& event) {
    require(event.value("output_index", size_t{999}) == out_.output.size(), "output_index");
    const json& item = event["item"];
    require(!item.value("id", "").empty() && ids_.insert(item["id"]).second, "id");
    if (item.contains("call_id")) require(!item["call_id"].get<std::string>().empty(), "call_id");
    out_.output.push_back(item);
  }

  void part(const std::string& type, const json& event, json& item) {
    const auto at = [&](const char* row, const char* index) -> json& {
      json& parts = item[row];
      require(event.contains(index) && event[index].get<size_t>() < parts.size(), type);
      return out_.error.empty() ? parts[event[index].get<size_t>()] : scratch_;
    };
    const auto append = [&](json& to, const char* key) {
      to[key] = to.value(key, "") + event.value("delta", "");
    };
    if (type == "response.content_part.added") item["content"].push_back(event["part"]);
    if (type == "response.content_part.done") at("content", "content_index") = event["part"];
    if (type == "response.output_text.delta") {
      require(event.contains("logprobs"), "logprobs");
      append(at("content", "content_index"), "text");
    }
    if (type == "response.output_text.done")
      require(at("content", "content_index").value("text", "") == event["text"], type);
    if (type == "response.output_text.annotation.added")
      at("content", "content_index")["annotations"].push_back(event["annotation"]);
    if (type == "response.refusal.delta") append(at("content", "content_index"), "refusal");
    if (type == "response.reasoning_summary_part.added") item["summary"].push_back(event["part"]);
    if (type == "response.reasoning_summary_text.delta")
      append(at("summary", "summary_index"), "text");
    if (type == "response.function_call_arguments.delta") append(item, "arguments");
    if (type == "response.function_call_arguments.done")
      require(item["arguments"] == event["arguments"] && item["name"] == event["name"], type);
    if (type == "response.custom_tool_call_input.delta") append(item, "input");
  }

  Accumulated out_;
  json scratch_ = json::object();
  std::set<std::string> ids_;
  int next_ = 0;
};

}  // namespace

Accumulated accumulate(std::string_view stream) {
  Accumulator accumulator;
  while (!stream.empty()) {
    const size_t end = stream.find("\n\n");
    const std::string_view frame = stream.substr(0, end);
    const size_t data = frame.find("\ndata: ");
    if (end == std::string_view::npos || data == std::string_view::npos) break;
    accumulator.event(std::string(frame.substr(7, data - 7)),
                      parse_json_if_valid(frame.substr(data + 7)));
    stream.remove_prefix(end + 2);
  }
  Accumulated out = accumulator.take();
  if (out.error.empty() && !stream.empty()) out.error = "rest: " + std::string(stream);
  return out;
}

}  // namespace omni::test
