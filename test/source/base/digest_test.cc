// Known answers: FIPS 180-2, RFC 4231, RFC 3720 appendix B.4.
#include "source/base/digest.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <string>

#include "source/base/strings.h"

namespace omni {
namespace {

std::string hex(const Digest& digest) { return to_hex(as_bytes(digest)); }

TEST(DigestTest, Sha256MatchesItsStandard) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct Vector {
  std::string key, data, mac;
};

TEST(DigestTest, HmacMatchesRfc4231) {
  const Vector vectors[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(hex(keyed_digest(vector.key, vector.data)), vector.mac);
    const KeyedDigest keyed(vector.key);
    const KeyedDigest copy = keyed;
    EXPECT_EQ(hex(keyed(vector.data)), vector.mac);
    EXPECT_EQ(hex(copy(vector.data)), vector.mac) << "and again";
  }
}

TEST(DigestTest, TheKeyedFormAgreesWithTheOneShotForEveryLength) {
  for (size_t size = 0; size < 200; ++size) {
    const std::string key(size, 'k'), data(200 - size, 'd');
    ASSERT_EQ(hex(KeyedDigest(key)(data)), hex(keyed_digest(key, data))) << size;
  }
}

TEST(DigestTest, TheKeyedFormAgreesWithTheLibraryForEveryLength) {
  for (size_t size = 0; size < 200; ++size) {
    const std::string key(1 + size * 7 % 150, 'k'), data(size, 'd');
    Digest expected;
    ASSERT_NE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                   expected.data(), nullptr),
              nullptr);
    ASSERT_EQ(hex(KeyedDigest(key)(data)), hex(expected)) << size;
  }
}

TEST(DigestTest, Crc32cMatchesRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string up, down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  EXPECT_EQ(crc32c(up), 0x46dd794eu);
  EXPECT_EQ(crc32c(down), 0x113fdb5cu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(DigestTest, CrcGoesOnFromItsSeed) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (size_t cut = 0; cut <= text.size(); ++cut)
    ASSERT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text)) << cut;
}

}  // namespace
}  // namespace omni
