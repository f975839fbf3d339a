// The five wire dialects that clients and upstreams speak, and what clients alone do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace omni {

enum class Dialect : uint8_t {
  kOpenai,
  kOpenaiResponses,
  kAnthropic,
  kGemini,
  kOllama,
  // Older endpoints, whose requests are turned into chats. No provider is of these.
  kOpenaiText,      // /v1/completions
  kOllamaGenerate,  // /api/generate; an Ollama provider is asked at its own.
};

// The names of the configuration file.
std::string_view name_of(Dialect dialect);
// Those that a provider may be of.
std::optional<Dialect> dialect_from(std::string_view name);
// Whose errors, settings and stream form a dialect shares: itself, or the chat of its vendor.
Dialect family_of(Dialect dialect);

// How a provider takes its key.
enum class AuthStyle : uint8_t { kBearer, kXApiKey, kXGoogApiKey, kApiKey, kNone };

}  // namespace omni
