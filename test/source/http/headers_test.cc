#include "api/headers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace omni {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(const Headers& headers) {
  Fields out;
  for (const Headers::Field field : headers) out.emplace_back(field.name, field.value);
  return out;
}

TEST(HeadersTest, DoesWhatAVectorOfPairsWouldDo) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Headers headers;
    Fields model;
    if (random() % 2 == 0) headers.reserve(random() % 5, random() % 100);
    for (int step = 0; step < 40; ++step) {
      const std::string name(random() % 6 == 0 ? random() % 60 : 1,
                             static_cast<char>('a' + random() % 4));
      const std::string value(random() % 3 == 0 ? random() % 300 : random() % 20, 'v');
      const auto is_named = [&](const auto& field) { return field.first == name; };
      switch (random() % 8) {
        case 0:
          EXPECT_EQ(headers.remove(name), std::erase_if(model, is_named));
          break;
        case 1:
          headers.set(name, value);
          std::erase_if(model, is_named);
          model.emplace_back(name, value);
          break;
        case 2:
          if (random() % 8 > 0) break;
          headers.clear();
          model.clear();
          break;
        case 3: {
          const Headers copy(headers);
          Headers moved(std::move(headers));
          EXPECT_TRUE(headers.empty());
          EXPECT_EQ(fields_of(copy), fields_of(moved));
          if (random() % 2 == 0)
            headers = copy;
          else
            headers = std::move(moved);
          break;
        }
        default:
          headers.add(name, value);
          model.emplace_back(name, value);
      }
      ASSERT_EQ(fields_of(headers), model);
      size_t bytes = 0;
      for (const auto& [each, text] : model) bytes += each.size() + text.size();
      ASSERT_EQ(headers.text_bytes(), bytes);
      const auto found = std::find_if(model.begin(), model.end(), is_named);
      ASSERT_EQ(headers.get(name).has_value(), found != model.end());
      ASSERT_EQ(headers.value(name), found != model.end() ? found->second : "");
      ASSERT_EQ(headers.count(name),
                static_cast<size_t>(std::count_if(model.begin(), model.end(), is_named)));
    }
  }
}

TEST(HeadersTest, AValueOfItsOwnCanBeAddedAgain) {
  Headers headers;
  headers.add("a", std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) headers.add("b", headers.value("a"));
  for (const Headers::Field field : headers) EXPECT_EQ(field.value, std::string(100, 'x'));
}

TEST(HeadersTest, AFillerWritesInPlaceUntilThereIsNoRoom) {
  Headers headers;
  headers.reserve(3, 60);
  headers.add("a", "1");
  size_t added = 0;
  {
    Headers::Filler filler(headers);
    while (filler.room() >= 10) {
      std::copy_n("name-value", 10, filler.at());
      filler.add(5, 5);
      ++added;
    }
  }
  EXPECT_GE(added, 3u);
  headers.add("z", "9");
  ASSERT_EQ(headers.size(), added + 2);
  EXPECT_EQ(headers[1].name, "name-");
  EXPECT_EQ(headers[added].value, "value");
  EXPECT_EQ(headers[added + 1].name, "z");
  EXPECT_EQ(headers.text_bytes(), added * 10 + 4);
  headers.remove("name-");
  EXPECT_EQ(fields_of(headers), (Fields{{"a", "1"}, {"z", "9"}}));
}

}  // namespace
}  // namespace omni
