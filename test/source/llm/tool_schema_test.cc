#include "source/llm/tool_schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using testing::HasSubstr;

std::string typed(RawJson schema) {
  std::string out;
  append_tool_schema(out, schema, SchemaRule::kTyped);
  return out;
}

std::string with_properties(RawJson schema) {
  std::string out;
  append_tool_schema(out, schema, SchemaRule::kWithProperties);
  return out;
}

TEST(ToolSchemaTest, WhatIsMissingStandsInFront) {
  for (const std::string_view empty : {"", "{}", "{ }"}) {
    EXPECT_THAT(typed(empty), HasSubstr(R"({"type":"object")")) << empty;
    EXPECT_THAT(with_properties(empty), HasSubstr(R"({"type":"object","properties":{})")) << empty;
  }
  EXPECT_EQ(typed(R"({"properties":{"a":{}}})"), R"({"type":"object","properties":{"a":{}}})");
  EXPECT_EQ(with_properties(R"({"type":"object","x": 1})"),
            R"({"properties":{},"type":"object","x": 1})");
  EXPECT_EQ(with_properties(R"({"$defs":{"type":"string"}})"),
            R"({"type":"object","properties":{},"$defs":{"type":"string"}})");
}

TEST(ToolSchemaTest, WhatIsCompleteStaysByteForByte) {
  for (const std::string_view schema :
       {R"({ "type" : "object" , "properties" : {"a":{"type":"object"}} })",
        R"({"type":["object","null"]})", R"({"type":"string"})"}) {
    EXPECT_EQ(typed(schema), schema);
    EXPECT_EQ(with_properties(schema), schema);
  }
  EXPECT_EQ(typed(R"({"type":"object"})"), R"({"type":"object"})");
}

TEST(ToolSchemaTest, EachVendorGetsASchemaThatItTakes) {
  const auto sent = [](Dialect to, std::string_view schema) {
    return test::transcode_request(
        Dialect::kOllama, to,
        fmt::format(R"({{"messages":[{{"role":"user","content":"a"}}],"tools":[
            {{"type":"function","function":{{"name":"f","parameters":{}}}}}]}})",
                    schema));
  };
  EXPECT_THAT(sent(Dialect::kAnthropic, "{}"), HasSubstr(R"("input_schema":{"type":"object"})"));
  EXPECT_THAT(sent(Dialect::kAnthropic, R"({"properties":{}})"),
              HasSubstr(R"("input_schema":{"type":"object","properties":{}})"));
  for (const Dialect to : {Dialect::kOpenai, Dialect::kOpenaiResponses})
    EXPECT_THAT(sent(to, R"({"type":"object"})"),
                HasSubstr(R"("parameters":{"properties":{},"type":"object"})"));
}

}  // namespace
}  // namespace omni::llm
