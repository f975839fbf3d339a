// The five wire dialects that clients and upstreams speak.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace omni {

enum class Dialect : uint8_t { kOpenai, kOpenaiResponses, kAnthropic, kGemini, kOllama };

// The names of the configuration file.
std::string_view name_of(Dialect dialect);
std::optional<Dialect> dialect_from(std::string_view name);

// How a provider takes its key.
enum class AuthStyle : uint8_t { kBearer, kXApiKey, kXGoogApiKey, kApiKey, kNone };

}  // namespace omni
