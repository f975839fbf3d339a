#include "source/server/latency_table.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace omni {
namespace {

TEST(LatencyTableTest, PercentilesAreThoseOfTheLastMinutesByProvider) {
  Provider a, b;
  a.id = "a";
  b.id = "b";
  LatencyTable table, other;
  const absl::Duration begin = absl::Hours(3);
  for (int i = 1; i <= 100; ++i)
    table.add({{.provider = &a, .status = 200, .first_byte_us = i * 1000, .total_us = i * 2000}},
              begin);
  table.add({{.provider = &b, .status = 0, .total_us = 9}}, begin);  // No answer.
  other.add({{.provider = &b, .status = 503, .first_byte_us = 5000, .total_us = 6000}}, begin);
  ProviderLatencies all = table.list(begin + absl::Minutes(6));
  merge_latencies(all, other.list(begin));
  const auto json = test::parse_json(render_latencies(all))["providers"];
  EXPECT_EQ(json["a"]["count"], 100);
  EXPECT_NEAR(json["a"]["p50"].get<double>(), 100, 1);
  EXPECT_NEAR(json["a"]["p99"].get<double>(), 198, 2);
  EXPECT_NEAR(json["a"]["firstByte"]["p95"].get<double>(), 95, 1);
  EXPECT_EQ(json["b"]["count"], 1);
  EXPECT_TRUE(test::parse_json(render_latencies(table.list(begin + absl::Minutes(20))))["providers"]
                  .empty());
}

// The value behind `series`, which is a whole line but for it.
std::string value_of(const std::string& metrics, std::string_view series) {
  const size_t at = metrics.find("\n" + std::string(series) + " ");
  if (at == std::string::npos) return "absent";
  const size_t begin = at + series.size() + 2;
  return metrics.substr(begin, metrics.find('\n', begin) - begin);
}

std::string metrics_of(const ProviderLatencies& latencies) {
  std::string out = "\n";
  append_latency_metrics(out, latencies);
  return out;
}

TEST(LatencyTableTest, MetricsTellPercentilesOfLateAndSumsOfAll) {
  Provider a, b;
  a.id = "a";
  b.id = "b-2.x";
  LatencyTable table;
  const absl::Duration begin = absl::Hours(3);
  for (int i = 1; i <= 1000; ++i)
    table.add({{.provider = &a,
                .status = 200,
                .first_byte_us = i,
                .first_token_us = i * 1000,
                .total_us = i * 2000},
               {.provider = &b, .status = 429, .first_byte_us = 5, .total_us = 6}},
              begin);
  std::string metrics = metrics_of(table.list(begin));
  const auto seconds = [&](std::string_view series) {
    return std::stod(value_of(metrics, series));
  };
  constexpr std::string_view kToken = "omniroute_provider_first_token_seconds";
  const std::string token(kToken), whole = "omniroute_provider_attempt_seconds";
  EXPECT_NEAR(seconds(token + R"({provider="a",quantile="0.5"})"), 0.5, 0.005);
  EXPECT_NEAR(seconds(token + R"({provider="a",quantile="0.95"})"), 0.95, 0.0095);
  EXPECT_NEAR(seconds(whole + R"({provider="a",quantile="0.99"})"), 1.98, 0.0198);
  EXPECT_DOUBLE_EQ(seconds(token + R"(_sum{provider="a"})"), 500.5);
  EXPECT_EQ(value_of(metrics, token + R"(_count{provider="a"})"), "1000");
  EXPECT_DOUBLE_EQ(seconds(whole + R"(_sum{provider="a"})"), 1001);
  EXPECT_EQ(value_of(metrics, token + R"({provider="b-2.x",quantile="0.5"})"), "NaN");
  EXPECT_EQ(value_of(metrics, whole + R"(_count{provider="b-2.x"})"), "1000");
  EXPECT_NE(metrics.find("# TYPE omniroute_provider_attempt_seconds summary\n"), std::string::npos);
  // Nobody asked for half an hour: the percentiles are gone, the sums are not.
  metrics = metrics_of(table.list(begin + absl::Minutes(30)));
  EXPECT_EQ(value_of(metrics, whole + R"({provider="a",quantile="0.99"})"), "NaN");
  EXPECT_EQ(value_of(metrics, whole + R"(_count{provider="a"})"), "1000");
  EXPECT_DOUBLE_EQ(seconds(token + R"(_sum{provider="a"})"), 500.5);
}

TEST(LatencyTableTest, NobodyHasMetricsBeforeTheFirstAnswer) {
  EXPECT_EQ(metrics_of(LatencyTable().list(absl::ZeroDuration())), "\n");
}

TEST(LatencyTableTest, SumsOfWorkersAddUp) {
  Provider a;
  a.id = "a";
  LatencyTable one, other;
  for (LatencyTable* table : {&one, &other})
    table->add({{.provider = &a, .status = 200, .first_token_us = 250'000, .total_us = 500'000}},
               absl::Hours(1));
  ProviderLatencies all = one.list(absl::Hours(1));
  merge_latencies(all, other.list(absl::Hours(1)));
  const std::string metrics = metrics_of(all);
  EXPECT_EQ(value_of(metrics, R"(omniroute_provider_attempt_seconds_count{provider="a"})"), "2");
  EXPECT_EQ(value_of(metrics, R"(omniroute_provider_attempt_seconds_sum{provider="a"})"), "1");
  EXPECT_EQ(value_of(metrics, R"(omniroute_provider_first_token_seconds_sum{provider="a"})"),
            "0.5");
}

TEST(LatencyTableTest, ManyProvidersShareWhatIsLeft) {
  LatencyTable table;
  std::vector<Provider> providers(LatencyTable::kMostProviders + 50);
  for (size_t i = 0; i < providers.size(); ++i) providers[i].id = "p" + std::to_string(i);
  for (int round = 0; round < 2; ++round)
    for (const Provider& provider : providers)
      table.add({{.provider = &provider, .status = 200, .total_us = 10}}, absl::Hours(1));
  const ProviderLatencies all = table.list(absl::Hours(1));
  EXPECT_EQ(all.size(), LatencyTable::kMostProviders + 1);
  EXPECT_EQ(all.find("p7")->second.total_sum.count, 2u);
  EXPECT_EQ(all.find(LatencyTable::kOthers)->second.total_sum.count, 100u);
  EXPECT_EQ(all.find(LatencyTable::kOthers)->second.total.count(), 100u);
}

}  // namespace
}  // namespace omni
