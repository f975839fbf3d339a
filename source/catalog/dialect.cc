#include "source/catalog/dialect.h"

#include <array>
#include <utility>

namespace omni {
namespace {

constexpr std::array<std::pair<Dialect, std::string_view>, 7> kNames = {{
    {Dialect::kOpenai, "openai"},
    {Dialect::kOpenaiResponses, "openai-responses"},
    {Dialect::kAnthropic, "anthropic"},
    {Dialect::kGemini, "gemini"},
    {Dialect::kOllama, "ollama"},
    {Dialect::kOpenaiText, "openai-completions"},
    {Dialect::kOllamaGenerate, "ollama-generate"},
}};

}  // namespace

std::string_view name_of(Dialect dialect) {
  for (const auto& [value, name] : kNames)
    if (value == dialect) return name;
  return {};
}

std::optional<Dialect> dialect_from(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name && family_of(value) == value) return value;
  return std::nullopt;
}

Dialect family_of(Dialect dialect) {
  if (dialect == Dialect::kOpenaiText) return Dialect::kOpenai;
  return dialect == Dialect::kOllamaGenerate ? Dialect::kOllama : dialect;
}

}  // namespace omni
