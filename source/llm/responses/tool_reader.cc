#include "source/llm/responses/tool_reader.h"

#include <fmt/format.h>

#include <utility>

#include "source/llm/responses/tool_space.h"

namespace omni::llm::responses {
namespace {

using json::Skimmed;

// A custom tool's format: {type: grammar, definition, syntax} here, with a `grammar` object around
// the latter two in Chat Completions.
bool read_format(FieldWalk& walk, Request& request, const Skimmed& value, const Place& at,
                 RawJson& out) {
  Text type;
  RawJson definition, syntax;
  const bool ok = walk.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk.text(member, place, type);
    if (member.key == "definition") return walk.raw(member, place, definition);
    if (member.key == "syntax") return walk.raw(member, place, syntax);
    return true;
  });
  if (!ok) return false;
  if (!type.is("grammar") || definition.empty() || syntax.empty()) return walk.raw(value, at, out);
  out = request.keep(fmt::format(
      R"({{"type":"grammar","grammar":{{"definition":{},"syntax":{}}}}})", definition, syntax));
  return true;
}

void put_in_space(Request& request, Text space, size_t index) {
  Tool& tool = request.tools[index];
  if (tool.kind != Tool::Kind::kFunction && tool.kind != Tool::Kind::kCustom) return;
  tool.space = space;
  tool.bare = tool.name;
  std::string name;
  append_escaped(name, name_in_space(space.decoded(), tool.name.decoded()));
  tool.name = Text(request.keep(std::move(name)));
}

// What a choice says, read before it is known what it is.
struct Choice {
  Text type, name, mode;
  std::vector<Text> names;
  bool has_hosted = false;
};

bool read_allowed(FieldWalk& walk, const Skimmed& value, const Place& at, Choice& out) {
  return walk.items(value, at, [&](const Skimmed& item, const Place& place) {
    Text type, name;
    const bool ok = walk.members(item, place, [&](const Skimmed& member, const Place& inner) {
      if (member.key == "type") return walk.text(member, inner, type);
      return member.key != "name" || walk.text(member, inner, name);
    });
    if (!ok) return false;
    if (!type.is("function") && !type.is("custom")) return out.has_hosted = true, true;
    out.names.push_back(name);
    return walk.required(name, place, "name");
  });
}

}  // namespace

bool read_extra(FieldWalk& walk, Request& request, std::string_view key, const Skimmed& value,
                const Place& at) {
  Extra& out = request.extras.emplace_back();
  out.key = request.keep(std::string(key));
  return walk.raw(value, at, out.value);
}

namespace {

// Its tools, each under the name that holds the namespace's as well.
bool read_space(FieldWalk& walk, Request& request, const Skimmed& value, const Place& at) {
  Text space;
  std::optional<Skimmed> tools;
  Tool& whole = request.tools.emplace_back();
  whole.kind = Tool::Kind::kSpace;
  whole.origin = Dialect::kOpenaiResponses;
  if (!walk.raw(value, at, whole.raw)) return false;
  const bool ok = walk.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "tools") tools = member;
    return member.key != "name" || walk.text(member, place, space);
  });
  if (!ok || !walk.required(space, at, "name") || !tools) return ok;
  return walk.items(*tools, Place{&at, "tools"}, [&](const Skimmed& item, const Place& place) {
    const size_t begin = request.tools.size();
    if (!read_tool(walk, request, item, place)) return false;
    for (size_t i = begin; i < request.tools.size(); ++i) put_in_space(request, space, i);
    return true;
  });
}

}  // namespace

bool read_tool(FieldWalk& walk, Request& request, const Skimmed& value, const Place& at) {
  Tool& out = request.tools.emplace_back();
  out.origin = Dialect::kOpenaiResponses;
  Text type;
  std::optional<Skimmed> format, strict, name, description, parameters;
  const bool ok = walk.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk.text(member, place, type);
    if (member.key == "name") name = member;
    if (member.key == "description") description = member;
    if (member.key == "parameters") parameters = member;
    if (member.key == "strict") strict = member;
    if (member.key == "format") format = member;
    return true;
  });
  if (!ok || !walk.required(type, at, "type")) return false;
  if (type.is("namespace")) {
    request.tools.pop_back();
    return read_space(walk, request, value, at);
  }
  out.kind = type.is("function") ? Tool::Kind::kFunction
             : type.is("custom") ? Tool::Kind::kCustom
                                 : Tool::Kind::kHosted;
  if (out.kind == Tool::Kind::kHosted) {
    out.name = type;
    return walk.raw(value, at, out.raw);
  }
  return (!name || walk.text(*name, Place{&at, "name"}, out.name)) &&
         walk.required(out.name, at, "name") &&
         (!description || walk.text(*description, Place{&at, "description"}, out.description)) &&
         (!parameters || walk.raw_object(*parameters, Place{&at, "parameters"}, out.schema)) &&
         (!strict || walk.boolean(*strict, Place{&at, "strict"}, out.strict)) &&
         (!format || read_format(walk, request, *format, Place{&at, "format"}, out.raw));
}

bool read_tool_choice(FieldWalk& walk, Request& request, const Skimmed& value, const Place& at) {
  using Kind = ToolChoice::Kind;
  ToolChoice& out = request.tool_choice;
  if (value.kind == json::Kind::kString) {
    int index = 0;
    if (!walk.word(value, at, {"auto", "none", "required"}, index)) return false;
    constexpr Kind kKinds[] = {Kind::kAuto, Kind::kNone, Kind::kRequired};
    out.kind = kKinds[index];
    return true;
  }
  Choice choice;
  const bool ok = walk.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk.text(member, place, choice.type);
    if (member.key == "name") return walk.text(member, place, choice.name);
    if (member.key == "mode") return walk.text(member, place, choice.mode);
    return member.key != "tools" || read_allowed(walk, member, place, choice);
  });
  if (!ok || !walk.required(choice.type, at, "type")) return false;
  if (choice.type.is("function") || choice.type.is("custom")) {
    out.kind = Kind::kNamed;
    out.names.push_back(choice.name);
    return walk.required(choice.name, at, "name");
  }
  if (!choice.type.is("allowed_tools") || choice.has_hosted)
    return read_extra(walk, request, "tool_choice", value, at);
  out.kind = choice.mode.is("required") ? Kind::kRequired : Kind::kAuto;
  out.names = std::move(choice.names);
  return true;
}

}  // namespace omni::llm::responses
