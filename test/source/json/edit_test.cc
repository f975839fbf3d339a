#include "source/json/edit.h"

#include <gtest/gtest.h>

namespace omni::json {
namespace {

std::string removed(std::string document, Path path) {
  remove_member(document, path);
  return document;
}

std::string with(std::string document, Path path, std::string_view value) {
  set_member(document, path, value);
  return document;
}

TEST(EditTest, TakesAMemberOutWithOneComma) {
  EXPECT_EQ(removed(R"({"a":1,"b":2,"c":3})", {"a"}), R"({"b":2,"c":3})");
  EXPECT_EQ(removed(R"({"a":1,"b":[1,{"b":2}],"c":3})", {"b"}), R"({"a":1,"c":3})");
  EXPECT_EQ(removed(R"({ "a" : 1 , "c" : 3 })", {"c"}), R"({ "a" : 1  })");
  EXPECT_EQ(removed(R"({"a":1})", {"a"}), "{}");
  EXPECT_EQ(removed(R"({"a":1,"a":2,"a":3})", {"a"}), "{}");
  EXPECT_EQ(removed(R"({"o":{"x":1,"y":2},"y":3})", {"o", "y"}), R"({"o":{"x":1},"y":3})");
}

TEST(EditTest, LeavesAloneWhatIsNotThere) {
  for (const char* document :
       {R"({"a":1})", R"({"o":3})", R"([1])", R"({"o":)", "", R"({"o":null})"}) {
    EXPECT_EQ(removed(document, {"o", "x"}), document);
    EXPECT_EQ(removed(document, {"b"}), document);
  }
}

TEST(EditTest, SetsAValueOrPutsTheMemberFirst) {
  EXPECT_EQ(with(R"({"a": 1 ,"b":2})", {"a"}, "[]"), R"({"a": [] ,"b":2})");
  EXPECT_EQ(with(R"({"b":2})", {"a"}, "1"), R"({"a":1,"b":2})");
  EXPECT_EQ(with("{ }", {"a"}, "1"), R"({"a":1 })");
  EXPECT_EQ(with(R"({"b":2})", {"o", "p", "a"}, "1"), R"({"o":{"p":{"a":1}},"b":2})");
  EXPECT_EQ(with(R"({"o":{"b":2}})", {"o", "a"}, "1"), R"({"o":{"a":1,"b":2}})");
  EXPECT_EQ(with(R"({"o":null})", {"o", "a"}, "1"), R"({"o":{"a":1}})");
  EXPECT_EQ(with(R"({"o":3})", {"o", "a"}, "1"), R"({"o":3})");
}

TEST(EditTest, FindsKeysThatHoldEscapes) {
  EXPECT_EQ(with(R"({"\u0061":1})", {"a"}, "2"), R"({"\u0061":2})");
}

}  // namespace
}  // namespace omni::json
