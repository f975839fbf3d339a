#include "source/stats/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace omni {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string rendered(const StatRegistry& registry) {
  std::string out;
  registry.render(out);
  return out;
}

size_t occurrences(const std::string& text, const std::string& of) {
  size_t out = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++out;
  return out;
}

TEST(StatRegistryTest, CountsOnAThreadWithASlabAndNowhereWithout) {
  StatRegistry registry;
  const Counter requests = registry.counter("omniroute_requests_total", "Requests.");
  requests.add();
  EXPECT_EQ(registry.sum("omniroute_requests_total"), 0);
  {
    const StatThread attached(&registry);
    requests.add(3);
  }
  requests.add();
  EXPECT_EQ(registry.sum("omniroute_requests_total"), 3);
}

TEST(StatRegistryTest, AddsThePrefixWhenTheNameLacksIt) {
  StatRegistry registry;
  const StatThread attached(&registry);
  registry.counter("requests_total", "Requests.").add();
  EXPECT_THAT(rendered(registry), HasSubstr("\nomniroute_requests_total 1\n"));
}

TEST(StatRegistryTest, GivesTheSameCellsForTheSameNameAndLabels) {
  StatRegistry registry;
  const StatThread attached(&registry);
  registry.counter("omniroute_a", "A.", {{"provider", "openai"}}).add(2);
  registry.counter("omniroute_a", "A.", {{"provider", "openai"}}).add(5);
  registry.counter("omniroute_a", "A.", {{"provider", "groq"}}).add(1);
  EXPECT_EQ(registry.sum("omniroute_a", {{"provider", "openai"}}), 7);
  EXPECT_EQ(registry.sum("omniroute_a"), 8);
  EXPECT_EQ(registry.sum("omniroute_a", {{"provider", "open"}}), 0);
}

TEST(StatRegistryTest, WritesHelpAndTypeOncePerFamily) {
  StatRegistry registry;
  const StatThread attached(&registry);
  registry.counter("omniroute_a", "First line\nand a \\ too.", {{"x", "1"}}).add();
  registry.gauge("omniroute_b", "B.").add(-4);
  registry.counter("omniroute_a", "ignored", {{"x", "2"}}).add(9);
  EXPECT_EQ(rendered(registry),
            "# HELP omniroute_a First line\\nand a \\\\ too.\n"
            "# TYPE omniroute_a counter\n"
            "omniroute_a{x=\"1\"} 1\n"
            "omniroute_a{x=\"2\"} 9\n"
            "# HELP omniroute_b B.\n"
            "# TYPE omniroute_b gauge\n"
            "omniroute_b -4\n"
            "# HELP omniroute_stats_dropped Metrics that found no free cell and count nowhere.\n"
            "# TYPE omniroute_stats_dropped counter\n"
            "omniroute_stats_dropped 0\n");
}

TEST(StatRegistryTest, EscapesLabelValues) {
  StatRegistry registry;
  const StatThread attached(&registry);
  registry.counter("omniroute_a", "A.", {{"who", "a\"b\\c\nd"}, {"z", "ü,z=\"1\""}}).add();
  EXPECT_THAT(rendered(registry),
              HasSubstr("omniroute_a{who=\"a\\\"b\\\\c\\nd\",z=\"ü,z=\\\"1\\\"\"} 1\n"));
  EXPECT_EQ(registry.sum("omniroute_a", {{"z", "1"}}), 0);
}

TEST(StatRegistryTest, WritesHistogramsCumulativelyInSeconds) {
  StatRegistry registry;
  const StatThread attached(&registry);
  const Histogram wait = registry.histogram("omniroute_wait_seconds", "W.", {{"p", "x"}});
  wait.record_us(64);  // On the border of the first bucket.
  wait.record_us(65);
  wait.record_us(1'000'000);  // Between 2^19 and 2^20 us.
  wait.record_us(uint64_t{1} << 40);
  const std::string text = rendered(registry);
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"6.4e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"0.000128\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"0.524288\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"1.048576\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"134.217728\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_bucket{p=\"x\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_count{p=\"x\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("omniroute_wait_seconds_sum{p=\"x\"} 1099512.627905\n"));
  EXPECT_EQ(occurrences(text, "_bucket{"), 23u);
  EXPECT_EQ(registry.sum("omniroute_wait_seconds"), 4);
}

TEST(StatRegistryTest, KeepsTheCountsOfThreadsThatEndedAndUsesTheirSlabsAgain) {
  StatRegistry registry;
  const Counter count = registry.counter("omniroute_a", "A.");
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      const StatThread attached(&registry);
      count.add();
    }).join();
  }
  EXPECT_EQ(registry.sum("omniroute_a"), 20);
}

TEST(StatRegistryTest, LosesNothingWhenThreadsCountWhileItIsScraped) {
  StatRegistry registry;
  const Counter count = registry.counter("omniroute_a", "A.");
  const Gauge alive = registry.gauge("omniroute_b", "B.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const StatThread attached(&registry);
      for (int n = 0; n < 50'000; ++n) {
        count.add();
        alive.add(n % 2 == 0 ? 1 : -1);
      }
    });
  }
  int64_t before = 0;
  for (int i = 0; i < 50; ++i) {
    const int64_t now = registry.sum("omniroute_a");
    EXPECT_GE(now, before);
    before = now;
    registry.counter("omniroute_c", "C.", {{"i", std::to_string(i)}});
    rendered(registry);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.sum("omniroute_a"), 200'000);
  EXPECT_EQ(registry.sum("omniroute_b"), 0);
}

TEST(StatRegistryTest, CountsNowhereAndSaysSoWhenFull) {
  StatRegistry registry;
  const StatThread attached(&registry);
  const Counter first = registry.counter("omniroute_first", "F.");
  for (uint32_t i = 0; i < StatRegistry::kCells; ++i) {
    registry.counter("omniroute_many", "M.", {{"i", std::to_string(i)}});
  }
  const Counter refused = registry.counter("omniroute_late", "L.");
  const Histogram refused_too = registry.histogram("omniroute_later", "L.");
  first.add();
  refused.add(1000);
  for (int i = 0; i < 30; ++i) refused_too.record_us(uint64_t{1} << i);
  Histogram().record_us(1);
  EXPECT_EQ(registry.sum("omniroute_first"), 1);
  EXPECT_EQ(registry.sum("omniroute_many"), 0);
  EXPECT_GT(registry.sum("omniroute_stats_dropped"), 2);
  EXPECT_THAT(rendered(registry), Not(HasSubstr("omniroute_late ")));
}

TEST(StatRegistryTest, AsksGaugeFunctionsAtEachScrape) {
  StatRegistry registry;
  double value = 0.5;
  registry.gauge_function("omniroute_ratio", "R.", [&] { return value; }, {{"env", "state"}});
  EXPECT_THAT(rendered(registry), HasSubstr("omniroute_ratio{env=\"state\"} 0.5\n"));
  value = 3;
  EXPECT_THAT(rendered(registry), HasSubstr("omniroute_ratio{env=\"state\"} 3\n"));
  EXPECT_EQ(registry.sum("omniroute_ratio"), 3);
  registry.remove_gauge_function("omniroute_ratio", {{"env", "state"}});
  EXPECT_THAT(rendered(registry), Not(HasSubstr("omniroute_ratio")));
}

TEST(StatRegistryDeathTest, EndsTheProcessWhenOneNameIsTwoKinds) {
  StatRegistry registry;
  registry.counter("omniroute_a", "A.");
  EXPECT_DEATH(registry.gauge("omniroute_a", "A."), "check failed");
}

}  // namespace
}  // namespace omni
