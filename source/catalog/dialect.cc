#include "source/catalog/dialect.h"

#include <array>
#include <utility>

namespace omni {
namespace {

constexpr std::array<std::pair<Dialect, std::string_view>, 5> kNames = {{
    {Dialect::kOpenai, "openai"},
    {Dialect::kOpenaiResponses, "openai-responses"},
    {Dialect::kAnthropic, "anthropic"},
    {Dialect::kGemini, "gemini"},
    {Dialect::kOllama, "ollama"},
}};

}  // namespace

std::string_view name_of(Dialect dialect) {
  for (const auto& [value, name] : kNames)
    if (value == dialect) return name;
  return {};
}

std::optional<Dialect> dialect_from(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace omni
