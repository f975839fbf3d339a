#include "source/config/yaml_node.h"

#include <gtest/gtest.h>

#include <string>

#include "source/base/status.h"
#include "source/config/yaml_text.h"

namespace omni {
namespace {

class YamlNodeTest : public testing::Test {
 protected:
  YamlNode node(const std::string& yaml) {
    size_t nodes = 0;
    errors_.add_file("f.yaml");
    value_ = parse_yaml(yaml, 0, YamlLimits{}, nodes, errors_);
    return YamlNode(value_, "filters[0].x", errors_);
  }
  ConfigErrors errors_;
  ConfigValue value_;
};

TEST_F(YamlNodeTest, GivesTypedValuesAndFallbacks) {
  const YamlNode n = node(
      "name: a\ncount: 3\non: true\nwait: 5s\nroom: 64KiB\nshare: 0.5\nlist: [a, b]\n"
      "inner: { deep: 1 }\nrows: [{ r: 1 }, { r: 2 }]\n");
  EXPECT_TRUE(n.has("name"));
  EXPECT_FALSE(n.has("nothing"));
  EXPECT_EQ(*n.text("name"), "a");
  EXPECT_EQ(*n.text("absent", "fallback"), "fallback");
  EXPECT_EQ(*n.integer("count"), 3);
  EXPECT_EQ(*n.integer("absent", 9), 9);
  EXPECT_TRUE(*n.boolean("on", false));
  EXPECT_EQ(*n.duration("wait", absl::Seconds(1)), absl::Seconds(5));
  EXPECT_EQ(*n.size_bytes("room", 1), 65536);
  EXPECT_EQ(*n.number("share", 1), 0.5);
  EXPECT_EQ(*n.text_list("list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*(*n.child("inner"))->integer("deep"), 1);
  EXPECT_EQ(n.children("rows")->size(), 2u);
  EXPECT_TRUE(n.children("absent")->empty());
  EXPECT_TRUE((*n.child("absent"))->done().ok());
  EXPECT_TRUE(n.done().ok());
  EXPECT_TRUE(errors_.empty());
}

TEST_F(YamlNodeTest, ErrorsCarryThePlaceAndAreRecordedOnce) {
  const YamlNode n = node("count: three\n");
  const absl::Status wrong = n.integer("count").status();
  EXPECT_EQ(message(wrong),
            "f.yaml:1:8: filters[0].x.count: expected a whole number, found the text 'three'");
  EXPECT_EQ(message(n.text("gone").status()), "f.yaml:1:1: filters[0].x: 'gone' is missing");
  EXPECT_EQ(message(n.error_at("count", "too odd")), "f.yaml:1:8: filters[0].x.count: too odd");
  EXPECT_EQ(errors_.size(), 3u);
}

TEST_F(YamlNodeTest, KeysThatNobodyAskedForAreRefused) {
  const YamlNode n = node("timeuot: 5s\n");
  EXPECT_EQ(*n.duration("timeout", absl::Seconds(1)), absl::Seconds(1));
  EXPECT_FALSE(n.done().ok());
  EXPECT_EQ(errors_.sorted().at(0).text(),
            "f.yaml:1:1: filters[0].x.timeuot: unknown key; did you mean 'timeout'?");
}

TEST_F(YamlNodeTest, ChildrenOfTheWrongKindAreErrors) {
  const YamlNode n = node("inner: 5\nrows: { a: 1 }\nlist: [[a]]\n");
  EXPECT_FALSE(n.child("inner").ok());
  EXPECT_FALSE(n.children("rows").ok());
  EXPECT_FALSE(n.text_list("list").ok());
  EXPECT_EQ(errors_.size(), 3u);
}

}  // namespace
}  // namespace omni
