// A quick hash whose value is the same in every process and release, so that it may be kept and
// shown.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace omni {

// Of `bytes` after `seed`, which may be another's hash; all 64 bits are good. Not for what an enemy
// must not guess. Any thread.
inline uint64_t stable_hash(std::string_view bytes, uint64_t seed = 0) {
  // The high and the low half of a product, folded: what wyhash (public domain, Wang Yi) builds on.
  const auto folded = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  constexpr uint64_t kFirst = 0xA0761D6478BD642Full, kSecond = 0xE7037ED1A0B428DBull;
  uint64_t out = folded(seed ^ kFirst, bytes.size() ^ kSecond);
  for (; bytes.size() >= sizeof out; bytes.remove_prefix(sizeof out)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    out = folded(out ^ word, kSecond);
  }
  uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return folded(folded(out ^ rest, kSecond) ^ kFirst, kSecond);
}

}  // namespace omni
