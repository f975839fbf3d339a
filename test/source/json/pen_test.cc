#include "source/json/pen.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "source/json/writer.h"

namespace omni::json {
namespace {

// What `write` wrote into exactly `room` bytes.
template <class Write>
std::string written(size_t room, Write write) {
  std::vector<char> bytes(room);
  Pen pen(bytes.data());
  write(pen);
  return {bytes.data(), pen.at()};
}

TEST(PenTest, NumbersAreWrittenAsTheLibraryWritesThem) {
  std::vector<int64_t> values{std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()};
  for (int64_t power = 1, digits = 1; digits < 19; power *= 10, ++digits)
    for (const int64_t value : {power - 1, power, power + 1}) {
      values.push_back(value);
      values.push_back(-value);
    }
  for (int64_t value = -20000; value < 20000; ++value) values.push_back(value);
  for (int64_t value = 0; value < 100000000; value += 9973) values.push_back(value);
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i)
    values.push_back(static_cast<int64_t>(random()) >> (random() % 64));
  for (const int64_t value : values)
    EXPECT_EQ(written(kMostDigits, [&](Pen& pen) { pen.number(value); }), std::to_string(value));
}

TEST(PenTest, WritesWhatAppendQuotedAppends) {
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 50, 'a');
    for (char& c : text) c = static_cast<char>(0x20 + random() % 0x5F);
    if (round % 2 == 0) std::erase_if(text, [](char c) { return c == '"' || c == '\\'; });
    if (round % 4 == 1 && !text.empty()) text[random() % text.size()] = static_cast<char>(random());
    EXPECT_EQ(written(quoted_bound(text.size()), [&](Pen& pen) { pen.quoted(text); }),
              json::quoted(text));
  }
}

TEST(PenTest, EveryByteAtEveryPlaceIsEscapedWhenItMustBe) {
  for (size_t size = 1; size <= 36; ++size)
    for (size_t at = 0; at < size; ++at)
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(c);
        const std::string all = written(quoted_bound(size), [&](Pen& pen) { pen.inside(text); });
        ASSERT_EQ("\"" + all + "\"", json::quoted(text)) << size << " " << at << " " << c;
      }
}

TEST(PenTest, LiteralsAndTextsAreCopied) {
  EXPECT_EQ(written(16,
                    [](Pen& pen) {
                      pen.literal("{\"a\":");
                      pen.six_digits(70);
                      pen.put('}');
                      pen.put("....");
                    }),
            "{\"a\":000070}....");
}

}  // namespace
}  // namespace omni::json
