#include "source/config/scalar.h"

#include <gtest/gtest.h>

#include <string>

#include "source/base/status.h"

namespace omni {
namespace {

ConfigValue plain(const std::string& text) {
  return {.kind = ConfigValue::Kind::kScalar, .text = text};
}
ConfigValue quoted(const std::string& text) {
  return {.kind = ConfigValue::Kind::kScalar, .text = text, .is_quoted = true};
}

TEST(ScalarTest, DurationsTakeOneUnit) {
  EXPECT_EQ(*as_duration(plain("250ms")), absl::Milliseconds(250));
  EXPECT_EQ(*as_duration(plain("5s")), absl::Seconds(5));
  EXPECT_EQ(*as_duration(plain("2m")), absl::Minutes(2));
  EXPECT_EQ(*as_duration(quoted("1h")), absl::Hours(1));
  EXPECT_EQ(*as_duration(plain("7d")), absl::Hours(168));
  EXPECT_EQ(*as_duration(plain("0s")), absl::ZeroDuration());
  EXPECT_EQ(*as_duration(plain("3650d")), absl::Hours(87600));
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", "5S", "1.5s", "5m30s", "1w", "3651d",
                           "99999999999999999999s", "9223372036854775807d", "0x5s"})
    EXPECT_FALSE(as_duration(plain(text)).ok()) << text;
}

TEST(ScalarTest, SizesAreBinary) {
  EXPECT_EQ(*as_size_bytes(plain("64KiB")), 64 * 1024);
  EXPECT_EQ(*as_size_bytes(plain("4MiB")), 4 << 20);
  EXPECT_EQ(*as_size_bytes(plain("1GiB")), int64_t{1} << 30);
  EXPECT_EQ(*as_size_bytes(plain("2TiB")), int64_t{2} << 40);
  for (const char* text : {"", "64", "64KB", "64kib", "64 KiB", "-1KiB", "1.5GiB", "KiB",
                           "9007199254740992KiB", "99999999999999999999KiB"})
    EXPECT_FALSE(as_size_bytes(plain(text)).ok()) << text;
}

TEST(ScalarTest, NumbersAreDecimalAndFinite) {
  EXPECT_EQ(*as_integer(plain("-3")), -3);
  EXPECT_EQ(*as_number(plain("0.125")), 0.125);
  EXPECT_EQ(*as_number(plain("10")), 10);
  EXPECT_EQ(*as_number(plain("1e3")), 1000);
  for (const char* text : {"", "1.0", "0x10", "1_000", "ten", "9223372036854775808", " 1"})
    EXPECT_FALSE(as_integer(plain(text)).ok()) << text;
  for (const char* text : {"", "nan", "inf", ".inf", "1e999", "0x1p3", "1,5", "1.2.3"})
    EXPECT_FALSE(as_number(plain(text)).ok()) << text;
  EXPECT_FALSE(as_integer(quoted("3")).ok());
}

TEST(ScalarTest, BooleansAreTrueAndFalseOnly) {
  EXPECT_TRUE(*as_boolean(plain("true")));
  EXPECT_FALSE(*as_boolean(plain("false")));
  for (const char* text : {"yes", "no", "on", "off", "True", "FALSE", "1", "0", ""})
    EXPECT_FALSE(as_boolean(plain(text)).ok()) << text;
}

TEST(ScalarTest, TextIsWhatIsNotAnythingElse) {
  EXPECT_EQ(*as_text(plain("off")), "off");
  EXPECT_EQ(*as_text(plain("gpt-5")), "gpt-5");
  EXPECT_EQ(*as_text(plain("1.2.3.4")), "1.2.3.4");
  EXPECT_EQ(*as_text(quoted("5")), "5");
  EXPECT_EQ(*as_text(quoted("")), "");
  for (const char* text : {"5", "-1.5", "1e5", "true", "false"})
    EXPECT_FALSE(as_text(plain(text)).ok()) << text;
}

TEST(ScalarTest, MessagesDoNotShowWhatCameFromOutside) {
  ConfigValue value = plain("sk-secret");
  value.is_substituted = true;
  EXPECT_EQ(message(as_integer(value).status()).find("sk-secret"), std::string::npos);
}

}  // namespace
}  // namespace omni
