#include "source/config/openapi.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

#include <string>

namespace omni {
namespace {

TEST(OpenapiTest, YamlBecomesTheSameDocument) {
  EXPECT_EQ(yaml_as_json("a: 1\nb: [true, 'true', \"2\", -1.5, 1.0.0, 07, ~, null, text, {c: }]"),
            R"({"a":1,"b":[true,"true","2",-1.5,"1.0.0","07",null,null,"text",{"c":null}]})");
  EXPECT_EQ(yaml_as_json("- |\n  two\n  lines\n- >-\n  folded\n  text\n"),
            R"(["two\nlines\n","folded text"])");
  EXPECT_EQ(yaml_as_json("a: [1"), "");
}

TEST(OpenapiTest, TheProgramHoldsTheDescription) {
  const auto document = test::parse_json(openapi_json());
  EXPECT_EQ(document["info"]["title"], "OmniRoute");
  EXPECT_TRUE(document["paths"].contains("/v1/chat/completions"));
}

}  // namespace
}  // namespace omni
