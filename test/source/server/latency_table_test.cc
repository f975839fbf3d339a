#include "source/server/latency_table.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace omni
