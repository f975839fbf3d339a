#include "source/llm/session.h"

#include <gtest/gtest.h>

#include <string>

#include "source/llm/call.h"

namespace omni::llm {
namespace {

std::string of(std::string_view body, Dialect dialect = Dialect::kOpenai) {
  Call call;
  call.set_dialect(dialect);
  if (dialect == Dialect::kGemini) call.set_path_model("m", false, false);
  EXPECT_FALSE(call.read(Buffer(body), "")) << body;
  return call.fingerprint();
}

TEST(SessionTest, LaterTurnsOfAConversationAreTheSameSession) {
  const std::string first = of(
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]})");
  EXPECT_EQ(first.size(), 16U);
  EXPECT_EQ(of(R"({"temperature":1,"model":"m","messages":[{"role":"system","content":"s"},
                  {"role":"user","content":"hi"},{"role":"assistant","content":"yo"},
                  {"role":"user","content":"more"}]})"),
            first);
}

TEST(SessionTest, WhatTellsConversationsApart) {
  const std::string plain = of(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  for (
      const std::string_view other :
      {R"({"model":"n","messages":[{"role":"user","content":"hi"}]})",
       R"({"model":"m","messages":[{"role":"user","content":"ho"}]})",
       R"({"model":"m","messages":[{"role":"developer","content":"s"},{"role":"user","content":"hi"}]})",
       R"({"model":"m","tools":[{"function":{"name":"f"}}],"messages":[{"role":"user","content":"hi"}]})"})
    EXPECT_NE(of(other), plain) << other;
}

TEST(SessionTest, TheOrderOfToolsDoesNot) {
  const auto with = [](std::string_view tools) {
    return of(R"({"model":"m","input":"hi","tools":[)" + std::string(tools) + "]}",
              Dialect::kOpenaiResponses);
  };
  EXPECT_EQ(with(R"({"name":"a"},{"name":"b"})"), with(R"({"name":"b","x":1},{"name":"a"})"));
  EXPECT_NE(with(R"({"name":"a"})"), with(R"({"name":"b"})"));
}

TEST(SessionTest, EveryDialectSaysWhoItIs) {
  EXPECT_NE(of(R"({"model":"m","system":"a","messages":[{"role":"user","content":"x"}]})",
               Dialect::kAnthropic),
            of(R"({"model":"m","system":"b","messages":[{"role":"user","content":"x"}]})",
               Dialect::kAnthropic));
  EXPECT_NE(of(R"({"contents":[{"parts":[{"text":"x"}]}]})", Dialect::kGemini),
            of(R"({"contents":[{"parts":[{"text":"y"}]}]})", Dialect::kGemini));
  EXPECT_EQ(of(R"({"system_instruction":{"parts":[]},"contents":[]})", Dialect::kGemini),
            of(R"({"systemInstruction":{"parts":[]},"contents":[]})", Dialect::kGemini));
  EXPECT_NE(of(R"({"model":"m","prompt":"x"})", Dialect::kOllamaGenerate),
            of(R"({"model":"m","prompt":"y"})", Dialect::kOllamaGenerate));
  // Nothing to tell by, or nothing that can be read, is no fault.
  EXPECT_EQ(of(R"({"model":"m"})").size(), 16U);
  EXPECT_EQ(of(R"({"model":"m","messages":[7,{"role":1}],"tools":{}})").size(), 16U);
}

TEST(SessionTest, ANamedSessionMayStandInAHeader) {
  EXPECT_EQ(external_session(" build-42 "), "ext:build-42");
  EXPECT_EQ(external_session("a b\r\nx: \xc3\xa9"), "ext:a_b__x:___");
  EXPECT_EQ(external_session(std::string(100, 'x')), "ext:" + std::string(64, 'x'));
  EXPECT_EQ(external_session("  "), "");
}

}  // namespace
}  // namespace omni::llm
