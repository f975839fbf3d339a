#include "source/json/splice.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace omni::json {
namespace {

TEST(SpliceTest, ReplacesInsertsAndRemoves) {
  const Buffer original("0123456789");
  EXPECT_EQ(splice(original, {}).to_string(), "0123456789");
  EXPECT_EQ(splice(original, {{0, 1, "A"}, {5, 0, "<>"}, {9, 1, ""}}).to_string(), "A1234<>5678");
  EXPECT_EQ(splice(original, {{0, 10, ""}}).to_string(), "");
  EXPECT_EQ(splice(original, {{10, 0, "end"}}).to_string(), "0123456789end");
  EXPECT_EQ(splice(Buffer(), {}).to_string(), "");
}

TEST(SpliceTest, LeavesTheOriginalAsItIsAndSharesItsBytes) {
  const Buffer original(std::string(100000, 'x'));
  const Buffer first = splice(original, {{10, 5, "one"}});
  const Buffer second = splice(original, {{20, 5, "two"}});
  EXPECT_EQ(original.to_string(), std::string(100000, 'x'));
  EXPECT_EQ(first.to_string(), std::string(10, 'x') + "one" + std::string(99985, 'x'));
  EXPECT_EQ(second.to_string(), std::string(20, 'x') + "two" + std::string(99975, 'x'));
  EXPECT_EQ(first.slice(0).view().data(), original.front().data());
}

TEST(SpliceTest, AgreesWithAStringForAnyEdits) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 60, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    std::vector<Edit> edits;
    std::string expected;
    size_t at = 0;
    while (at < text.size() && random() % 4 != 0) {
      const size_t begin = at + random() % (text.size() - at);
      const size_t size = random() % (text.size() - begin + 1);
      const std::string put(random() % 5, 'Z');
      expected += text.substr(at, begin - at) + put;
      edits.push_back({begin, size, put});
      at = begin + size;
    }
    expected += text.substr(at);
    ASSERT_EQ(splice(Buffer(text), edits).to_string(), expected);
  }
}

}  // namespace
}  // namespace omni::json
