#include "source/llm/responses/item_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "source/llm/responses/content_reader.h"
#include "source/llm/responses/tool_space.h"

namespace omni::llm::responses {
namespace {

using json::Skimmed;

// What the provider's own tools did. Clients send it back with the rest of an answer; only the
// provider can use it.
constexpr std::array<std::string_view, 9> kHosted = {
    "web_search_call",       "file_search_call",   "code_interpreter_call",
    "image_generation_call", "mcp_list_tools",     "mcp_call",
    "tool_search_call",      "tool_search_output", "compaction"};

bool is_text(const Part& part) {
  return part.kind == PartKind::kText || part.kind == PartKind::kRefusal;
}

}  // namespace

struct ItemReader::Item {
  std::optional<Skimmed> type, role, id, call_id, name, space, phase, encrypted_content, content,
      output, arguments, input, summary;

  std::optional<Skimmed>* slot(std::string_view key) {
    if (key == "type") return &type;
    if (key == "role") return &role;
    if (key == "id") return &id;
    if (key == "call_id") return &call_id;
    if (key == "name") return &name;
    if (key == "namespace") return &space;
    if (key == "phase") return &phase;
    if (key == "encrypted_content") return &encrypted_content;
    if (key == "content") return &content;
    if (key == "output") return &output;
    if (key == "arguments") return &arguments;
    if (key == "input") return &input;
    return key == "summary" ? &summary : nullptr;
  }
};

bool ItemReader::read(const Skimmed& value, const Place& at) {
  Item item;
  if (value.kind != json::Kind::kObject) return walk_.fail(at, "must be an object");
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place&) {
    if (std::optional<Skimmed>* slot = item.slot(member.key)) *slot = member;
    return true;
  });
  Text type;
  if (!ok || (item.type && !walk_.text(*item.type, Place{&at, "type"}, type))) return false;
  if (type.is("message") || (!type.is_given() && item.role)) return message(item, at);
  if (type.is("item_reference") || (!type.is_given() && item.id)) return reference(at);
  if (!type.is_given()) return walk_.fail(Place{&at, "type"}, "is missing");
  if (type.is("function_call")) return call(item, at, false);
  if (type.is("custom_tool_call")) return call(item, at, true);
  if (type.is("function_call_output")) return output(item, at, false);
  if (type.is("custom_tool_call_output")) return output(item, at, true);
  if (type.is("reasoning")) return reasoning(item, value, at);
  if (std::find(kHosted.begin(), kHosted.end(), type.inside()) != kHosted.end())
    return hosted(value, at);
  return walk_.fail(Place{&at, "type"},
                    fmt::format("items of type '{}' are not supported", type.inside()));
}

bool ItemReader::reference(const Place& at) {
  walk_.fail(at, "an item_reference needs a stored response; send the item itself");
  walk_.error()->code = "unsupported_value";
  return false;
}

Message& ItemReader::assistant() {
  auto& messages = request_.messages;
  if (messages.empty() || messages.back().role != Role::kAssistant)
    messages.emplace_back().role = Role::kAssistant;
  return messages.back();
}

bool ItemReader::message(const Item& item, const Place& at) {
  Message message;
  int role = 0;
  if (!item.role) return walk_.fail(Place{&at, "role"}, "is missing");
  if (!item.content) return walk_.fail(Place{&at, "content"}, "is missing");
  if (!walk_.word(*item.role, Place{&at, "role"}, {"system", "developer", "user", "assistant"},
                  role) ||
      !read_content(walk_, request_, *item.content, Place{&at, "content"}, message.parts))
    return false;
  if (item.phase && !walk_.text(*item.phase, Place{&at, "phase"}, message.phase)) return false;
  message.role = static_cast<Role>(role);
  if (message.role != Role::kAssistant) {
    next_signature_ = {};
    request_.messages.push_back(std::move(message));
    return true;
  }
  if (!message.parts.empty())
    message.parts.front().signature = std::exchange(next_signature_, Signature());
  // Two messages in a row stay two.
  Message* into = &assistant();
  if (!into->parts.empty() && is_text(into->parts.back())) {
    into = &request_.messages.emplace_back();
    into->role = Role::kAssistant;
  }
  for (Part& part : message.parts) into->parts.push_back(std::move(part));
  if (message.phase.is_given()) into->phase = message.phase;
  return true;
}

