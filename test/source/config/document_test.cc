// Substitution, includes and the limits that keep a hostile file cheap.
#include "source/config/document.h"

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <string>

#include "source/base/system_clock.h"
#include "source/config/yaml_text.h"
#include "test/source/config/fake_world.h"

namespace omni {
namespace {

std::string path_of(FakeWorld& world, const std::string& written) {
  const LoadResult result = world.load("storage:\n  path: " + written + "\n");
  return result.ok() ? result.config.storage.path : result.errors[0].message;
}

TEST(SubstitutionTest, TakesVariablesDefaultsAndFiles) {
  FakeWorld world;
  world.environment = {{"A", "alpha"}, {"EMPTY", ""}};
  world.files["/run/secret"] = "from a file\n";
  EXPECT_EQ(path_of(world, "${A}"), "alpha");
  EXPECT_EQ(path_of(world, "\"x/${A}/y-${A}\""), "x/alpha/y-alpha");
  EXPECT_EQ(path_of(world, "\"${NOPE:-fallback}\""), "fallback");
  EXPECT_EQ(path_of(world, "\"${EMPTY:-fallback}\""), "fallback");
  EXPECT_EQ(path_of(world, "\"${A:-fallback}\""), "alpha");
  EXPECT_EQ(path_of(world, "\"${file:/run/secret}\""), "from a file");
}

TEST(SubstitutionTest, ADoubledDollarIsAPlainOneAndResultsAreNotLookedAtAgain) {
  FakeWorld world;
  world.environment = {{"A", "${B}"}, {"B", "no"}};
  EXPECT_EQ(path_of(world, "\"$${A}\""), "${A}");
  EXPECT_EQ(path_of(world, "\"${A}\""), "${B}");
  EXPECT_EQ(path_of(world, "\"costs $5\""), "costs $5");
}

TEST(SubstitutionTest, TheResultDecidesTheTypeQuotedOrNot) {
  FakeWorld world;
  world.environment = {{"N", "4"}, {"B", "true"}, {"T", "90s"}};
  const LoadResult result = world.load(
      "workers: \"${N}\"\nsettings:\n  require_api_key: ${B}\nshutdown: { drain: \"${T}\" }\n"
      "storage:\n  path: ${N}\n");
  ASSERT_TRUE(result.ok()) << result.errors[0].text();
  EXPECT_EQ(result.config.workers, 4u);
  EXPECT_TRUE(result.config.settings.require_api_key);
  EXPECT_EQ(result.config.shutdown.drain, absl::Seconds(90));
  EXPECT_EQ(result.config.storage.path, "4");
}

TEST(SubstitutionTest, WhatCannotBeReplacedIsNamedAndNeverShown) {
  FakeWorld world;
  world.environment = {{"SECRET", "hush"}};
  EXPECT_EQ(world.errors("storage: { path: \"${NOPE}\" }\n"),
            "gateway.yaml:1:18: storage.path: the environment variable NOPE is not set; "
            "${NOPE:-default} would give a default\n");
  EXPECT_EQ(world.errors("storage: { path: \"${NOPE\" }\n"),
            "gateway.yaml:1:18: storage.path: '${' has no closing '}'\n");
  EXPECT_EQ(world.errors("storage: { path: \"${file:/none}\" }\n"),
            "gateway.yaml:1:18: storage.path: cannot read /none: no such file\n");
  EXPECT_EQ(world.errors("storage: { path: \"${a b}\" }\n"),
            "gateway.yaml:1:18: storage.path: '${a b}' is not ${NAME}, ${NAME:-default} or "
            "${file:PATH}; write $${ for a plain ${\n");
  EXPECT_EQ(world.errors("settings: { require_api_key: \"${SECRET}\" }\n"),
            "gateway.yaml:1:30: settings.require_api_key: expected true or false, found the value "
            "of ${...}\n");
}

TEST(SubstitutionTest, BracesThatYamlTakesForItsOwnGetAHint) {
  FakeWorld world;
  EXPECT_EQ(
      world.errors("storage: { path: ${A} }\n"),
      "gateway.yaml:1:19: yaml: end of map flow not found; between braces or brackets, ${...} must "
      "stand in quotes\n");
}

TEST(IncludeTest, ListsAreAppendedAndMappingsMerged) {
  FakeWorld world;
  world.files["conf/a.yaml"] = "providers: [{ id: two, type: demo }]\nlog: { level: error }\n";
  world.files["conf/deep/b.yaml"] = "aliases: { x: two/echo }\n";
  world.files["conf/main.yaml"] =
      "include: [a.yaml, deep/b.yaml]\nproviders: [{ id: one, type: demo }]\n"
      "log: { format: text }\n";
  const LoadResult result = load_config("conf/main.yaml", world.env());
  ASSERT_TRUE(result.ok()) << result.errors[0].text();
  ASSERT_EQ(result.config.providers.size(), 2u);
  EXPECT_EQ(result.config.providers[0].id, "one");
  EXPECT_EQ(result.config.providers[1].id, "two");
  EXPECT_EQ(result.config.log.level, LogConfig::Level::kError);
  EXPECT_EQ(result.config.log.format, LogConfig::Format::kText);
  EXPECT_EQ(result.config.sources,
            (std::vector<std::string>{"conf/main.yaml", "conf/a.yaml", "conf/deep/b.yaml"}));
}

TEST(IncludeTest, ErrorsInAnIncludedFileNameThatFile) {
  FakeWorld world;
  world.files["more.yaml"] = "log:\n  levle: info\n";
  EXPECT_EQ(world.errors("include: more.yaml\n"),
            "more.yaml:2:3: log.levle: unknown key; did you mean 'level'?\n");
}

TEST(IncludeTest, AValueSetTwiceNamesBothPlaces) {
  FakeWorld world;
  world.files["more.yaml"] = "log:\n  level: info\n";
  EXPECT_EQ(world.errors("include: more.yaml\nlog: { level: error }\n"),
            "more.yaml:2:3: log.level: set twice; first at gateway.yaml:2:8\n");
}

TEST(IncludeTest, CirclesAndRepeatsAndDepthAreRefused) {
  FakeWorld world;
  world.files["a.yaml"] = "include: ./gateway.yaml\n";
  EXPECT_EQ(world.errors("include: a.yaml\n"),
            "a.yaml:1:10: include: gateway.yaml includes itself\n");
  world.files["a.yaml"] = "log: { level: info }\n";
  EXPECT_EQ(world.errors("include: [a.yaml, ./a.yaml]\n"),
            "gateway.yaml:1:19: include: a.yaml is included twice\n");
  EXPECT_EQ(world.errors("include: none.yaml\n"),
            "gateway.yaml:1:10: include: cannot read none.yaml: no such file\n");
  EXPECT_EQ(world.errors("include: { a: b }\n"),
            "gateway.yaml:1:10: include: expected the name of a file, or a list of names\n");
  for (int i = 0; i < 10; ++i)
    world.files["d" + std::to_string(i) + ".yaml"] =
        "include: d" + std::to_string(i + 1) + ".yaml\n";
  EXPECT_EQ(world.errors("include: d0.yaml\n"),
            "d6.yaml:1:10: include: includes are nested deeper than 8 files\n");
}

TEST(IncludeTest, AFileThatIsMissingIsStillWatched) {
  FakeWorld world;
  const LoadResult result = world.load("include: later.yaml\n");
  EXPECT_EQ(result.config.sources, (std::vector<std::string>{"gateway.yaml", "later.yaml"}));
}

TEST(LimitsTest, AnAliasBombIsRefusedAtOnce) {
  FakeWorld world;
  std::string text = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            "]\n";
  }
  const absl::Duration start = monotonic_now();
  EXPECT_NE(world.errors(text).find("anchors (&name) are not allowed"), std::string::npos);
  EXPECT_LT(monotonic_now() - start, absl::Seconds(2));
}

TEST(LimitsTest, DepthIsBounded) {
  FakeWorld world;
  const auto nested = [](int depth) {
    return "zzz: " + std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "\n";
  };
  EXPECT_EQ(world.errors(nested(63)), "gateway.yaml:1:1: zzz: unknown key\n");
  EXPECT_NE(world.errors(nested(64)).find("nested deeper than 64 levels"), std::string::npos);
  // Far beyond what a parser's own stack would bear.
  EXPECT_NE(world.errors(nested(1'000'000)).find("nested deeper than 64 levels"),
            std::string::npos);
}

TEST(LimitsTest, NodesAndBytesAreBounded) {
  FakeWorld world;
  std::string many = "zzz: [";
  for (int i = 0; i < 100'000; ++i) many += "1,";
  EXPECT_NE(world.errors(many + "1]\n").find("more than 100000 values"), std::string::npos);
  EXPECT_NE(world.errors("# " + std::string(3 << 20, 'x')).find("larger than 2097152 bytes"),
            std::string::npos);
}

TEST(LimitsTest, ManyNamesAreCheckedInAMoment) {
  FakeWorld world;
  std::string text = "providers: [{ id: demo, type: demo }]\naliases:\n";
  for (int i = 0; i < 40'000; ++i) text += "  n" + std::to_string(i) + ": nobody/x\n";
  const absl::Duration start = monotonic_now();
  EXPECT_EQ(world.load(text).errors.size(), ConfigErrors::kMost);
  EXPECT_LT(monotonic_now() - start, absl::Seconds(10));
}

TEST(YamlTextTest, KeepsPositionsOfKeysAndValues) {
  ConfigErrors errors;
  errors.add_file("f");
  size_t nodes = 0;
  const ConfigValue root = parse_yaml("a:\n  - b: 1\n    c:\n", 0, YamlLimits{}, nodes, errors);
  ASSERT_TRUE(errors.empty());
  const ConfigValue& item = root.find("a")->items.at(0);
  EXPECT_EQ(item.entries[0].key_at.line, 2);
  EXPECT_EQ(item.entries[0].key_at.column, 5);
  EXPECT_EQ(item.entries[0].value.at.column, 8);
  // Nothing stands there, so the key's place is as near as it gets.
  EXPECT_EQ(item.entries[1].value.kind, ConfigValue::Kind::kNull);
  EXPECT_EQ(item.entries[1].value.at.line, 3);
  EXPECT_EQ(item.entries[1].value.at.column, 5);
}

}  // namespace
}  // namespace omni
