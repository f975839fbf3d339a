#include "source/llm/gemini/request_decoder.h"

#include <fmt/format.h>

#include "source/llm/field_walk.h"
#include "source/llm/gemini/config_reader.h"
#include "source/llm/gemini/content_reader.h"
#include "source/llm/gemini/model_turns.h"
#include "source/llm/gemini/names.h"
#include "source/llm/gemini/schema.h"

namespace omni::llm::gemini {
namespace {

using json::Skimmed;

class Decoder {
 public:
  explicit Decoder(Request& out) : out_(out), ids_(out) { out.origin = Dialect::kGemini; }

  std::optional<CallError> run(std::string_view body) {
    walk_.document(body, [&](const Skimmed& value, const Place& at) { return member(value, at); });
    if (!walk_.error() && !has_contents_) walk_.fail(Place{nullptr, "contents"}, "is missing");
    if (!walk_.error()) join_model_turns(out_);
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool contents(const Skimmed& value, const Place& at);
  bool system(const Skimmed& value, const Place& at);
  bool tool(const Skimmed& value, const Place& at);
  bool hosted(const Skimmed& value, const Place& at);
  bool function(const Skimmed& value, const Place& at);
  bool schema(const Skimmed& value, const Place& at, Tool& out);
  bool tool_config(const Skimmed& value, const Place& at);
  bool calling(const Skimmed& value, const Place& at);
  bool mode(const Skimmed& value, const Place& at);

  FieldWalk walk_;
  Request& out_;
  CallIds ids_;
  bool has_contents_ = false, has_system_ = false;
};

bool Decoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  // They stand in the path.
  if (key == "model" || key == "stream") return true;
  if (key == "contents") return contents(value, at);
  // Of countTokens, which takes a whole request as well as contents alone.
  if (key == "generateContentRequest")
    return walk_.members(value, at, [&](auto& inner, auto& place) { return member(inner, place); });
  if (is_key(key, "systemInstruction")) return system(value, at);
  if (is_key(key, "generationConfig")) return read_config(walk_, value, at, out_);
  if (key == "tools")
    return walk_.items(value, at, [&](auto& item, auto& place) { return tool(item, place); });
  if (is_key(key, "toolConfig")) return tool_config(value, at);
  return read_extra(walk_, {}, value, at, out_);
}

bool Decoder::contents(const Skimmed& value, const Place& at) {
  return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    has_contents_ = true;
    return read_content(walk_, ids_, item, place, out_);
  });
}

// It may stand behind the contents, and comes first all the same.
bool Decoder::system(const Skimmed& value, const Place& at) {
  if (std::exchange(has_system_, true)) return walk_.fail(at, "stands there twice");
  const size_t before = out_.messages.size();
  if (!read_system(walk_, value, at, out_)) return false;
  if (out_.messages.size() == before) return true;
  Message message = std::move(out_.messages.back());
  out_.messages.pop_back();
  out_.messages.insert(out_.messages.begin(), std::move(message));
  return true;
}

bool Decoder::tool(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (!is_key(member.key, "functionDeclarations")) return hosted(member, place);
    return walk_.items(member, place,
                       [&](auto& item, auto& inner) { return function(item, inner); });
  });
}

bool Decoder::hosted(const Skimmed& value, const Place& at) {
  Tool& out = out_.tools.emplace_back();
  out.kind = Tool::Kind::kHosted;
  out.origin = Dialect::kGemini;
  std::string name;
  append_escaped(name, value.key);
  out.name = Text(out_.keep(std::move(name)));
  RawJson settings;
  if (!walk_.raw(value, at, settings)) return false;
  out.raw = out_.keep(fmt::format(R"({{"{}":{}}})", out.name.inside(), settings));
  return true;
}

bool Decoder::function(const Skimmed& value, const Place& at) {
  Tool& out = out_.tools.emplace_back();
  out.origin = Dialect::kGemini;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    return schema(member, place, out);
  });
  // As it stood, for its own dialect: it may say more than the neutral form does.
  return ok && walk_.required(out.name, at, "name") && walk_.raw(value, at, out.raw);
}

bool Decoder::schema(const Skimmed& value, const Place& at, Tool& out) {
  if (is_key(value.key, "parametersJsonSchema")) return walk_.raw_object(value, at, out.schema);
  if (value.key != "parameters") return true;
  RawJson schema;
  if (!walk_.raw_object(value, at, schema)) return false;
  std::string converted;
  append_json_schema(converted, schema);
  out.schema = out_.keep(std::move(converted));
  return true;
}

bool Decoder::tool_config(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (is_key(member.key, "functionCallingConfig")) return calling(member, place);
    return read_extra(walk_, kInToolConfig, member, place, out_);
  });
}

bool Decoder::calling(const Skimmed& value, const Place& at) {
  ToolChoice& choice = out_.tool_choice;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "mode") return mode(member, place);
    if (!is_key(member.key, "allowedFunctionNames"))
      return read_extra(walk_, kInCalling, member, place, out_);
    return walk_.items(member, place, [&](const Skimmed& item, const Place& inner) {
      return walk_.text(item, inner, choice.names.emplace_back());
    });
  });
  if (choice.kind == ToolChoice::Kind::kRequired && choice.names.size() == 1)
    choice.kind = ToolChoice::Kind::kNamed;
  return ok;
}

// FunctionCallingConfig.Mode.
bool Decoder::mode(const Skimmed& value, const Place& at) {
  using Choice = ToolChoice::Kind;
  int index = 0;
  if (!walk_.word(value, at, {"AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"}, index))
    return false;
  constexpr Choice kKinds[] = {Choice::kAuto, Choice::kRequired, Choice::kNone, Choice::kAuto,
                               Choice::kUnset};
  out_.tool_choice.kind = kKinds[index];
  // Others know no promise that arguments fit their schema.
  return index != 3 || read_extra(walk_, kInCalling, value, at, out_);
}

}  // namespace

std::optional<CallError> decode_request(std::string_view body, Request& out) {
  return Decoder(out).run(body);
}

std::optional<CallError> needs_provider(const Request& request) {
  if (request.origin != Dialect::kGemini) return std::nullopt;
  for (const Extra& extra : request.extras)
    if (is_key(extra.key, "cachedContent") && extra.value != "null")
      return CallError{
          400, "unsupported_value",
          fmt::format("{}: is kept by Google, and this model is at another provider", extra.key),
          std::string(extra.key)};
  return std::nullopt;
}

}  // namespace omni::llm::gemini