bool ItemReader::call(const Item& item, const Place& at, bool is_custom) {
  Part out{.kind = PartKind::kToolCall};
  out.is_custom = is_custom;
  if (item.call_id && !walk_.text(*item.call_id, Place{&at, "call_id"}, out.id)) return false;
  if (item.name && !walk_.text(*item.name, Place{&at, "name"}, out.name)) return false;
  if (!walk_.required(out.id, at, "call_id") || !walk_.required(out.name, at, "name")) return false;
  Text space;
  if (item.space && item.space->kind == json::Kind::kString &&
      !walk_.text(*item.space, Place{&at, "namespace"}, space))
    return false;
  if (space.is_given() && !space.is_empty()) {
    std::string name;
    append_escaped(name, name_in_space(space.decoded(), out.name.decoded()));
    out.name = Text(request_.keep(std::move(name)));
  }
  const std::string_view key = is_custom ? "input" : "arguments";
  const std::optional<Skimmed>& said = is_custom ? item.input : item.arguments;
  if (!said) return walk_.fail(Place{&at, key}, "is missing");
  // Some clients send the object itself.
  const bool ok = !is_custom && said->kind == json::Kind::kObject
                      ? walk_.raw(*said, Place{&at, key}, out.arguments)
                      : walk_.text(*said, Place{&at, key}, out.arguments_text);
  if (!ok) return false;
  called_[out.id.inside()] = out.name;
  out.signature = std::exchange(next_signature_, Signature());
  assistant().parts.push_back(std::move(out));
  return true;
}

bool ItemReader::output(const Item& item, const Place& at, bool is_custom) {
  Part out{.kind = PartKind::kToolResult};
  out.is_custom = is_custom;
  if (item.call_id && !walk_.text(*item.call_id, Place{&at, "call_id"}, out.id)) return false;
  if (!walk_.required(out.id, at, "call_id")) return false;
  if (!item.output) return walk_.fail(Place{&at, "output"}, "is missing");
  if (!read_content(walk_, request_, *item.output, Place{&at, "output"}, out.content)) return false;
  const auto called = called_.find(out.id.inside());
  if (called != called_.end()) out.name = called->second;
  Message& message = request_.messages.emplace_back();
  message.role = Role::kTool;
  message.parts.push_back(std::move(out));
  return true;
}

bool ItemReader::reasoning(const Item& item, const Skimmed& whole, const Place& at) {
  Part out{.kind = PartKind::kReasoning};
  Text encrypted;
  std::string text;
  // The thoughts themselves, where a provider shows them, say more than their summary.
  if (item.content && !thoughts(*item.content, Place{&at, "content"}, text)) return false;
  if (text.empty() && item.summary && !thoughts(*item.summary, Place{&at, "summary"}, text))
    return false;
  if (item.encrypted_content &&
      !walk_.text(*item.encrypted_content, Place{&at, "encrypted_content"}, encrypted))
    return false;
  if (!walk_.raw(whole, at, out.raw)) return false;
  out.origin = Dialect::kOpenaiResponses;
  out.text = Text(request_.keep(std::move(text)));
  if (encrypted.is_given()) {
    const Proof proof = read_proof(encrypted);
    if (proof.of == Proof::Of::kNext || proof.of == Proof::Of::kPrevious)
      return attach(proof), true;
    (proof.of == Proof::Of::kRedacted ? out.redacted : out.signature) = proof.signature;
  }
  assistant().parts.push_back(std::move(out));
  return true;
}

void ItemReader::attach(const Proof& proof) {
  if (proof.of == Proof::Of::kNext) {
    next_signature_ = proof.signature;
    return;
  }
  const auto& messages = request_.messages;
  if (messages.empty() || messages.back().role != Role::kAssistant) return;
  if (Message& message = assistant(); !message.parts.empty())
    message.parts.back().signature = proof.signature;
}

bool ItemReader::thoughts(const Skimmed& value, const Place& at, std::string& out) {
  return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    return walk_.members(item, place, [&](const Skimmed& member, const Place& inner) {
      Text text;
      if (member.key != "text") return true;
      if (!walk_.text(member, inner, text)) return false;
      if (!out.empty()) out += "\\n\\n";
      out += text.inside();
      return true;
    });
  });
}

bool ItemReader::hosted(const Skimmed& whole, const Place& at) {
  Part out{.kind = PartKind::kOpaque};
  out.origin = Dialect::kOpenaiResponses;
  if (!walk_.raw(whole, at, out.raw)) return false;
  assistant().parts.push_back(std::move(out));
  return true;
}

}  // namespace omni::llm::responses
