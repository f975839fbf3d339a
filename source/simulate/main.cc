// What each strategy would have made of a trace, on the command line.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "filters/all_filters.h"
#include "source/base/status.h"
#include "source/config/absent.h"
#include "source/config/loader.h"
#include "source/simulate/simulation.h"

namespace omni::simulate {
namespace {

constexpr int kFailed = 1, kUsageError = 2;
constexpr const char* kUsage =
    "simulate CONFIG TRACE [COMBO]\n"
    "\n"
    "Runs a trace through a combo of the configuration (its first one by default) under every\n"
    "strategy, and prints what would have come of it. A trace has one JSON object a line:\n"
    "  {\"at\":0.5,\"session\":\"a\",\"input\":1200,\"output\":300}     a request, at a second\n"
    "  {\"at\":10,\"target\":\"openai/gpt-5\",\"first_token_ms\":800,\n"
    "   \"failing\":0.02,\"status\":503,\"limit_per_minute\":60,\"retry_after\":20}\n"
    "                                                        how a target behaves from then on\n";

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int fail(const std::string& why, int code = kFailed) {
  std::cerr << "simulate: " << why << '\n';
  return code;
}

std::string shares(const Result& result) {
  std::string out;
  for (const auto& [target, count] : result.by_target)
    out += fmt::format(" {} {:.0f}%", target,
                       100.0 * static_cast<double>(count) / static_cast<double>(result.answered));
  return out;
}

void print(routing::Strategy strategy, const Result& result) {
  const auto part = [&](int64_t count) {
    return result.requests == 0 ? 0.0
                                : static_cast<double>(count) / static_cast<double>(result.requests);
  };
  std::cout << fmt::format("{:<18} {:>8.2f}% {:>9.2f} {:>7} ms {:>7} ms {:>12} {:>7}  {}\n",
                           routing::name_of(strategy), 100 * part(result.answered),
                           part(result.attempts), result.first_token(0.5), result.first_token(0.95),
                           fmt::format("${:.4f}{}", result.cost, result.unpriced > 0 ? "+?" : ""),
                           result.moved, shares(result));
}

int run_all(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "--help") {
    std::cout << kUsage;
    return 0;
  }
  if (words.size() < 2 || words.size() > 3) {
    std::cerr << kUsage;
    return kUsageError;
  }
  FilterRegistry registry;
  register_all_filters(registry);
  AbsentStore store;
  AbsentStats stats;
  const LoadResult loaded =
      load_config(words[0], LoadEnv{registry, stats, store, ConfigInput::real()});
  if (!loaded.ok()) return fail(loaded.errors.front().text());
  if (loaded.config.combos.empty() && words.size() < 3)
    return fail(words[0] + " has no combos; name one that is built in, as auto");
  const std::optional<std::string> text = read_file(words[1]);
  if (!text) return fail("cannot read " + words[1]);
  const absl::StatusOr<Trace> trace = read_trace(*text);
  if (!trace.ok()) return fail(fmt::format("{}: {}", words[1], message(trace.status())));
  const std::string combo = words.size() == 3 ? words[2] : loaded.config.combos.front().name;
  std::cout << fmt::format("{:<18} {:>9} {:>9} {:>10} {:>10} {:>12} {:>7}  {}\n", "strategy",
                           "answered", "attempts", "median", "95 %", "cost", "moved",
                           "answered by");
  for (const std::string& name : routing::strategy_names()) {
    const routing::Strategy strategy = *routing::strategy_from(name);
    // Those ask more than one model for an answer: a trace says nothing of what that is worth.
    if (routing::asks_several(strategy)) continue;
    const absl::StatusOr<Result> result = run(loaded.config, combo, strategy, *trace);
    if (!result.ok()) return fail(std::string(message(result.status())));
    print(strategy, *result);
  }
  return 0;
}

}  // namespace
}  // namespace omni::simulate

int main(int argc, char** argv) {
  return omni::simulate::run_all(std::vector<std::string>(argv + 1, argv + argc));
}
