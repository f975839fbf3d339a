#include "source/llm/thinking_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "source/json/edit.h"
#include "source/llm/anthropic/models.h"
#include "source/llm/request.h"

namespace omni::llm {
namespace {

using json::Kind;
using json::Skimmed;

constexpr size_t kManyMessages = 10, kManyTools = 3, kLongQuestion = 2000;
// "Extended thinking" (docs.anthropic.com): the least budget; it counts towards max_tokens.
constexpr int64_t kLeastClaudeBudget = 1024;

size_t size_of_last_question(const Request& request) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role != Role::kUser) continue;
    size_t size = 0;
    for (const Part& part : message->parts)
      if (part.kind == PartKind::kText) size += part.text.inside().size();
    return size;
  }
  return 0;
}

std::string_view effort_word(int64_t budget) {
  if (budget <= 1024) return R"("low")";
  if (budget <= 10240) return R"("medium")";
  return budget >= 100000 ? R"("xhigh")" : R"("high")";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Claude 3.7 and most of generation 4.
bool takes_claude_budget(std::string_view model) {
  const bool is_fourth =
      contains(model, "-opus-4") || contains(model, "-sonnet-4") || contains(model, "-haiku-4");
  return contains(model, "claude-3-7") || (is_fourth && !anthropic::takes_effort_only(model));
}

bool is_number(const std::optional<Skimmed>& value, double wanted) {
  if (!value || value->kind != Kind::kNumber) return false;
  const absl::StatusOr<double> number = value->number();
  return number.ok() && *number == wanted;
}

// What an answer with thinking may not be asked together with.
bool excludes_claude_thinking(const std::string& body) {
  const auto temperature = json::find_member(body, {"temperature"});
  const auto choice = json::find_member(body, {"tool_choice", "type"});
  return (temperature && !is_number(temperature, 1)) || json::find_member(body, {"top_k"}) ||
         (choice && (choice->raw == R"("any")" || choice->raw == R"("tool")"));
}

void remove_effort(std::string& body) {
  if (!json::remove_member(body, {"output_config", "effort"})) return;
  const auto rest = json::find_member(body, {"output_config"});
  if (rest && rest->raw.find('"') == std::string_view::npos)
    json::remove_member(body, {"output_config"});
}

void set_effort(json::Path path, int64_t budget, std::string& body) {
  if (json::find_member(body, path)) json::set_member(body, path, effort_word(budget));
}

void set_claude(int64_t budget, std::string_view model, std::string& body) {
  if (anthropic::takes_effort_only(model))
    return set_effort({"output_config", "effort"}, budget, body);
  const auto type = json::find_member(body, {"thinking", "type"});
  const bool is_asked = type && type->raw == R"("enabled")";
  if (!is_asked && (!takes_claude_budget(model) || excludes_claude_thinking(body))) return;
  const auto most = json::find_member(body, {"max_tokens"});
  const absl::StatusOr<int64_t> limit =
      most && most->kind == Kind::kNumber ? most->integer() : absl::StatusOr<int64_t>(budget + 1);
  const int64_t fitting = limit.ok() ? std::min(budget, *limit - 1) : budget;
  if (fitting < kLeastClaudeBudget) {
    json::remove_member(body, {"thinking"});
    return;
  }
  json::set_member(body, {"thinking"},
                   fmt::format(R"({{"type":"enabled","budget_tokens":{}}})", fitting));
}

// Both spellings of a field are Google's own (protobuf's JSON mapping).
void set_gemini(const ThinkingBudget& setting, int64_t budget, std::string_view model,
                std::string& body) {
  const bool is_snake = json::find_member(body, {"generation_config"}).has_value();
  const std::string_view outer = is_snake ? "generation_config" : "generationConfig";
  const bool has_snake = json::find_member(body, {outer, "thinking_config"}).has_value();
  const std::string_view inner = has_snake ? "thinking_config" : "thinkingConfig";
  if (setting.mode == ThinkingBudget::Mode::kAuto) {
    json::remove_member(body, {outer, inner});
    return;
  }
  const bool has_budget = json::find_member(body, {outer, inner, "thinkingBudget"}) ||
                          json::find_member(body, {outer, inner, "thinking_budget"});
  if (!has_budget && !contains(model, "gemini-2.5")) return;
  json::remove_member(body, {outer, inner, "thinking_budget"});
  json::set_member(body, {outer, inner, "thinkingBudget"}, fmt::format("{}", budget));
}

void remove_all(Dialect dialect, std::string& body) {
  switch (dialect) {
    case Dialect::kOpenai:
    case Dialect::kOpenaiText:
      json::remove_member(body, {"reasoning_effort"});
      json::remove_member(body, {"reasoning"});
      json::remove_member(body, {"thinking"});
      return;
    case Dialect::kOpenaiResponses:
      json::remove_member(body, {"reasoning"});
      return;
    case Dialect::kAnthropic:
      json::remove_member(body, {"thinking"});
      return remove_effort(body);
    case Dialect::kOllama:
    case Dialect::kOllamaGenerate:
      json::remove_member(body, {"think"});
      return;
    case Dialect::kGemini:
      return;  // Where a budget of 0 has to be said.
  }
}

}  // namespace

int64_t budget_for(const ThinkingBudget& setting, const Request* request) {
  if (setting.mode != ThinkingBudget::Mode::kAdaptive) return setting.custom_budget;
  double factor = 1;
  if (request != nullptr) {
    if (request->messages.size() > kManyMessages) factor += 0.5;
    if (request->tools.size() > kManyTools) factor += 0.5;
    if (size_of_last_question(*request) > kLongQuestion) factor += 0.3;
  }
  const double tokens = std::ceil(static_cast<double>(setting.base_budget) * factor);
  return std::min(static_cast<int64_t>(tokens), ThinkingBudget::kMost);
}

void set_thinking(const ThinkingBudget& setting, int64_t budget, Dialect dialect,
                  std::string_view model, std::string& body) {
  if (!setting.is_on()) return;
  if (dialect == Dialect::kGemini) return set_gemini(setting, budget, model, body);
  if (setting.mode == ThinkingBudget::Mode::kAuto || budget <= 0) return remove_all(dialect, body);
  switch (dialect) {
    case Dialect::kOpenai:
      set_effort({"reasoning_effort"}, budget, body);
      return set_effort({"reasoning", "effort"}, budget, body);
    case Dialect::kOpenaiResponses:
      return set_effort({"reasoning", "effort"}, budget, body);
    case Dialect::kAnthropic:
      return set_claude(budget, model, body);
    default:
      // Ollama's `think` is on or off, and of some models an effort.
      if (json::find_member(body, {"think"})) json::set_member(body, {"think"}, "true");
  }
}

}  // namespace omni::llm
