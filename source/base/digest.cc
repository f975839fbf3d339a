#include "source/base/digest.h"

#include <openssl/evp.h>

#include <memory>

#include "source/base/check.h"

namespace omni {
namespace {

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  OMNI_CHECK(algorithm != nullptr);
  return algorithm;
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* context() {
  thread_local std::unique_ptr<EVP_MD_CTX, ContextFree> mine(EVP_MD_CTX_new());
  return mine.get();
}

Digest digest_of(std::string_view first, std::string_view second) {
  Digest out;
  EVP_MD_CTX* md = context();
  OMNI_CHECK(EVP_DigestInit_ex2(md, sha256_algorithm(), nullptr) == 1);
  EVP_DigestUpdate(md, first.data(), first.size());
  if (!second.empty()) EVP_DigestUpdate(md, second.data(), second.size());
  OMNI_CHECK(EVP_DigestFinal_ex(md, out.data(), nullptr) == 1);
  return out;
}

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

}  // namespace

Digest sha256(std::string_view bytes) { return digest_of(bytes, {}); }

Digest keyed_digest(std::string_view key, std::string_view bytes) {
  std::array<char, 64> inner{}, outer{};
  Digest folded;
  if (key.size() > inner.size()) {
    folded = sha256(key);
    key = as_bytes(folded);
  }
  for (size_t i = 0; i < inner.size(); ++i) {
    const char c = i < key.size() ? key[i] : '\0';
    inner[i] = static_cast<char>(c ^ 0x36);
    outer[i] = static_cast<char>(c ^ 0x5c);
  }
  const Digest mid = digest_of({inner.data(), inner.size()}, bytes);
  return digest_of({outer.data(), outer.size()}, as_bytes(mid));
}

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  for (const char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

}  // namespace omni
