// The comparison of golden pairs: what it lets pass, and what it tells of the rest.
#include "test/support/golden_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "source/base/status.h"
#include "test/support/golden_case.h"

namespace omni::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> document(std::string_view expected, std::string_view actual) {
  return GoldenPattern().document(expected, actual);
}

TEST(GoldenPatternTest, JsonIsComparedByMeaning) {
  EXPECT_THAT(document(R"({"a":1,"b":[{"c":"d"}]})", R"({ "b" : [{"c":"\u0064"}], "a":1.0 })"),
              IsEmpty());
  EXPECT_THAT(document("{}", R"({"a":null})"), SizeIs(1)) << "more than expected";
  EXPECT_THAT(document(R"({"a":null})", "{}"), SizeIs(1)) << "less than expected";
  EXPECT_THAT(document("[1,2]", "[2,1]"), SizeIs(2)) << "lists have an order";
  EXPECT_THAT(document("[1]", "[1,2]"), SizeIs(1));
  EXPECT_THAT(document("{}", "nothing"), ElementsAre("not JSON: nothing"));
  EXPECT_THAT(document("nothing", "{}"), SizeIs(1));
}

TEST(GoldenPatternTest, ADifferenceNamesItsPlace) {
  EXPECT_THAT(document(R"({"a":[{"b":"c"}]})", R"({"a":[{"b":"d"}]})"),
              ElementsAre("$.a[0].b\n    expected \"c\"\n    got      \"d\""));
}

TEST(GoldenPatternTest, PlaceholdersStandForWhatTheySay) {
  EXPECT_THAT(document(R"(["<any>","<count>","<time>","<time>"])",
                       R"([{"a":1},0,1700000000,"2023-12-12T14:13:43.4Z"])"),
              IsEmpty());
  EXPECT_THAT(document(R"(["<count>","<count>","<time>"])", R"([-1,"1","noon"])"), SizeIs(3));
  const std::string_view maybe = R"({"a":{"<if given>":[]}})";
  EXPECT_THAT(document(maybe, "{}"), IsEmpty());
  EXPECT_THAT(document(maybe, R"({"a":[]})"), IsEmpty());
  EXPECT_THAT(document(maybe, R"({"a":[1]})"), SizeIs(1));
  const std::string_view either = R"({"a":{"<one of>":["b",[{"c":"<id:1>"}]]}})";
  EXPECT_THAT(document(either, R"({"a":"b"})"), IsEmpty());
  EXPECT_THAT(document(either, R"({"a":[{"c":"x"}]})"), IsEmpty());
  EXPECT_THAT(document(either, R"({"a":"x"})"), SizeIs(1));
}

TEST(GoldenPatternTest, ANamedIdIsTheSameEverywhere) {
  const std::string_view two = R"(["<id:a>","<id:b>","<id:a>"])";
  EXPECT_THAT(document(two, R"(["x","y","x"])"), IsEmpty());
  EXPECT_THAT(document(two, R"(["x","y","z"])"), ElementsAre(HasSubstr("<id:a> = x")));
  EXPECT_THAT(document(two, R"(["x","x","x"])"), SizeIs(1)) << "another name, another id";
  EXPECT_THAT(document(R"(["<id:a>"])", R"([""])"), SizeIs(1));
  GoldenPattern both;
  EXPECT_THAT(both.document(R"(["<id:a>"])", R"(["x"])"), IsEmpty());
  EXPECT_THAT(both.document(R"(["<id:a>"])", R"(["y"])"), SizeIs(1)) << "in the whole case";
}

TEST(GoldenPatternTest, StreamsAreComparedEventByEvent) {
  const auto stream = [](std::string_view expected, std::string_view actual) {
    return GoldenPattern().stream(expected, actual);
  };
  const std::string_view two = "event: a\ndata: {\"x\":1}\n\ndata: [DONE]\n\n";
  EXPECT_THAT(stream(two, "event: a\ndata: { \"x\": 1 }\n\ndata: [DONE]"), IsEmpty());
  EXPECT_THAT(stream(two, "data: {\"x\":1}\n\ndata: [DONE]\n\n"), SizeIs(1)) << "the type";
  EXPECT_THAT(stream(two, "data: [DONE]\n\nevent: a\ndata: {\"x\":1}\n\n"), SizeIs(2));
  EXPECT_THAT(stream(two, "event: a\ndata: {\"x\":1}\n\n"), ElementsAre(HasSubstr("event 2")));
  EXPECT_THAT(stream("{\"x\":1}\n{\"x\":2}\n", "{\"x\":1}\n{\"x\":3}\n"),
              ElementsAre(HasSubstr("event 2 $.x")));
}

class GoldenFileTest : public testing::Test {
 protected:
  GoldenFileTest() { std::filesystem::create_directories(folder_ + "/openai_gemini"); }
  ~GoldenFileTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<GoldenCase> read(std::string_view text) {
    const std::string path = folder_ + "/openai_gemini/a.golden";
    std::ofstream(path) << text;
    return read_golden_case(path);
  }

  const std::string folder_ = testing::TempDir() + "golden_file_test";
};

TEST_F(GoldenFileTest, HeadAndSectionsAreRead) {
  const auto golden = read(
      "# Title\nclient request: x\ntarget: m\nstream: yes\nstatus: 429\n\n"
      "=== client request\n{\n}\n\n=== client answer\ndata: a\n\ndata: b\n");
  ASSERT_TRUE(golden.ok()) << message(golden.status());
  EXPECT_EQ(golden->name, "openai_gemini_a");
  EXPECT_EQ(golden->upstream, Dialect::kGemini);
  EXPECT_EQ(golden->target, "m");
  EXPECT_TRUE(golden->is_stream);
  EXPECT_EQ(golden->status, 429);
  EXPECT_EQ(golden->text("client request"), "{\n}");
  EXPECT_EQ(golden->text("client answer"), "data: a\n\ndata: b");
  EXPECT_FALSE(golden->has("upstream answer"));
}

TEST_F(GoldenFileTest, WhatIsMisspelledIsAnError) {
  EXPECT_THAT(message(read("strean: yes\n=== client request\n{}\n").status()),
              HasSubstr("a.golden:1: no such field: strean"));
  EXPECT_THAT(message(read("\n=== client requests\n{}\n").status()),
              HasSubstr("a.golden:2: no such section"));
  EXPECT_THAT(message(read("title\n").status()), HasSubstr("not `name: value`"));
  EXPECT_THAT(message(read("# a\n").status()), HasSubstr("no section"));
}

}  // namespace
}  // namespace omni::test
