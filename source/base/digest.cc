#include "source/base/digest.h"

#include <endian.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstddef>
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

Digest digest_of(std::string_view bytes) {
  Digest out;
  EVP_MD_CTX* md = context();
  OMNI_CHECK(EVP_DigestInit_ex2(md, sha256_algorithm(), nullptr) == 1);
  EVP_DigestUpdate(md, bytes.data(), bytes.size());
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

Digest sha256(std::string_view bytes) { return digest_of(bytes); }

Digest keyed_digest(std::string_view key, std::string_view bytes) {
  return KeyedDigest(key)(bytes);
}

// The low-level functions are deprecated in OpenSSL 3, and the only ones whose state can be copied
// without an allocation and a look-up.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

KeyedDigest::KeyedDigest(std::string_view key) {
  static_assert(sizeof(SHA256_CTX) <= sizeof inner_);
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
  const auto start = [](std::array<char, 112>& state, const std::array<char, 64>& block) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, block.data(), block.size());
    std::memcpy(state.data(), &context, sizeof context);
  };
  start(inner_, inner);
  start(outer_, outer);
}

namespace {

// What fits into one block of SHA-256 behind the padded key: its padding is a bit and a length of
// eight bytes (FIPS 180-4 section 5.1.1).
constexpr size_t kBlockBytes = 64, kShortBytes = kBlockBytes - 9;

// Ends the digest that `state` began with one block, by `bytes`, which are short.
Digest finish_short(const std::array<char, 112>& state, std::string_view bytes) {
  SHA256_CTX context;  // Of which a whole block needs only this.
  std::memcpy(context.h, state.data() + offsetof(SHA256_CTX, h), sizeof context.h);
  std::array<unsigned char, kBlockBytes> block{};
  if (!bytes.empty()) std::memcpy(block.data(), bytes.data(), bytes.size());
  block[bytes.size()] = 0x80;
  const size_t bits = 8 * (kBlockBytes + bytes.size());
  block[kBlockBytes - 2] = static_cast<unsigned char>(bits >> 8);
  block[kBlockBytes - 1] = static_cast<unsigned char>(bits);
  SHA256_Transform(&context, block.data());
  Digest out;
  for (size_t i = 0; i < 8; ++i) {
    const uint32_t word = htobe32(context.h[i]);
    std::memcpy(&out[4 * i], &word, sizeof word);
  }
  return out;
}

}  // namespace

Digest KeyedDigest::operator()(std::string_view bytes) const {
  if (bytes.size() <= kShortBytes) {
    const Digest middle = finish_short(inner_, bytes);
    return finish_short(outer_, as_bytes(middle));
  }
  SHA256_CTX context;
  Digest middle;
  std::memcpy(&context, inner_.data(), sizeof context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(middle.data(), &context);
  return finish_short(outer_, as_bytes(middle));
}

#pragma GCC diagnostic pop

namespace {

uint32_t crc32c_by_table(std::string_view bytes, uint32_t crc) {
  for (const char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_cpu(std::string_view bytes, uint32_t crc) {
  uint64_t wide = crc;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
    bytes.remove_prefix(8);
  }
  return crc32c_by_table(bytes, static_cast<uint32_t>(wide));
}
const bool kCpuHasCrc = __builtin_cpu_supports("sse4.2") != 0;
#else
constexpr bool kCpuHasCrc = false;
uint32_t crc32c_by_cpu(std::string_view bytes, uint32_t crc) { return crc32c_by_table(bytes, crc); }
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
  return ~(kCpuHasCrc ? crc32c_by_cpu(bytes, ~seed) : crc32c_by_table(bytes, ~seed));
}

}  // namespace omni
