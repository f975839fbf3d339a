#include "source/llm/side_request.h"

#include <algorithm>
#include <utility>

namespace omni::llm {
namespace {

Message say(Role role, std::string_view text) {
  Message out;
  out.role = role;
  Part& part = out.parts.emplace_back();
  part.kind = PartKind::kText;
  part.text = Text(text);
  return out;
}

}  // namespace

void take_conversation(const Request& from, Request& out) {
  out.origin = from.origin;
  out.messages = from.messages;
  out.tools = from.tools;
  if (!out.tools.empty()) out.tool_choice.kind = ToolChoice::Kind::kNone;
  out.reasoning = from.reasoning;
  out.max_tokens = from.max_tokens;
  out.temperature = from.temperature;
  out.top_p = from.top_p;
  out.top_k = from.top_k;
  out.frequency_penalty = from.frequency_penalty;
  out.presence_penalty = from.presence_penalty;
  out.seed = from.seed;
  out.stop = from.stop;
  out.user = from.user;
  out.metadata = from.metadata;
}

void copy_request(const Request& from, Request& out) {
  take_conversation(from, out);
  out.tool_choice = from.tool_choice;
  out.parallel_tool_calls = from.parallel_tool_calls;
  out.format = from.format;
  out.choices = from.choices;
  out.logprobs = from.logprobs;
  out.top_logprobs = from.top_logprobs;
  out.extras = from.extras;
  out.echo = from.echo;
}

void add_system_text(Request& out, std::string text) {
  const auto behind =
      std::find_if(out.messages.begin(), out.messages.end(), [](const Message& each) {
        return each.role != Role::kSystem && each.role != Role::kDeveloper;
      });
  out.messages.insert(behind, say(Role::kSystem, out.keep(std::move(text))));
}

void add_user_text(Request& out, std::string text) {
  out.messages.push_back(say(Role::kUser, out.keep(std::move(text))));
}

std::string escaped(std::string_view plain) {
  std::string out;
  append_escaped(out, plain);
  return out;
}

}  // namespace omni::llm
