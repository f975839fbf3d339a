#include "source/llm/anthropic/request_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "source/llm/anthropic/block_reader.h"
#include "source/llm/parts.h"

namespace omni::llm::anthropic {
namespace {

using json::Skimmed;

class Decoder {
 public:
  explicit Decoder(Request& out) : out_(out) { out.origin = Dialect::kAnthropic; }

  std::optional<CallError> run(std::string_view body) {
    walk_.document(body, [&](const Skimmed& value, const Place& at) { return member(value, at); });
    if (!walk_.error() && !has_messages_) walk_.fail(Place{nullptr, "messages"}, "is missing");
    // The row begins with what stands outside of it.
    if (!system_.parts.empty()) out_.messages.insert(out_.messages.begin(), std::move(system_));
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool message(const Skimmed& value, const Place& at);
  void add_user(std::vector<Part>&& parts);
  bool tool(const Skimmed& value, const Place& at);
  void note_own(const Skimmed& value, Tool& out);
  bool tool_choice(const Skimmed& value, const Place& at);
  bool thinking(const Skimmed& value, const Place& at);
  bool output_config(const Skimmed& value, const Place& at);
  bool format(const Skimmed& value, const Place& at);
  bool metadata(const Skimmed& value, const Place& at);
  bool extra(const Skimmed& value, const Place& at);

  FieldWalk walk_;
  Request& out_;
  Message system_{.role = Role::kSystem};
  bool has_messages_ = false;
};

bool Decoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "model" || key == "stream") return true;
  if (key == "messages") {
    has_messages_ = true;
    return walk_.items(value, at, [&](auto& item, auto& place) { return message(item, place); });
  }
  if (key == "system") return read_content(walk_, value, at, out_, system_.parts);
  if (key == "tools")
    return walk_.items(value, at, [&](auto& item, auto& place) { return tool(item, place); });
  if (key == "tool_choice") return tool_choice(value, at);
  if (key == "max_tokens") return walk_.integer(value, at, out_.max_tokens);
  if (key == "temperature") return walk_.number(value, at, out_.temperature);
  if (key == "top_p") return walk_.number(value, at, out_.top_p);
  if (key == "top_k") return walk_.number(value, at, out_.top_k);
  if (key == "stop_sequences")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return walk_.text(item, place, out_.stop.emplace_back());
    });
  if (key == "thinking") return thinking(value, at);
  if (key == "output_config") return output_config(value, at);
  if (key == "output_format") return format(value, at);
  if (key == "metadata") return metadata(value, at);
  return extra(value, at);
}

bool Decoder::extra(const Skimmed& value, const Place& at) {
  Extra& out = out_.extras.emplace_back();
  out.key = out_.keep(std::string(value.key));
  return walk_.raw(value, at, out.value);
}

bool Decoder::message(const Skimmed& value, const Place& at) {
  std::optional<int> role;
  std::vector<Part> parts;
  bool has_content = false;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "role") {
      return walk_.word(member, place, {"user", "assistant", "system"}, role.emplace());
    }
    if (member.key != "content") return true;
    has_content = true;
    return read_content(walk_, member, place, out_, parts);
  });
  if (!ok) return false;
  if (!role) return walk_.fail(Place{&at, "role"}, "is missing");
  if (!has_content) return walk_.fail(Place{&at, "content"}, "is missing");
  if (*role != 1 && has_kind(parts, PartKind::kToolCall))
    return walk_.fail(Place{&at, "content"}, "a tool_use stands in the assistant's messages only");
  if (*role != 0 && has_kind(parts, PartKind::kToolResult))
    return walk_.fail(Place{&at, "content"}, "a tool_result stands in the user's messages only");
  if (*role == 0) return add_user(std::move(parts)), true;
  out_.messages.push_back(
      {.role = *role == 1 ? Role::kAssistant : Role::kSystem, .parts = std::move(parts)});
  return true;
}

// Results first, as the vendor asks of its clients; then what the user says.
void Decoder::add_user(std::vector<Part>&& parts) {
  const auto said = std::stable_partition(parts.begin(), parts.end(), [](const Part& part) {
    return part.kind == PartKind::kToolResult;
  });
  Message results{.role = Role::kTool}, user{.role = Role::kUser};
  std::move(parts.begin(), said, std::back_inserter(results.parts));
  std::move(said, parts.end(), std::back_inserter(user.parts));
  if (!results.parts.empty()) out_.messages.push_back(std::move(results));
  if (!user.parts.empty()) out_.messages.push_back(std::move(user));
}

