#include "source/json/skim.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "source/base/status.h"
#include "test/support/json.h"
#include "test/support/slow_nested_size.h"

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
    const auto strict = test::parse_json(text);
    size_t seen = 0;
    ASSERT_TRUE(skim_object(text,
                            [&](const Skimmed& member) {
                              const auto& expected = strict.at(std::string(member.key));
                              EXPECT_EQ(test::parse_json(member.raw), expected) << text;
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

// One walk's keys and values; the reason when it is refused.
std::string walk(std::string_view text) {
  std::string out;
  Skimmer skimmer(text, Kind::kObject);
  Skimmed member;
  while (skimmer.next(member))
    out.append(member.key).append("=").append(member.raw).append(member.is_plain ? "," : ";");
  if (!skimmer.ok()) return std::string(message(skimmer.status()));
  EXPECT_EQ(skimmer.closing(), text.data() + text.rfind('}'));
  return out;
}

// Names and texts of every length up to beyond any run that is looked at at once, ending at every
// distance from the document's end, with and without blanks, which take another way.
TEST(SkimTest, LengthsAndBlanksMakeNoDifference) {
  for (size_t length = 0; length < 140; ++length) {
    const std::string name(length, 'k'), digits(1 + length % 20, '7');
    for (size_t end = 0; end < 70; end += 1 + length % 7) {
      const std::string tight = "{\"" + name + "\":\"" + name + "\",\"n\":" + digits + ",\"" +
                                name + "\":[\"" + name + "\"],\"e\":\"" + std::string(end, 'x') +
                                "\"}";
      std::string loose;
      for (const char c : tight) {
        const bool is_mark = std::string_view("{},:[]").find(c) != std::string_view::npos;
        loose += is_mark ? std::string(" ") + c + "\n" : std::string(1, c);
      }
      const std::string seen = walk(tight);
      EXPECT_NE(seen.find(name + "=\"" + name + "\""), std::string::npos) << tight;
      EXPECT_NE(seen.find("n=" + digits), std::string::npos) << tight;
      std::string seen_loose = walk(loose);
      std::erase_if(seen_loose, [](char c) { return c == ' ' || c == '\n'; });
      EXPECT_EQ(seen_loose, seen) << tight;
    }
  }
}

// Cut anywhere, a document is refused, and nothing behind the cut is read.
TEST(SkimTest, ADocumentThatBreaksOffIsRefused) {
  const std::string text =
      R"({"id":"abc","n":17,"list":[{"text":"a\"}]","x":[1,2]}],"usage":{"in":1,"more":{"c":0}}})";
  EXPECT_EQ(why(text), "ok");
  for (size_t size = 0; size < text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_NE(why({exact.data(), exact.size()}), "ok") << size;
    const std::vector<char> inside(
        text.begin() + 26, text.begin() + static_cast<ptrdiff_t>(std::max<size_t>(size, 26)));
    EXPECT_EQ(nested_size({inside.data(), inside.size()}), size >= 54 ? 28u : 0u) << size;
  }
}

TEST(SkimTest, ANestedWalkEndsWithItsValue) {
  Skimmer outer(R"({"a":{"x":1,"y":[true,"z"]},"b":{"x":2}})", Kind::kObject);
  Skimmed member, inner, item;
  ASSERT_TRUE(outer.next(member));
  Skimmer first(member);
  ASSERT_TRUE(first.next(inner));
  EXPECT_EQ(*inner.integer(), 1);
  ASSERT_TRUE(first.next(inner));
  Skimmer list(inner);
  ASSERT_TRUE(list.next(item));
  EXPECT_TRUE(item.is_true());
  ASSERT_TRUE(list.next(item));
  EXPECT_EQ(item.inside(), "z");
  EXPECT_FALSE(list.next(item));
  EXPECT_TRUE(list.ok());
  EXPECT_FALSE(first.next(inner));
  EXPECT_TRUE(first.ok());
  ASSERT_TRUE(outer.next(member));
  EXPECT_EQ(member.key, "b");
  EXPECT_FALSE(outer.next(member));
  EXPECT_TRUE(outer.ok());
}

TEST(SkimTest, NumbersAreReadAsTheLibraryReadsThem) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 20000; ++round) {
    std::string raw = random() % 4 == 0 ? "-" : "";
    raw += random() % 5 == 0 ? "0" : std::to_string(random() >> (random() % 64));
    if (random() % 2) raw += "." + std::to_string(random() >> (random() % 64));
    if (random() % 4 == 0) raw += "e" + std::to_string(static_cast<int>(random() % 40) - 20);
    const Skimmed value{.kind = Kind::kNumber, .raw = raw};
    EXPECT_EQ(*value.number(), std::strtod(raw.c_str(), nullptr)) << raw;
    const std::string text = "{\"n\":" + raw + ",\"padding\":\"................\"}";
    Skimmer skimmer(text, Kind::kObject);
    Skimmed member;
    ASSERT_TRUE(skimmer.next(member));
    EXPECT_EQ(member.raw, raw);
    const auto from_walk = member.integer(), from_raw = value.integer();
    ASSERT_EQ(from_walk.ok(), from_raw.ok()) << raw;
    if (from_walk.ok()) {
      EXPECT_EQ(*from_walk, *from_raw);
    }
  }
  for (const std::string_view bad : {"", "-", "01", "1.", ".5", "1e", "inf", "nan", "1x", "+1"}) {
    EXPECT_FALSE((Skimmed{.kind = Kind::kNumber, .raw = bad}.number().ok())) << bad;
  }
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
    ASSERT_EQ(nested_size(text), test::slow_nested_size(text)) << text;
  }
}

// Long texts are searched for their quotes instead, from where no quote has been for a while.
TEST(SkimTest, FindsTheEndBehindLongTexts) {
  std::mt19937 random(13);
  const char* const between[] = {"\\\"", "\\\\", "\\\\\\\"", "\\n", "}", "]", "{\xC3\xA9"};
  for (int round = 0; round < 5000; ++round) {
    std::string text = "[";
    for (size_t texts = 1 + random() % 3; texts > 0; --texts) {
      text += '"';
      for (size_t pieces = random() % 5; pieces > 0; --pieces) {
        text += std::string(random() % 500, 'x');
        text += between[random() % std::size(between)];
      }
      text += texts > 1 ? "\"," : "\"";
    }
    if (random() % 4 != 0) text += ']';
    text += std::string(random() % 100, random() % 2 ? ' ' : '}');
    ASSERT_EQ(nested_size(text), test::slow_nested_size(text)) << text;
  }
}

}  // namespace
}  // namespace omni::json
