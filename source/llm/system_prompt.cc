#include "source/llm/system_prompt.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "source/json/edit.h"
#include "source/json/skim.h"

namespace omni::llm {
namespace {

using json::Kind;
using json::Skimmed;

constexpr std::string_view kBetween = R"(\n\n)";

std::string joined(std::string_view first, std::string_view second) {
  return fmt::format("{}{}{}", first, first.empty() || second.empty() ? "" : kBetween, second);
}

std::string around(const SystemPrompt& prompt, std::string_view inside) {
  return fmt::format("\"{}\"", joined(joined(prompt.before, inside), prompt.after));
}

// Of parts, for dialects that write `{"type":"text","text":...}` and for Gemini, which has no type.
class PartList {
 public:
  PartList(Dialect dialect, std::string_view list)
      : opening_(dialect == Dialect::kGemini ? R"({"text":")" : R"({"type":"text","text":")"),
        inside_(list.substr(1, list.size() - 2)),
        is_empty_(inside_.find_first_not_of(" \t\r\n") == std::string_view::npos) {}

  std::string around(const SystemPrompt& prompt) const {
    std::string out = "[";
    add(prompt.before, out);
    if (!prompt.before.empty() && (!is_empty_ || !prompt.after.empty())) out += ',';
    out += inside_;
    if (!prompt.after.empty() && !is_empty_) out += ',';
    add(prompt.after, out);
    return out + ']';
  }

 private:
  void add(std::string_view text, std::string& out) const {
    if (!text.empty()) out.append(opening_).append(text).append("\"}");
  }

  std::string_view opening_, inside_;
  bool is_empty_;
};

void replace(std::string& body, const Skimmed& value, const std::string& text) {
  body.replace(static_cast<size_t>(value.raw.data() - body.data()), value.raw.size(), text);
}

// False when the value is neither text nor a list of parts.
bool extend(const SystemPrompt& prompt, Dialect dialect, const Skimmed& value, std::string& body) {
  if (value.kind == Kind::kString) {
    replace(body, value, around(prompt, value.inside()));
  } else if (value.kind == Kind::kArray) {
    replace(body, value, PartList(dialect, value.raw).around(prompt));
  } else if (value.kind == Kind::kNull) {
    replace(body, value, around(prompt, ""));
  } else {
    return false;
  }
  return true;
}

bool is_instructing(const Skimmed& message) {
  if (message.kind != Kind::kObject) return false;
  const auto role = json::find_member(message.raw, {"role"});
  return role && (role->raw == R"("system")" || role->raw == R"("developer")");
}

void add_to_messages(const SystemPrompt& prompt, Dialect dialect, std::string& body) {
  const std::optional<Skimmed> messages = json::find_member(body, {"messages"});
  if (!messages || messages->kind != Kind::kArray) return;
  bool has_messages = false;
  json::Skimmer list(*messages);
  Skimmed message;
  while (list.next(message)) {
    has_messages = true;
    if (!is_instructing(message)) continue;
    const auto content = json::find_member(message.raw, {"content"});
    if (content && extend(prompt, dialect, *content, body)) return;
  }
  if (!list.ok()) return;
  const auto open = static_cast<size_t>(messages->raw.data() - body.data());
  body.insert(open + 1, fmt::format(R"({{"role":"system","content":{}}}{})", around(prompt, ""),
                                    has_messages ? "," : ""));
}

void add_to_member(const SystemPrompt& prompt, Dialect dialect, std::string_view key,
                   std::string& body) {
  const std::string_view path[] = {key};
  const std::optional<Skimmed> value = json::find_member(body, path);
  if (!value) return json::set_member(body, path, around(prompt, ""));
  (void)extend(prompt, dialect, *value, body);
}

// systemInstruction is a Content (ai.google.dev/api/generate-content): parts, and no text beside.
void add_to_gemini(const SystemPrompt& prompt, std::string& body) {
  const bool is_snake = json::find_member(body, {"system_instruction"}).has_value();
  const std::string_view key = is_snake ? "system_instruction" : "systemInstruction";
  const auto parts = json::find_member(body, {key, "parts"});
  if (parts && parts->kind == Kind::kArray)
    return replace(body, *parts, PartList(Dialect::kGemini, parts->raw).around(prompt));
  json::set_member(body, {key, "parts"}, PartList(Dialect::kGemini, "[]").around(prompt));
}

}  // namespace

void add_system_prompt(const SystemPrompt& prompt, Dialect dialect, std::string& body) {
  switch (dialect) {
    case Dialect::kOpenai:
    case Dialect::kOllama:
      return add_to_messages(prompt, dialect, body);
    case Dialect::kAnthropic:
    case Dialect::kOpenaiText:
    case Dialect::kOllamaGenerate:
      return add_to_member(prompt, dialect, "system", body);
    case Dialect::kOpenaiResponses:
      return add_to_member(prompt, dialect, "instructions", body);
    case Dialect::kGemini:
      return add_to_gemini(prompt, body);
  }
}

}  // namespace omni::llm