bool Decoder::tool(const Skimmed& value, const Place& at) {
  Tool& out = out_.tools.emplace_back();
  out.origin = Dialect::kAnthropic;
  Text type;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk_.text(member, place, type);
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    if (member.key == "input_schema") return walk_.raw_object(member, place, out.schema);
    if (member.key == "strict") return walk_.boolean(member, place, out.strict);
    if (member.key == "cache_control") return walk_.raw_object(member, place, out.cache_control);
    return note_own(member, out), true;
  });
  if (!ok) return false;
  if (type.is_given() && !type.is("custom")) {
    out.kind = Tool::Kind::kHosted;
    out.name = type;
    return walk_.raw(value, at, out.raw);
  }
  if (!out.own_members.empty() && !walk_.raw(value, at, out.raw)) return false;
  return walk_.required(out.name, at, "name");
}

// docs.claude.com/en/docs/agents-and-tools/tool-use: what no other vendor's tools have.
void Decoder::note_own(const Skimmed& value, Tool& out) {
  const bool is_own =
      (value.key == "defer_loading" && value.is_true()) ||
      (value.key == "input_examples" && value.kind == json::Kind::kArray && value.raw != "[]");
  if (!is_own) return;
  out.own_members = out.own_members.empty()
                        ? out_.keep(std::string(value.key))
                        : out_.keep(fmt::format("{},{}", out.own_members, value.key));
}

bool Decoder::tool_choice(const Skimmed& value, const Place& at) {
  using Kind = ToolChoice::Kind;
  ToolChoice& out = out_.tool_choice;
  Text name;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, name);
    if (member.key == "disable_parallel_tool_use") {
      std::optional<bool> off;
      if (!walk_.boolean(member, place, off)) return false;
      out_.parallel_tool_calls = !*off;
      return true;
    }
    if (member.key != "type") return true;
    int index = 0;
    if (!walk_.word(member, place, {"auto", "any", "tool", "none"}, index)) return false;
    constexpr Kind kKinds[] = {Kind::kAuto, Kind::kRequired, Kind::kNamed, Kind::kNone};
    out.kind = kKinds[index];
    return true;
  });
  if (!ok || out.kind != Kind::kNamed) return ok;
  out.names.push_back(name);
  return walk_.required(name, at, "name");
}

bool Decoder::thinking(const Skimmed& value, const Place& at) {
  Reasoning& out = out_.reasoning;
  int index = -1;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "budget_tokens") return walk_.integer(member, place, out.budget);
    if (member.key == "display" && member.kind != json::Kind::kNull) {
      int display = 0;
      if (!walk_.word(member, place, {"omitted", "summarized"}, display)) return false;
      out.visible = display == 1;
    }
    if (member.key != "type") return true;
    return walk_.word(member, place, {"enabled", "disabled", "adaptive", "between_tools"}, index);
  });
  if (index == 1) out.budget = 0;
  if (index >= 2) out.is_adaptive = true;
  return ok;
}

bool Decoder::output_config(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "format") return format(member, place);
    if (member.key != "effort") return true;
    int index = 0;
    if (!walk_.word(member, place, {"low", "medium", "high", "xhigh", "max"}, index)) return false;
    using Effort = Reasoning::Effort;
    constexpr Effort kEfforts[] = {Effort::kLow, Effort::kMedium, Effort::kHigh, Effort::kMax,
                                   Effort::kMax};
    out_.reasoning.effort = kEfforts[index];
    return true;
  });
}

bool Decoder::format(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "schema") return walk_.raw_object(member, place, out_.format.schema);
    if (member.key != "type") return true;
    int index = 0;
    if (!walk_.word(member, place, {"json_schema"}, index)) return false;
    out_.format.kind = OutputFormat::Kind::kSchema;
    out_.format.strict = true;
    return true;
  });
}

bool Decoder::metadata(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    return member.key != "user_id" || walk_.text(member, place, out_.user);
  });
}

}  // namespace

std::optional<CallError> decode_request(std::string_view body, Request& out) {
  return Decoder(out).run(body);
}

}  // namespace omni::llm::anthropic
