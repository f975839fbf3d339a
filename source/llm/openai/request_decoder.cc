#include "source/llm/openai/request_decoder.h"

#include <fmt/format.h>

#include "source/llm/field_walk.h"
#include "source/llm/openai/message_reader.h"
#include "source/llm/openai/setting_reader.h"

namespace omni::llm::openai {
namespace {

using json::Skimmed;

class Decoder {
 public:
  explicit Decoder(Request& out) : out_(out) { out.origin = Dialect::kOpenai; }

  std::optional<CallError> run(std::string_view body) {
    walk_.document(body, [&](const Skimmed& value, const Place& at) { return member(value, at); });
    if (!walk_.error() && out_.messages.empty())
      walk_.fail(Place{nullptr, "messages"}, "must hold at least one message");
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool tool(const Skimmed& value, const Place& at);
  bool function(const Skimmed& value, const Place& at, Tool& out);
  bool tool_choice(const Skimmed& value, const Place& at);
  bool chosen_name(const Skimmed& value, const Place& at);
  bool allowed_tools(const Skimmed& value, const Place& at);
  bool format(const Skimmed& value, const Place& at);
  bool schema(const Skimmed& value, const Place& at);
  bool effort(const Skimmed& value, const Place& at);
  bool reasoning(const Skimmed& value, const Place& at);
  bool thinking(const Skimmed& value, const Place& at);

  FieldWalk walk_;
  Request& out_;
};

bool Decoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  // Read by the call already.
  if (key == "model" || key == "stream" || key == "stream_options") return true;
  if (key == "messages")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return read_message(walk_, item, place, out_);
    });
  if (key == "tools")
    return walk_.items(value, at, [&](auto& item, auto& place) { return tool(item, place); });
  if (key == "functions")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return function(item, place, out_.tools.emplace_back());
    });
  if (key == "tool_choice" || key == "function_call") return tool_choice(value, at);
  if (key == "parallel_tool_calls") return walk_.boolean(value, at, out_.parallel_tool_calls);
  if (key == "response_format") return format(value, at);
  if (key == "reasoning_effort") return effort(value, at);
  if (key == "reasoning") return reasoning(value, at);
  if (key == "thinking") return thinking(value, at);
  if (key == "metadata") return walk_.raw_object(value, at, out_.metadata);
  if (key == "logprobs") return walk_.boolean(value, at, out_.logprobs);
  if (key == "top_logprobs") return walk_.number(value, at, out_.top_logprobs);
  return read_setting(walk_, value, at, out_);
}

bool Decoder::tool(const Skimmed& value, const Place& at) {
  Tool& out = out_.tools.emplace_back();
  Text type;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk_.text(member, place, type);
    if (member.key == "function" || member.key == "custom") return function(member, place, out);
    if (member.key == "cache_control") return walk_.raw_object(member, place, out.cache_control);
    return true;
  });
  if (!ok || !walk_.required(type, at, "type")) return false;
  out.kind = type.is("function") ? Tool::Kind::kFunction
             : type.is("custom") ? Tool::Kind::kCustom
                                 : Tool::Kind::kHosted;
  if (out.kind == Tool::Kind::kHosted) {
    out.name = type;
    return walk_.raw(value, at, out.raw);
  }
  return walk_.required(out.name, Place{&at, type.inside()}, "name");
}

bool Decoder::function(const Skimmed& value, const Place& at, Tool& out) {
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    if (member.key == "parameters") return walk_.raw_object(member, place, out.schema);
    if (member.key == "strict") return walk_.boolean(member, place, out.strict);
    if (member.key == "format") return walk_.raw(member, place, out.raw);
    return true;
  });
  return ok && walk_.required(out.name, at, "name");
}

bool Decoder::tool_choice(const Skimmed& value, const Place& at) {
  using Kind = ToolChoice::Kind;
  if (value.kind == json::Kind::kString) {
    int index = 0;
    if (!walk_.word(value, at, {"auto", "none", "required"}, index)) return false;
    constexpr Kind kKinds[] = {Kind::kAuto, Kind::kNone, Kind::kRequired};
    out_.tool_choice.kind = kKinds[index];
    return true;
  }
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "function" || member.key == "custom") return chosen_name(member, place);
    if (member.key == "allowed_tools") return allowed_tools(member, place);
    if (member.key != "name") return true;  // Of the old function_call.
    out_.tool_choice.kind = Kind::kNamed;
    return walk_.text(member, place, out_.tool_choice.names.emplace_back());
  });
}

