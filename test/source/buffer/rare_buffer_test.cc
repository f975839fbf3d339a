#include "source/buffer/rare_buffer.h"

#include <gtest/gtest.h>

namespace omni {
namespace {

TEST(RareBufferTest, KeepsWhatIsPutAsideInOrder) {
  RareBuffer aside;
  EXPECT_TRUE(aside.empty());
  EXPECT_EQ(aside.take().to_string(), "");
  aside.append(Buffer("one "));
  aside.append(Buffer("two"));
  aside.append(Buffer());
  EXPECT_EQ(aside.size(), 7u);
  EXPECT_EQ(aside.take().to_string(), "one two");
  EXPECT_TRUE(aside.empty());
}

TEST(RareBufferTest, NothingIsNoBuffer) {
  RareBuffer aside;
  aside.append(Buffer());
  aside.own();
  EXPECT_TRUE(aside.empty());
  aside.append(Buffer("x"));
  aside.clear();
  EXPECT_TRUE(aside.empty());
  EXPECT_EQ(aside.size(), 0u);
  EXPECT_LE(sizeof(RareBuffer), sizeof(void*));
}

}  // namespace
}  // namespace omni
