// What usage records cost the store: appending in an empty store and behind a million records, the
// totals of a month, and pages of them. The argument is how many records are there before.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/store/lmdb_store.h"
#include "source/store/usage_log.h"
#include "source/store/usage_reader.h"
#include "source/store/usage_totals.h"

namespace omni {
namespace {

constexpr int64_t kBeginUs = 1'793'491'200'000'000;  // 2026-11-01.
constexpr int64_t kDayUs = 86'400'000'000;

// A store with a month of records of 4 providers, 12 models, 8 accounts and 20 keys; one key comes
// once a day.
class Filled {
 public:
  explicit Filled(int64_t count) {
    std::string pattern = (std::filesystem::temp_directory_path() / "usage-bench-XXXXXX").string();
    OMNI_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    LmdbStore::Options options;
    options.path = folder_ + "/store";
    auto opened = LmdbStore::open(std::move(options));
    OMNI_CHECK(opened.ok());
    store_ = *std::move(opened);
    log_ = std::make_unique<UsageLog>(*store_, loop_, UsageLog::Stats());
    step_us_ = count == 0 ? 1000 : 28 * kDayUs / count;
    while (count > 0) {
      const int64_t now = std::min<int64_t>(count, 50'000);
      append(now);
      wait();
      count -= now;
    }
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;
  ~Filled() {
    log_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void append(int64_t count) {
    for (int64_t i = 0; i < count; ++i, ++made_) {
      const int64_t time_us = kBeginUs + made_ * step_us_;
      const int64_t provider = made_ % 4, model = made_ % 12;
      key_ = fmt::format("key-{:02}", made_ % 19);
      if (time_us / kDayUs != last_day_) key_ = "rare";
      last_day_ = time_us / kDayUs;
      UsageView record;
      record.time_us = time_us;
      record.exchange_id = "req_0123456789abcdef";
      record.key_id = record.key_name = key_;
      record.model_asked = record.model_sent = kModels[model];
      record.provider = kProviders[provider];
      record.account = kAccounts[made_ % 2];
      record.dialect = "openai";
      record.status = 200;
      record.input_tokens = 1200;
      record.output_tokens = 350;
      record.total_us = 1'234'567;
      record.first_byte_us = 345'678;
      record.cost_nanodollars = 390'000;
      log_->append(record);
    }
  }
  // Until all of it is committed.
  void wait() {
    log_->flush();
    const auto pending = store_->update(
        loop_, [](Update&) { return absl::OkStatus(); },
        [this](const absl::Status&) { loop_.stop(); });
    loop_.run();
  }
  LmdbStore& store() { return *store_; }

  // One for all benchmarks: filling takes a while.
  static Filled& with(int64_t count) {
    static std::map<int64_t, std::unique_ptr<Filled>> all;
    std::unique_ptr<Filled>& out = all[count];
    if (!out) out = std::make_unique<Filled>(count);
    return *out;
  }

 private:
  static constexpr const char* kProviders[] = {"openai", "anthropic", "gemini", "groq"};
  static constexpr const char* kAccounts[] = {"main", "spare"};
  static constexpr const char* kModels[] = {
      "gpt-4o",      "claude-sonnet", "gemini-pro",    "llama-70b",   "gpt-4o-mini", "claude-haiku",
      "gemini-lite", "llama-8b",      "gpt-5-preview", "claude-opus", "gemini-nano", "mixtral"};
  std::string folder_, key_;
  Loop loop_;
  std::unique_ptr<LmdbStore> store_;
  std::unique_ptr<UsageLog> log_;
  int64_t made_ = 0, step_us_ = 1000, last_day_ = 0;
};

void append(benchmark::State& state) {
  Filled filled(state.range(0));
  constexpr int64_t kPiece = 20'000;
  for (auto _ : state) {
    filled.append(kPiece);
    filled.wait();
  }
  state.SetItemsProcessed(state.iterations() * kPiece);
}
BENCHMARK(append)
    ->Name("usage/append_20000")
    ->Arg(0)
    ->Arg(1'000'000)
    ->Iterations(20)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void read_month(benchmark::State& state) {
  Filled& filled = Filled::with(state.range(0));
  const int64_t month = totals_number(TotalsPeriod::kMonth, kBeginUs);
  for (auto _ : state) {
    size_t rows = 0;
    const absl::Status status = read_totals(filled.store(), TotalsPeriod::kMonth, month, month,
                                            [&](const TotalsName&, const UsageTotals&) { ++rows; });
    OMNI_CHECK(status.ok() && rows > 0);
  }
}
BENCHMARK(read_month)
    ->Name("usage/month_by_everything")
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

void read_page(benchmark::State& state, UsageQuery query) {
  Filled& filled = Filled::with(state.range(0));
  for (auto _ : state) {
    const auto page = read_usage_page(filled.store(), query);
    OMNI_CHECK(page.ok());
    benchmark::DoNotOptimize(page->records.size());
  }
}
UsageQuery query_of(std::string UsageQuery::*member, std::string value) {
  UsageQuery out;
  out.*member = std::move(value);
  return out;
}
BENCHMARK_CAPTURE(read_page, newest, UsageQuery())->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_page, of_a_key, query_of(&UsageQuery::key, "key-07"))
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_page, of_a_rare_key, query_of(&UsageQuery::key, "rare"))
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_page, of_an_unknown_key, query_of(&UsageQuery::key, "nobody"))
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace omni
