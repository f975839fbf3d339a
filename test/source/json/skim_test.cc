#include "source/json/skim.h"

#include <gtest/gtest.h>

#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "source/base/status.h"

namespace omni::json {
namespace {

std::string why(std::string_view text) {
  const absl::Status status = skim_object(text, [](const Skimmed&) { return absl::OkStatus(); });
  return status.ok() ? "ok" : std::string(message(status));
}

TEST(SkimTest, ShowsEveryMemberWithItsBytes) {
  std::vector<std::string> seen;
  const std::string text =
      R"( { "m\u006fdel" : "a\"b" ,"n":-1.5e3, "list":[1,"]",{"x":"}"}],"model":null,"":true } )";
  ASSERT_TRUE(skim_object(text, [&](const Skimmed& member) {
                EXPECT_EQ(*member.key_begin, '"');
                seen.push_back(std::string(member.key) + "=" + std::string(member.raw));
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{R"(model="a\"b")", "n=-1.5e3",
                                            R"(list=[1,"]",{"x":"}"}])", "model=null", "=true"}));
}

TEST(SkimTest, RefusesWhatIsNotOneObject) {
  EXPECT_EQ(why("{}"), "ok");
  EXPECT_EQ(why(""), "empty");
  EXPECT_EQ(why("[]"), "not an object");
  EXPECT_EQ(why("{} {}"), "something follows the document");
  EXPECT_EQ(why("{\"a\nb\":1}"), "a control character stands in a string");
  EXPECT_EQ(why(R"({"a\x":1})"), "a string holds a broken escape");
  for (const std::string_view bad : {"{",
                                     R"({"a")",
                                     R"({"a":)",
                                     R"({"a":1)",
                                     R"({"a":1,)",
                                     R"({"a":1,})",
                                     R"({a:1})",
                                     R"({"a" 1})",
                                     R"({"a":1 "b":2})",
                                     R"({"a":"x)",
                                     R"({"a":[1,2)",
                                     R"({,})",
                                     R"({"a":01})",
                                     R"({"a":+1})",
                                     R"({"a":1.})",
                                     R"({"a":.5})",
                                     R"({"a":1e})",
                                     R"({"a":tru})",
                                     R"({"a":NaN})",
                                     R"({"a":inf})",
                                     R"({"a":'x'})",
                                     R"({"a":"x\"})",
                                     R"({"a"::1})",
                                     R"({"a":1:2})"})
    EXPECT_NE(why(bad), "ok") << bad;
}

TEST(SkimTest, ResolvesEscapesOfTexts) {
  const auto text = [](std::string_view raw) {
    const auto out = Skimmed{.kind = Kind::kString, .raw = raw}.text();
    return out.ok() ? *out : "refused";
  };
  EXPECT_EQ(text(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  for (const std::string_view bad : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\u12")",
                                     R"("\q")", R"("\ud83d\u0041")", "\"a\nb\""})
    EXPECT_EQ(text(bad), "refused") << bad;
}

// What a strict parser takes is taken, with the same keys, kinds and texts.
TEST(SkimTest, AgreesWithAStrictParser) {
  std::mt19937 random(11);
  const std::function<std::string(int)> value = [&](int depth) -> std::string {
    const auto blank = [&] { return std::string(random() % 3, ' '); };
    switch (random() % (depth > 3 ? 5 : 7)) {
      case 0:
        return std::to_string(static_cast<int>(random() % 2000) - 1000) +
               (random() % 2 ? "" : ".5");
      case 1:
        return random() % 2 ? "true" : "null";
      case 2:
        return "\"" + std::string(random() % 90, 'x') + "\\\\\"";
      case 3:
        return R"("}]\"{[\\\\\" ")";
      case 4:
        return R"("\u00e9\n")";
      case 5: {
        std::string out = "[";
        for (size_t n = random() % 4; n > 0; --n)
          out += value(depth + 1) + blank() + (n > 1 ? "," : "");
        return out + "]";
      }
      default: {
        std::string out = "{";
        for (size_t n = random() % 4; n > 0; --n)
          out += "\"k" + std::to_string(random() % 9) + "\":" + blank() + value(depth + 1) +
                 (n > 1 ? "," : "");
        return out + "}";
      }
    }
  };
  for (int round = 0; round < 5000; ++round) {
    std::string text = "{";
    const size_t members = random() % 5;
    for (size_t i = 0; i < members; ++i)
      text += "\"m" + std::to_string(i) + "\" : " + value(0) + (i + 1 < members ? " ," : "");
    text += "}";
    const auto strict = nlohmann::json::parse(text);
    size_t seen = 0;
    ASSERT_TRUE(skim_object(text,
                            [&](const Skimmed& member) {
                              const auto& expected = strict.at(std::string(member.key));
                              EXPECT_EQ(nlohmann::json::parse(member.raw), expected) << text;
                              if (member.kind == Kind::kString) {
                                EXPECT_EQ(*member.text(), expected);
                              }
                              if (member.kind == Kind::kNumber) {
                                EXPECT_EQ(*member.number(), expected);
                              }
                              ++seen;
                              return absl::OkStatus();
                            })
                    .ok())
        << text;
    ASSERT_EQ(seen, members);
  }
}

// The obvious way.
size_t slow_size(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at + 1;
    }
  }
  return 0;
}

TEST(SkimTest, FindsTheEndOfANestedValueWhereTheObviousWayDoes) {
  std::mt19937 random(13);
  const std::string_view inside[] = {"a",  "\\\\", "\\\"", "{", "}", "]", "[", "xxxxxxxxxxxxxxxx",
                                     "\\n"};
  const std::string_view outside[] = {"[", "{", "]", "}", ",", "1", " "};
  for (int round = 0; round < 30000; ++round) {
    std::string text = random() % 2 ? "{" : "[";
    bool in_string = false;
    for (size_t n = random() % 120; n > 0; --n) {
      if (random() % 6 == 0) {
        in_string = !in_string;
        text += '"';
      } else if (in_string) {
        text += inside[random() % std::size(inside)];
      } else {
        text += outside[random() % std::size(outside)];
      }
    }
    ASSERT_EQ(nested_size(text), slow_size(text)) << text;
  }
}

}  // namespace
}  // namespace omni::json
