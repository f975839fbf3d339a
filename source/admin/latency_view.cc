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

}  // namespace

void merge_latencies(ProviderLatencies& into, const ProviderLatencies& from) {
  for (const auto& [provider, latency] : from) {
    ProviderLatency& known = into[provider];
    known.first_byte.add(latency.first_byte);
    known.total.add(latency.total);
  }
}

std::string render_latencies(const ProviderLatencies& latencies) {
  std::vector<std::string_view> names;
  for (const auto& [provider, latency] : latencies)
    if (latency.total.count() > 0) names.push_back(provider);
  std::sort(names.begin(), names.end());
  std::string out = R"({"providers":{)";
  for (const std::string_view name : names) {
    const ProviderLatency& latency = latencies.find(name)->second;
    if (out.back() != '{') out += ',';
    append_format(out, R"({}:{{{},"firstByte":{{{}}}}})", json::quoted(name),
                  percentiles(latency.total), percentiles(latency.first_byte));
  }
  return out + "}}";
}

}  // namespace omni
