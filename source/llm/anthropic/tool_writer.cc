#include "source/llm/anthropic/tool_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "source/llm/tool_names.h"
#include "source/llm/tool_schema.h"
#include "source/llm/wrapped_answer.h"

namespace omni::llm::anthropic {
namespace {

class ToolWriter {
 public:
  ToolWriter(json::Builder& json, const Request& request, Dropped& dropped,
             std::optional<CallError>& error)
      : json_(json), request_(request), dropped_(dropped), error_(error) {}

  void tools();
  void choice();

 private:
  bool is_allowed(const Tool& tool) const;
  void write(const Tool& tool);
  void hosted(const Tool& tool);
  void format_tool();
  void name(Text name);
  void schema(RawJson schema);

  json::Builder& json_;
  const Request& request_;
  Dropped& dropped_;
  std::optional<CallError>& error_;
};

bool ToolWriter::is_allowed(const Tool& tool) const {
  const std::vector<Text>& names = request_.tool_choice.names;
  return names.empty() || request_.tool_choice.kind == ToolChoice::Kind::kNamed ||
         std::any_of(names.begin(), names.end(),
                     [&](const Text& name) { return name.inside() == tool.name.inside(); });
}

void ToolWriter::name(Text name) {
  json_.begin_text("name");
  append_wire_name(json_.out(), name, kAnthropicNames);
  json_.end_text();
}

void ToolWriter::schema(RawJson schema) {
  json_.key("input_schema");
  append_tool_schema(json_.out(), schema, SchemaRule::kTyped);
  json_.after_value();
}

void ToolWriter::tools() {
  json_.array("tools");
  for (const Tool& tool : request_.tools)
    if (is_allowed(tool)) write(tool);
  if (has_format_tool(request_)) format_tool();
  json_.end_array();
}

void ToolWriter::format_tool() {
  const OutputFormat& format = request_.format;
  json_.object().string("name", kFormatTool);
  if (format.description.is_given()) {
    json_.text("description", format.description.inside());
  } else {
    json_.string("description", "Give the final answer by calling this.");
  }
  std::string sent;
  append_format_schema(sent, request_, Dialect::kAnthropic);
  schema(sent);
  json_.end_object();
}

void ToolWriter::hosted(const Tool& tool) {
  if (may_leave_out(tool, request_)) return dropped_.add(tool.name.inside());
  if (error_) return;
  error_ = CallError{400, "unsupported_value",
                     fmt::format("tools: '{}' runs at its own provider, and this model is at "
                                 "another",
                                 tool.name.inside()),
                     "tools"};
}

void ToolWriter::write(const Tool& tool) {
  if (tool.kind == Tool::Kind::kSpace) return;
  if (tool.origin == Dialect::kAnthropic && !tool.raw.empty()) {
    json_.item(tool.raw);
    return;
  }
  if (tool.kind == Tool::Kind::kHosted) return hosted(tool);
  const bool is_custom = tool.kind == Tool::Kind::kCustom;
  json_.object();
  name(tool.name);
  if (tool.description.is_given()) json_.text("description", tool.description.inside());
  schema(is_custom ? kFreeTextSchema : tool.schema);
  if (tool.strict.value_or(false)) dropped_.add("strict");
  if (is_custom && !tool.raw.empty()) dropped_.add("format");
  if (!tool.cache_control.empty()) json_.member("cache_control", tool.cache_control);
  json_.end_object();
}

void ToolWriter::choice() {
  using Kind = ToolChoice::Kind;
  const ToolChoice& asked = request_.tool_choice;
  const bool one_at_a_time = request_.parallel_tool_calls == false;
  Kind kind = asked.kind;
  if (kind == Kind::kUnset && one_at_a_time) kind = Kind::kAuto;
  // The answer is a call as well: the model chooses among the client's tools and it.
  if (has_format_tool(request_) && kind != Kind::kNamed)
    kind = request_.tools.empty() || kind == Kind::kNone ? Kind::kNamed : Kind::kRequired;
  if (kind == Kind::kUnset) return;
  constexpr std::string_view kWords[] = {"", "auto", "none", "any", "tool"};
  json_.object("tool_choice").string("type", kWords[static_cast<size_t>(kind)]);
  const bool is_answer = kind == Kind::kNamed && asked.kind != Kind::kNamed;
  if (is_answer) {
    json_.string("name", kFormatTool);
  } else if (kind == Kind::kNamed) {
    name(asked.names.front());
  }
  // Two calls would be two answers, one behind the other.
  if ((one_at_a_time && kind != Kind::kNone) || is_answer)
    json_.boolean("disable_parallel_tool_use", true);
  json_.end_object();
}

}  // namespace

void write_tools(json::Builder& json, const Request& request, Dropped& dropped,
                 std::optional<CallError>& error) {
  if (request.tools.empty() && !has_format_tool(request)) return;
  ToolWriter writer(json, request, dropped, error);
  writer.tools();
  writer.choice();
}

}  // namespace omni::llm::anthropic
