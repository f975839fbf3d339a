#include "source/catalog/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/support/test_snapshot.h"

namespace omni {
namespace {

using testing::HasSubstr;

struct Names {
  Names() {
    builder.provider("openai", {"gpt-4o", "shared", "org/model"});
    builder.last().alias = "oai";
    builder.provider("other", {"shared", "solo"});
    builder.provider("strict", {"only-this"});
    builder.last().only_models = true;
  }
  std::string of(std::string_view name) {
    if (!snapshot) snapshot = builder.build();
    const Resolution found = resolve_name(name, *snapshot->providers, *snapshot->aliases);
    if (!found.ok()) return std::to_string(found.failure.status) + " " + found.failure.message;
    return found.targets.front().provider->id + " " + found.targets.front().model;
  }
  test::SnapshotBuilder builder;
  std::shared_ptr<Snapshot> snapshot;
};

TEST(NamesTest, APrefixNamesTheProviderByIdOrAlias) {
  Names names;
  EXPECT_EQ(names.of("openai/gpt-4o"), "openai gpt-4o");
  EXPECT_EQ(names.of("oai/anything/at-all"), "openai anything/at-all");
  EXPECT_EQ(names.of("strict/only-this"), "strict only-this");
}

TEST(NamesTest, ABareNameMeansTheOneProviderThatListsIt) {
  Names names;
  EXPECT_EQ(names.of("solo"), "other solo");
  EXPECT_EQ(names.of("org/model"), "openai org/model") << "a listed id may hold a slash";
  EXPECT_THAT(names.of("shared"), HasSubstr("Ambiguous model 'shared'"));
  EXPECT_THAT(names.of("shared"), HasSubstr("openai/shared or other/shared"));
}

TEST(NamesTest, AFailureSaysWhatMayHaveBeenMeant) {
  Names names;
  EXPECT_THAT(names.of("gpt-4"), testing::AllOf(HasSubstr("400 Unable to determine the provider"),
                                                HasSubstr("gpt-4o")));
  EXPECT_THAT(names.of("strict/only-that"),
              testing::AllOf(HasSubstr("404 Provider 'strict' does not offer"),
                             HasSubstr("strict/only-this")));
  EXPECT_THAT(names.of("openai/"), HasSubstr("names a provider but no model"));
  EXPECT_THAT(names.of("nobody/x"), HasSubstr("400 "));
  EXPECT_THAT(names.of(""), HasSubstr("400 "));
}

TEST(NamesTest, AliasesGoBeforeEverythingElse) {
  Names names;
  names.builder.alias("fast", "openai/gpt-4o").alias("chain", "fast").alias("solo", "oai/gpt-4o");
  EXPECT_EQ(names.of("fast"), "openai gpt-4o");
  EXPECT_EQ(names.of("chain"), "openai gpt-4o");
  EXPECT_EQ(names.of("solo"), "openai gpt-4o");
}

TEST(NamesTest, TheLongestPatternWinsAndAnExactAliasBeatsIt) {
  Names names;
  names.builder.alias("claude-*", "other/solo")
      .alias("claude-3-*", "openai/gpt-4o")
      .alias("claude-3-x", "strict/only-this");
  EXPECT_EQ(names.of("claude-2"), "other solo");
  EXPECT_EQ(names.of("claude-3-y"), "openai gpt-4o");
  EXPECT_EQ(names.of("claude-3-x"), "strict only-this");
}

TEST(NamesTest, ACircleOfAliasesIsAnErrorAndALongChainIsNot) {
  Names names;
  names.builder.alias("a", "b").alias("b", "a").alias("self", "self").alias("*ping", "xping");
  for (int i = 0; i < 7; ++i)
    names.builder.alias("c" + std::to_string(i), "c" + std::to_string(i + 1));
  names.builder.alias("c7", "openai/gpt-4o");
  EXPECT_THAT(names.of("a"), HasSubstr("leads in a circle"));
  EXPECT_THAT(names.of("self"), HasSubstr("Unable to determine"));
  EXPECT_THAT(names.of("ping"), HasSubstr("400 "));
  EXPECT_EQ(names.of("c0"), "openai gpt-4o");
}

TEST(NamesTest, NamesThatCouldLeaveAPathAreRefused) {
  Names names;
  for (const std::string name : {"openai/../x", "openai/a%2fb", "openai/a?b", "openai/a#b",
                                 "openai/a\\b", "openai/a b", "openai/a\nb", "openai/\x7f"})
    EXPECT_THAT(names.of(name), HasSubstr("not allowed")) << name;
  EXPECT_THAT(names.of(std::string("openai/a\0b", 10)), HasSubstr("not allowed"));
  EXPECT_THAT(names.of("openai/" + std::string(300, 'x')), HasSubstr("not allowed"));
}

TEST(NamesTest, APathThatNamesTheProviderTakesItsModelsOnly) {
  Names names;
  names.of("x");
  const auto pin = [&](std::string_view prefix, std::string_view model) {
    const PinnedName pinned = pin_name(prefix, model, *names.snapshot->providers);
    return pinned.name.empty() ? pinned.failure.message : pinned.name;
  };
  EXPECT_EQ(pin("openai", "gpt-4o"), "openai/gpt-4o");
  EXPECT_EQ(pin("oai", "gpt-4o"), "openai/gpt-4o");
  EXPECT_EQ(pin("openai", "oai/gpt-4o"), "openai/gpt-4o");
  // Ids of their own with slashes, listed or not.
  EXPECT_EQ(pin("openai", "org/model"), "openai/org/model");
  EXPECT_EQ(pin("openai", "meta-llama/Llama-3"), "openai/meta-llama/Llama-3");
  EXPECT_EQ(pin("openai", "other/solo"),
            "Model \"other/solo\" does not belong to provider \"openai\". Expected prefix: oai/");
  EXPECT_EQ(pin("nobody", "x"), "Unknown provider: nobody");
}

}  // namespace
}  // namespace omni
