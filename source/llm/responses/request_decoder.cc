#include "source/llm/responses/request_decoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/llm/field_walk.h"
#include "source/llm/responses/item_reader.h"
#include "source/llm/responses/tool_reader.h"

namespace omni::llm::responses {
namespace {

using json::Skimmed;

bool has_extra(const Request& request, std::string_view key) {
  return std::any_of(request.extras.begin(), request.extras.end(),
                     [key](const Extra& extra) { return extra.key == key; });
}

class Decoder {
 public:
  explicit Decoder(Request& out) : out_(out), items_(walk_, out) {
    out.origin = Dialect::kOpenaiResponses;
  }

  std::optional<CallError> run(std::string_view body) {
    if (walk_.document(body, [&](auto& value, auto& at) { return member(value, at); })) finish();
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool numbers(const Skimmed& value, const Place& at);
  bool input(const Skimmed& value, const Place& at);
  bool text_config(const Skimmed& value, const Place& at);
  bool format(const Skimmed& value, const Place& at);
  bool reasoning(const Skimmed& value, const Place& at);
  bool include(const Skimmed& value, const Place& at);
  void finish();

  FieldWalk walk_;
  Request& out_;
  ItemReader items_;
  Text instructions_;
  bool has_input_ = false;
};

bool Decoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  // Read by the call already; a response is never made in the background.
  if (key == "model" || key == "stream" || key == "stream_options" || key == "background")
    return true;
  if (key == "input") return input(value, at);
  if (key == "instructions") return walk_.text(value, at, instructions_);
  if (key == "tools")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return read_tool(walk_, out_, item, place);
    });
  if (key == "tool_choice") return read_tool_choice(walk_, out_, value, at);
  if (key == "parallel_tool_calls") return walk_.boolean(value, at, out_.parallel_tool_calls);
  if (key == "text") return text_config(value, at);
  if (key == "reasoning") return reasoning(value, at);
  if (key == "user") return walk_.text(value, at, out_.user);
  if (key == "metadata") return walk_.raw_object(value, at, out_.metadata);
  if (key == "include") return include(value, at);
  return numbers(value, at);
}

bool Decoder::numbers(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "max_output_tokens") return walk_.integer(value, at, out_.max_tokens);
  if (key == "temperature") return walk_.number(value, at, out_.temperature);
  if (key == "top_p") return walk_.number(value, at, out_.top_p);
  if (key != "top_logprobs") return read_extra(walk_, out_, key, value, at);
  // Chat Completions wants to be told both.
  out_.logprobs = true;
  return walk_.number(value, at, out_.top_logprobs);
}

bool Decoder::input(const Skimmed& value, const Place& at) {
  has_input_ = true;
  if (value.kind == json::Kind::kString) {
    Message& message = out_.messages.emplace_back();
    return walk_.text(value, at, message.parts.emplace_back().text);
  }
  if (value.kind != json::Kind::kArray)
    return walk_.fail(at, "must be a string or an array of items");
  return walk_.items(value, at, [&](auto& item, auto& place) { return items_.read(item, place); });
}

bool Decoder::text_config(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "format") return format(member, place);
    // A member of its own in Chat Completions.
    return member.key != "verbosity" || read_extra(walk_, out_, "verbosity", member, place);
  });
}

bool Decoder::format(const Skimmed& value, const Place& at) {
  using Kind = OutputFormat::Kind;
  OutputFormat& out = out_.format;
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    if (member.key == "schema") return walk_.raw_object(member, place, out.schema);
    if (member.key == "strict") return walk_.boolean(member, place, out.strict);
    if (member.key != "type") return true;
    int index = 0;
    if (!walk_.word(member, place, {"text", "json_object", "json_schema"}, index)) return false;
    constexpr Kind kKinds[] = {Kind::kText, Kind::kJson, Kind::kSchema};
    out.kind = kKinds[index];
    return true;
  });
}

bool Decoder::reasoning(const Skimmed& value, const Place& at) {
  using Effort = Reasoning::Effort;
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "summary" || member.key == "generate_summary") {
      out_.reasoning.visible = true;
      return walk_.text(member, place, out_.reasoning.summary);
    }
    if (member.key != "effort") return true;
    int index = 0;
    if (!walk_.word(member, place, {"none", "minimal", "low", "medium", "high", "xhigh", "max"},
                    index))
      return false;
    constexpr Effort kEfforts[] = {Effort::kNone, Effort::kMinimal, Effort::kLow, Effort::kMedium,
                                   Effort::kHigh, Effort::kMax,     Effort::kMax};
    out_.reasoning.effort = kEfforts[index];
    return true;
  });
}

bool Decoder::include(const Skimmed& value, const Place& at) {
  const bool ok = walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    Text word;
    if (!walk_.text(item, place, word)) return false;
    if (word.is("message.output_text.logprobs")) out_.logprobs = true;
    return true;
  });
  return ok && read_extra(walk_, out_, "include", value, at);
}

void Decoder::finish() {
  const bool has_state = has_extra(out_, "previous_response_id") ||
                         has_extra(out_, "conversation") || has_extra(out_, "prompt");
  if (!has_input_ && !has_state) {
    walk_.fail(Place{nullptr, "input"}, "is missing");
    return;
  }
  if (out_.messages.empty() && !has_state)
    out_.messages.emplace_back().parts.emplace_back().text = Text("...");
  if (!instructions_.is_given()) return;
  Message system;
  system.role = Role::kSystem;
  system.parts.emplace_back().text = instructions_;
  out_.messages.insert(out_.messages.begin(), std::move(system));
}

}  // namespace

std::optional<CallError> decode_request(std::string_view body, Request& out) {
  return Decoder(out).run(body);
}

std::optional<CallError> needs_provider(const Request& request) {
  if (request.origin != Dialect::kOpenaiResponses) return std::nullopt;
  if (has_extra(request, "previous_response_id"))
    return CallError{400, "previous_response_not_found", "Previous response not found.",
                     "previous_response_id"};
  for (const std::string_view key : {"conversation", "prompt"})
    if (has_extra(request, key))
      return CallError{
          400, "unsupported_value",
          fmt::format("{0}: is kept by OpenAI, and this model is at another provider", key),
          std::string(key)};
  return std::nullopt;
}

}  // namespace omni::llm::responses
