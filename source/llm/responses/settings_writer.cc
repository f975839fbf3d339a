#include "source/llm/responses/settings_writer.h"

#include <algorithm>

#include "source/json/skim.h"
#include "source/llm/parts.h"
#include "source/llm/tool_schema.h"
#include "source/llm/wrapped_answer.h"

namespace omni::llm::responses {
namespace {

// Chat Completions' {type: grammar, grammar: {definition, syntax}} without the inner object.
void write_format(json::Builder& json, RawJson format) {
  json::Skimmer skimmer(format, json::Kind::kObject);
  json::Skimmed member;
  while (skimmer.next(member)) {
    if (member.key != "grammar" || member.kind != json::Kind::kObject) continue;
    json.object("format").string("type", "grammar");
    json::Skimmer inner(member);
    json::Skimmed part;
    while (inner.next(part))
      if (part.key == "definition" || part.key == "syntax") json.member(part.key, part.raw);
    json.end_object();
    return;
  }
  json.member("format", format);
}

void write_name(json::Builder& json, Text name, const NameRule* sent) {
  json.begin_text("name");
  append_wire_name(json.out(), name, sent != nullptr ? *sent : NameRule());
  json.end_text();
}

void write_schema(json::Builder& json, RawJson schema, const NameRule* sent) {
  json.key("parameters");
  if (sent != nullptr || schema.empty()) {
    append_tool_schema(json.out(), schema, SchemaRule::kWithProperties);
  } else {
    json.out() += schema;
  }
  json.after_value();
}

void write_tool(json::Builder& json, const Request& request, const Tool& tool,
                const NameRule* sent) {
  const bool is_custom = tool.kind == Tool::Kind::kCustom;
  json.object().string("type", is_custom ? "custom" : "function");
  write_name(json, tool.name, sent);
  if (tool.description.is_given()) json.text("description", tool.description.inside());
  if (is_custom) {
    if (!tool.raw.empty()) write_format(json, tool.raw);
  } else {
    write_schema(json, tool.schema, sent);
    // Strict is the default here, and nowhere else.
    if (tool.strict || request.origin != Dialect::kOpenaiResponses)
      json.boolean("strict", tool.strict.value_or(false));
  }
  json.end_object();
}

bool is_custom(const Request& request, Text name) {
  return std::any_of(request.tools.begin(), request.tools.end(), [&](const Tool& tool) {
    return tool.kind == Tool::Kind::kCustom && tool.name.inside() == name.inside();
  });
}

void write_named(json::Builder& json, const Request& request, Text name, const NameRule* sent) {
  json.object().string("type", is_custom(request, name) ? "custom" : "function");
  write_name(json, name, sent);
  json.end_object();
}

}  // namespace

void write_tools(json::Builder& json, const Request& request, const NameRule* sent) {
  for (const Tool& tool : request.tools) {
    if (tool.space.is_given()) continue;
    if (tool.kind == Tool::Kind::kHosted || tool.kind == Tool::Kind::kSpace) {
      if (tool.origin == Dialect::kOpenaiResponses) json.item(tool.raw);
    } else {
      write_tool(json, request, tool, sent);
    }
  }
}

void write_tool_choice(json::Builder& json, const Request& request, const NameRule* sent) {
  using Kind = ToolChoice::Kind;
  const ToolChoice& choice = request.tool_choice;
  if (choice.kind == Kind::kNamed) return write_named(json, request, choice.names.front(), sent);
  constexpr std::string_view kWords[] = {"auto", "auto", "none", "required"};
  const std::string_view word = kWords[static_cast<size_t>(choice.kind)];
  if (choice.names.empty()) {
    json.string_item(word);
    return;
  }
  json.object().string("type", "allowed_tools").string("mode", word).array("tools");
  for (const Text& name : choice.names) write_named(json, request, name, sent);
  json.end_array().end_object();
}

void write_text_config(json::Builder& json, const Request& request) {
  using Kind = OutputFormat::Kind;
  const OutputFormat& format = request.format;
  if (format.kind == Kind::kText) json.member("format", R"({"type":"text"})");
  if (format.kind == Kind::kJson) json.member("format", R"({"type":"json_object"})");
  if (format.kind == Kind::kSchema) {
    json.object("format").string("type", "json_schema");
    json.text("name", format.name.is_given() ? format.name.inside() : "answer");
    if (format.description.is_given()) json.text("description", format.description.inside());
    std::string schema;
    append_format_schema(schema, request, Dialect::kOpenaiResponses);
    json.member("schema", schema.empty() ? "{}" : schema);
    if (format.strict) json.boolean("strict", *format.strict);
    json.end_object();
  }
  if (const Extra* verbosity = find_extra(request, "verbosity"))
    json.member("verbosity", verbosity->value);
}

std::string_view effort_word(const Request& request) {
  using Effort = Reasoning::Effort;
  const Reasoning& reasoning = request.reasoning;
  Effort effort = reasoning.effort;
  if (effort == Effort::kUnset && reasoning.budget) effort = effort_of(*reasoning.budget);
  // Off is what models without an effort do anyway, and most refuse the word.
  const bool is_same_words =
      request.origin == Dialect::kOpenai || request.origin == Dialect::kOpenaiResponses;
  if (effort == Effort::kNone && !is_same_words) return {};
  return name_of(effort);
}

const Extra* find_extra(const Request& request, std::string_view key) {
  for (const Extra& extra : request.extras)
    if (extra.key == key) return &extra;
  return nullptr;
}

}  // namespace omni::llm::responses
