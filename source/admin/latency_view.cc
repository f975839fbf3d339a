#include "source/admin/latency_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "source/base/format.h"
#include "source/json/writer.h"

namespace omni {
namespace {

std::string percentiles(const LatencyHistogram& histogram) {
  const auto ms = [&](double fraction) {
    return static_cast<double>(histogram.quantile_us(fraction)) / 1000;
  };
  return fmt::format(R"("p50":{},"p95":{},"p99":{},"count":{})", ms(0.5), ms(0.95), ms(0.99),
                     histogram.count());
}

std::vector<std::string_view> names_of(const ProviderLatencies& latencies) {
  std::vector<std::string_view> names;
  for (const auto& [provider, latency] : latencies) names.push_back(provider);
  std::sort(names.begin(), names.end());
  return names;
}

// One summary of each provider.
struct LatencyMetric {
  std::string_view name, help;
  LatencyHistogram ProviderLatency::*of_late;
  LatencySum ProviderLatency::*sum;
};
constexpr LatencyMetric kLatencyMetrics[] = {
    {"omniroute_provider_first_token_seconds",
     "From the beginning of an attempt to its stream's first content.",
     &ProviderLatency::first_token, &ProviderLatency::first_token_sum},
    {"omniroute_provider_attempt_seconds",
     "From the beginning of an attempt that got an answer to its end.", &ProviderLatency::total,
     &ProviderLatency::total_sum}};

// Ids of providers have no character that a label's value would have to escape.
void append_summary(std::string& out, std::string_view metric, std::string_view provider,
                    const LatencyHistogram& of_late, const LatencySum& sum) {
  for (const double quantile : {0.5, 0.95, 0.99}) {
    append_format(out, "{}{{provider=\"{}\",quantile=\"{}\"}} ", metric, provider, quantile);
    if (of_late.count() == 0)
      out += "NaN\n";
    else
      append_format(out, "{}\n", static_cast<double>(of_late.quantile_us(quantile)) / 1e6);
  }
  append_format(out, "{0}_sum{{provider=\"{1}\"}} {2}\n{0}_count{{provider=\"{1}\"}} {3}\n", metric,
                provider, static_cast<double>(sum.us) / 1e6, sum.count);
}

}  // namespace

void merge_latencies(ProviderLatencies& into, const ProviderLatencies& from) {
  for (const auto& [provider, latency] : from) {
    ProviderLatency& known = into[provider];
    known.first_byte.add(latency.first_byte);
    known.first_token.add(latency.first_token);
    known.total.add(latency.total);
    known.first_token_sum.add(latency.first_token_sum);
    known.total_sum.add(latency.total_sum);
  }
}

std::string render_latencies(const ProviderLatencies& latencies) {
  std::string out = R"({"providers":{)";
  for (const std::string_view name : names_of(latencies)) {
    const ProviderLatency& latency = latencies.find(name)->second;
    if (latency.total.count() == 0) continue;
    if (out.back() != '{') out += ',';
    append_format(out, R"({}:{{{},"firstByte":{{{}}},"firstToken":{{{}}}}})", json::quoted(name),
                  percentiles(latency.total), percentiles(latency.first_byte),
                  percentiles(latency.first_token));
  }
  return out + "}}";
}

void append_latency_metrics(std::string& out, const ProviderLatencies& latencies) {
  const std::vector<std::string_view> names = names_of(latencies);
  if (names.empty()) return;
  for (const LatencyMetric& metric : kLatencyMetrics) {
    append_format(out, "# HELP {0} {1}\n# TYPE {0} summary\n", metric.name, metric.help);
    for (const std::string_view provider : names) {
      const ProviderLatency& latency = latencies.find(provider)->second;
      append_summary(out, metric.name, provider, latency.*metric.of_late, latency.*metric.sum);
    }
  }
}

}  // namespace omni
