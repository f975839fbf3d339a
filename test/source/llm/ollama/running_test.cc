#include "source/llm/ollama/running.h"

#include <gtest/gtest.h>

#include <string>

namespace omni::llm::ollama {
namespace {

bool everything(std::string_view) { return true; }

TEST(RunningTest, ModelsGoByTheirProviderAndKeepEveryOtherByte) {
  std::string items;
  ASSERT_TRUE(append_running("a",
                             R"({"models":[ {"name":"l:latest" , "model":"l:latest","size":1.50,
      "details":{"name":"x"}} ],"x":1})",
                             everything, items)
                  .ok());
  ASSERT_TRUE(append_running("b", R"({"models":[{"model":"n"}]})", everything, items).ok());
  EXPECT_EQ(render_running(items),
            R"({"models":[{"name":"a/l:latest" , "model":"a/l:latest","size":1.50,
      "details":{"name":"x"}},{"model":"b/n"}]})");
}

TEST(RunningTest, WhatMayNotBeSeenIsLeftOut) {
  std::string items;
  const auto visible = [](std::string_view model) { return model != "s"; };
  ASSERT_TRUE(
      append_running("a", R"({"models":[{"name":"s"},{"name":"t"}]})", visible, items).ok());
  EXPECT_EQ(items, R"({"name":"a/t"})");
}

TEST(RunningTest, AnAnswerThatCannotBeReadAddsNothing) {
  for (const std::string_view bad :
       {"", "[]", R"({"models":[{"name":"x"},7]})", R"({"models":[{"name":"x"},{}]})",
        R"({"models":[{"name":"x"},{"name":1}]})", R"({"models":[{"name":"x"})",
        R"({"models":[{"name":"x","y":}]})", "{\"models\":[{\"name\":\"\xff\"}]}"}) {
    std::string items = "{}";
    EXPECT_FALSE(append_running("a", bad, everything, items).ok()) << bad;
    EXPECT_EQ(items, "{}");
  }
  std::string items;
  EXPECT_TRUE(append_running("a", R"({"models":null})", everything, items).ok());
  EXPECT_EQ(render_running(items), R"({"models":[]})");
}

TEST(RunningTest, TheDefaultTagIsNoPartOfTheName) {
  EXPECT_EQ(without_default_tag("llama3:latest"), "llama3");
  EXPECT_EQ(without_default_tag("llama3:8b"), "llama3:8b");
  EXPECT_EQ(without_default_tag(":latest"), ":latest");
}

}  // namespace
}  // namespace omni::llm::ollama
