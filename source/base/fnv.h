// FNV-1a: a hash that is the same everywhere and after a restart. Names a thing, proves nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace omni {

inline constexpr uint64_t kFnvBasis = 0xcbf29ce484222325;

constexpr uint64_t fnv1a(uint8_t byte, uint64_t hash) { return (hash ^ byte) * 0x100000001b3; }

// `hash`: of what stands before `text`.
constexpr uint64_t fnv1a(std::string_view text, uint64_t hash = kFnvBasis) {
  for (const char c : text) hash = fnv1a(static_cast<uint8_t>(c), hash);
  return hash;
}

}  // namespace omni
