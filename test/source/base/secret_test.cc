#include "source/base/secret.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

namespace omni {
namespace {

constexpr std::string_view kText = "sk-a-key-that-is-longer-than-the-small-string-buffer";

TEST(SecretTest, CannotBeShownByAccident) {
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
}

TEST(SecretTest, MovesAndCopiesKeepTheBytesWhereTheyBelong) {
  Secret first{std::string(kText)};
  Secret copy = first;
  Secret moved = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: the state after a move is the point.
  EXPECT_EQ(moved.reveal(), kText);
  EXPECT_EQ(copy.reveal(), kText);
  copy = std::move(moved);
  EXPECT_TRUE(moved.empty());  // NOLINT
  Secret& self = copy;
  copy = self;
  EXPECT_EQ(copy.reveal(), kText);
}

// Short texts live inside the object, so its storage can be looked at after it died.
TEST(SecretTest, OverwritesItsBytesWhenItDies) {
  alignas(Secret) char storage[sizeof(Secret)] = {};
  Secret* secret = new (storage) Secret(std::string("hunter2hunter2"));
  const std::string_view inside(storage, sizeof storage);
  ASSERT_NE(inside.find("hunter2"), std::string_view::npos) << "the small-string buffer is used";
  secret->~Secret();
  EXPECT_EQ(inside.find("hunter"), std::string_view::npos);
}

TEST(SecretTest, AssigningOverwritesWhatWasThere) {
  alignas(Secret) char storage[sizeof(Secret)] = {};
  Secret* secret = new (storage) Secret(std::string("hunter2hunter2"));
  *secret = Secret(std::string("x"));
  const std::string_view inside(storage, sizeof storage);
  EXPECT_EQ(inside.find("unter"), std::string_view::npos);
  secret->~Secret();
}

TEST(SecretTest, ComparesWholeTexts) {
  const Secret secret{std::string(kText)};
  EXPECT_TRUE(secret.equals(kText));
  EXPECT_FALSE(secret.equals(kText.substr(1)));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_TRUE(Secret().equals(""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace omni
