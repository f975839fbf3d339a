#include "source/llm/responses/history.h"

#include <fmt/format.h>

#include <array>

#include "source/base/strings.h"
#include "source/json/builder.h"
#include "source/json/edit.h"
#include "source/json/skim.h"
#include "source/json/writer.h"

namespace omni::llm::responses {
namespace {

using json::Kind;
using json::Skimmed;

std::string_view inside_brackets(std::string_view array) {
  return trim(array.substr(1, array.size() - 2));
}

void append_item(std::string& out, std::string_view item) {
  if (!out.empty() && !item.empty()) out += ',';
  out += item;
}

bool is_reasoning(const Skimmed& item) {
  if (item.kind != Kind::kObject) return false;
  const auto type = json::find_member(item.raw, {"type"});
  return type && type->kind == Kind::kString && type->inside() == "reasoning";
}

std::string without_reasoning(const std::string& items) {
  const std::string array = "[" + items + "]";
  std::string out;
  json::Skimmer skimmer(array, Kind::kArray);
  for (Skimmed item; skimmer.next(item);)
    if (!is_reasoning(item)) append_item(out, item.raw);
  return out;
}

// What the vendor begins ids of items with.
std::string_view id_prefix(const Skimmed& item) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPrefixes = {{
      {"function_call", "fc_"},
      {"function_call_output", "fco_"},
      {"reasoning", "rs_"},
      {"custom_tool_call", "ctc_"},
      {"custom_tool_call_output", "ctco_"},
  }};
  const auto type = json::find_member(item.raw, {"type"});
  if (!type || type->kind != Kind::kString) return "msg_";
  for (const auto& [name, prefix] : kPrefixes)
    if (type->inside() == name) return prefix;
  return type->inside() == "message" ? "msg_" : "item_";
}

// A message may be written as role and content alone; in a listing it has its type, and its text is
// a part.
void complete_message(std::string& item) {
  if (!json::find_member(item, {"type"})) json::set_member(item, {"type"}, R"("message")");
  const auto content = json::find_member(item, {"content"});
  if (!content || content->kind != Kind::kString) return;
  const auto role = json::find_member(item, {"role"});
  const bool is_answer = role && role->kind == Kind::kString && role->inside() == "assistant";
  const std::string part =
      fmt::format(R"([{{"type":"{}","text":{}{}}}])", is_answer ? "output_text" : "input_text",
                  content->raw, is_answer ? R"(,"annotations":[])" : "");
  json::set_member(item, {"content"}, part);
}

}  // namespace

std::string items_of_input(std::string_view input) {
  input = trim(input);
  if (input.empty() || input == "null") return {};
  if (input.front() == '[') return std::string(inside_brackets(input));
  return fmt::format(
      R"({{"type":"message","role":"user","content":[{{"type":"input_text","text":{}}}]}})", input);
}

std::string_view items_of_output(std::string_view object) {
  const auto output = json::find_member(object, {"output"});
  return output && output->kind == Kind::kArray ? inside_brackets(output->raw) : std::string_view();
}

bool has_reasoning(std::string_view items) {
  const std::string array = fmt::format("[{}]", items);
  json::Skimmer skimmer(array, Kind::kArray);
  for (Skimmed item; skimmer.next(item);)
    if (is_reasoning(item)) return true;
  return false;
}

std::string expand(std::string_view body, const History& history, bool with_reasoning) {
  std::string out(body);
  std::string items = with_reasoning ? history.items : without_reasoning(history.items);
  if (const auto input = json::find_member(out, {"input"}))
    append_item(items, items_of_input(input->raw));
  json::remove_member(out, {"previous_response_id"});
  json::set_member(out, {"input"}, "[" + items + "]");
  return out;
}

std::string number_items(std::string_view items, std::string_view stem) {
  const std::string array = fmt::format("[{}]", items);
  std::string out;
  int place = 0;
  json::Skimmer skimmer(array, Kind::kArray);
  for (Skimmed each; skimmer.next(each); ++place) {
    if (each.kind != Kind::kObject) continue;
    std::string item(each.raw);
    const std::string_view prefix = id_prefix(each);
    if (prefix == "msg_") complete_message(item);
    const auto id = json::find_member(item, {"id"});
    if (!id || id->kind != Kind::kString)
      json::set_member(item, {"id"}, fmt::format(R"("{}{}{:04x}")", prefix, stem, place));
    append_item(out, item);
  }
  return out;
}

std::string queued_object(std::string_view body, const Keeping& keeping, std::string_view model,
                          int64_t created_at) {
  std::string out;
  json::Builder json(out);
  json.object().string("id", keeping.id).string("object", "response");
  json.number("created_at", created_at).string("status", "queued").boolean("background", true);
  json.null("error").null("incomplete_details");
  const auto repeat = [&](std::string_view key, std::string_view otherwise) {
    const auto member = json::find_member(body, {key});
    json.member(key, member ? member->raw : otherwise);
  };
  repeat("instructions", "null");
  repeat("max_output_tokens", "null");
  json.string("model", model).array("output").end_array();
  repeat("parallel_tool_calls", "true");
  json.member("previous_response_id",
              keeping.previous.empty() ? "null" : std::string_view(keeping.previous));
  repeat("reasoning", R"({"effort":null,"summary":null})");
  json.boolean("store", true);
  repeat("temperature", "null");
  repeat("text", R"({"format":{"type":"text"}})");
  repeat("tool_choice", "\"auto\"");
  repeat("tools", "[]");
  repeat("top_p", "null");
  repeat("truncation", "\"disabled\"");
  json.null("usage");
  repeat("user", "null");
  repeat("metadata", "{}");
  json.end_object();
  return out;
}

void end_object(std::string& object, std::string_view status, std::string_view code,
                std::string_view message) {
  json::set_member(object, {"status"}, json::quoted(status));
  if (code.empty()) return;
  json::set_member(
      object, {"error"},
      fmt::format(R"({{"code":{},"message":{}}})", json::quoted(code), json::quoted(message)));
}

}  // namespace omni::llm::responses
