#include "source/http/vocabulary.h"

#include <gtest/gtest.h>

#include <string>

#include "source/http/preface.h"

namespace omni {
namespace {

TEST(VocabularyTest, FindsAControlCharacterAtEveryPlace) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (const char c : {'\0', '\r', '\n', '\x1f', '\x7f'}) {
        std::string text(size, 'a');
        text[at] = c;
        EXPECT_TRUE(has_control(text));
        EXPECT_FALSE(is_field_value(text));
      }
      std::string text(size, 'a');
      text[at] = '\xff';
      EXPECT_FALSE(has_control(text));
      text[at] = '\t';
      EXPECT_TRUE(is_field_value(text));
    }
  }
}

TEST(VocabularyTest, KnowsAuthorities) {
  for (const char* good :
       {"", "a", "a.b-c_d~", "127.0.0.1:80", "[::1]", "[::1]:8080", "a:", "a%20b"})
    EXPECT_TRUE(is_authority(good)) << good;
  for (const char* bad : {"a:b", "a:123456", ":80", "u@a", "a/b", "a b", "[::1", "::1]", "[]",
                          "a?b", "[a/b]", "a\\b", "a#b", "::1"})
    EXPECT_FALSE(is_authority(bad)) << bad;
}

TEST(VocabularyTest, ReadsLengthsOfDigitsOnly) {
  EXPECT_EQ(parse_content_length("0"), 0u);
  EXPECT_EQ(parse_content_length("000000000000000012"), 12u);
  for (const char* bad : {"", "+1", "-1", "1 ", " 1", "0x1", "1e3", "1234567890123456789"})
    EXPECT_FALSE(parse_content_length(bad).has_value()) << bad;
}

TEST(VocabularyTest, EncodesWhatCannotStandInATarget) {
  EXPECT_EQ(encode_target(""), "/");
  EXPECT_EQ(encode_target("/a?b=%20"), "/a?b=%20");
  EXPECT_EQ(encode_target("/a b\r\n#\xc3"), "/a%20b%0D%0A%23%C3");
}

TEST(PrefaceTest, TellsHttp2FromHttp1ByTheFirstBytes) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (size_t size = 0; size < preface.size(); ++size)
    EXPECT_EQ(tell_protocol(Buffer(preface.substr(0, size))), FirstBytes::kUndecided);
  EXPECT_EQ(tell_protocol(Buffer(preface + "more")), FirstBytes::kHttp2);
  EXPECT_EQ(tell_protocol(Buffer("P")), FirstBytes::kUndecided);
  EXPECT_EQ(tell_protocol(Buffer("PO")), FirstBytes::kHttp1);
}

}  // namespace
}  // namespace omni
