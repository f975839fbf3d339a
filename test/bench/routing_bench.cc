// What it costs to choose one of a hundred targets whose health is known, by strategy: a request's
// whole way to its first attempt, without the attempt.
#include <benchmark/benchmark.h>

#include "source/routing/course.h"
#include "test/source/routing/walk.h"

namespace omni::routing {
namespace {

// Every target has answered and failed, as in a gateway that has run for a while.
void use(Combo& combo) {
  for (size_t i = 0; i < combo.targets.size(); ++i) {
    TargetCell& cell = *combo.targets[i].target.cell;
    for (int answers = 0; answers < 20; ++answers)
      cell.first_token.add(100'000 + 1000 * static_cast<int64_t>(i));
    cell.successes = 20;
    cell.failures = i % 10 == 0 ? 1 : 0;
    cell.in_flight = i % 4 == 0 ? 1 : 0;
  }
}

void choose(benchmark::State& state, Strategy strategy) {
  test::Through through(100, strategy);
  through.plan.session = "s";
  use(through.combo);
  uint64_t random = 0;
  for (auto _ : state) {
    Course course(through.plan, through.policy, {.random = ++random});
    benchmark::DoNotOptimize(course.next(test::kNowMs));
  }
}

BENCHMARK_CAPTURE(choose, auto, Strategy::kAuto);
BENCHMARK_CAPTURE(choose, priority, Strategy::kPriority);
BENCHMARK_CAPTURE(choose, weighted, Strategy::kWeighted);
BENCHMARK_CAPTURE(choose, least_used, Strategy::kLeastUsed);
BENCHMARK_CAPTURE(choose, latency, Strategy::kLatency);
BENCHMARK_CAPTURE(choose, cache_optimized, Strategy::kCacheOptimized);
BENCHMARK_CAPTURE(choose, headroom, Strategy::kHeadroom);
BENCHMARK_CAPTURE(choose, reset_aware, Strategy::kResetAware);

}  // namespace
}  // namespace omni::routing