bool Decoder::chosen_name(const Skimmed& value, const Place& at) {
  Text name;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    return member.key != "name" || walk_.text(member, place, name);
  });
  if (!ok || !walk_.required(name, at, "name")) return false;
  if (out_.tool_choice.kind == ToolChoice::Kind::kUnset)
    out_.tool_choice.kind = ToolChoice::Kind::kNamed;
  out_.tool_choice.names.push_back(name);
  return true;
}

bool Decoder::allowed_tools(const Skimmed& value, const Place& at) {
  out_.tool_choice.kind = ToolChoice::Kind::kAuto;
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "mode") {
      int index = 0;
      if (!walk_.word(member, place, {"auto", "required"}, index)) return false;
      if (index == 1) out_.tool_choice.kind = ToolChoice::Kind::kRequired;
      return true;
    }
    if (member.key != "tools") return true;
    return walk_.items(member, place, [&](const Skimmed& item, const Place& inner) {
      return walk_.members(item, inner, [&](const Skimmed& tool, const Place& where) {
        return (tool.key != "function" && tool.key != "custom") || chosen_name(tool, where);
      });
    });
  });
}

bool Decoder::format(const Skimmed& value, const Place& at) {
  using Kind = OutputFormat::Kind;
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "json_schema") return schema(member, place);
    if (member.key != "type") return true;
    int index = 0;
    if (!walk_.word(member, place, {"text", "json_object", "json_schema"}, index)) return false;
    constexpr Kind kKinds[] = {Kind::kText, Kind::kJson, Kind::kSchema};
    out_.format.kind = kKinds[index];
    return true;
  });
}

bool Decoder::schema(const Skimmed& value, const Place& at) {
  OutputFormat& out = out_.format;
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    if (member.key == "schema") return walk_.raw_object(member, place, out.schema);
    if (member.key == "strict") return walk_.boolean(member, place, out.strict);
    return true;
  });
}

bool Decoder::effort(const Skimmed& value, const Place& at) {
  using Effort = Reasoning::Effort;
  int index = 0;
  if (!walk_.word(value, at, {"none", "minimal", "low", "medium", "high", "xhigh", "max"}, index))
    return false;
  constexpr Effort kEfforts[] = {Effort::kNone, Effort::kMinimal, Effort::kLow, Effort::kMedium,
                                 Effort::kHigh, Effort::kMax,     Effort::kMax};
  out_.reasoning.effort = kEfforts[index];
  return true;
}

// {effort, max_tokens, exclude, enabled} (openrouter.ai/docs/use-cases/reasoning-tokens).
bool Decoder::reasoning(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "effort") return effort(member, place);
    if (member.key == "max_tokens") return walk_.integer(member, place, out_.reasoning.budget);
    if (member.key == "summary") return walk_.text(member, place, out_.reasoning.summary);
    std::optional<bool> flag;
    if (member.key == "exclude") {
      if (!walk_.boolean(member, place, flag)) return false;
      out_.reasoning.visible = !*flag;
    } else if (member.key == "enabled") {
      if (!walk_.boolean(member, place, flag)) return false;
      if (!*flag) out_.reasoning.effort = Reasoning::Effort::kNone;
    }
    return true;
  });
}

// Anthropic's own field, as other gateways take it in this dialect.
bool Decoder::thinking(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "budget_tokens") return walk_.integer(member, place, out_.reasoning.budget);
    if (member.key != "type") return true;
    int index = 0;
    if (!walk_.word(member, place, {"enabled", "disabled", "adaptive"}, index)) return false;
    if (index == 1) out_.reasoning.budget = 0;
    if (index == 2) out_.reasoning.is_adaptive = true;
    return true;
  });
}

}  // namespace

std::optional<CallError> decode_request(std::string_view body, Request& out) {
  return Decoder(out).run(body);
}

}  // namespace omni::llm::openai
