// What a receipt costs: making it of a finished exchange and encoding it, which is the worker's
// part, and the commit, which is the writer thread's.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/store/lmdb_store.h"
#include "source/store/receipt_log.h"

namespace omni {
namespace {

// A request that the second of two targets answered.
Receipt usual() {
  Receipt out;
  out.ended_us = 1'793'491'200'123'456;
  out.status = 200;
  out.request_us = 101;
  out.first_byte_us = 345'679;
  out.total_us = 1'234'568;
  out.bytes_in = 1024;
  out.bytes_out = 700;
  out.input_tokens = 1200;
  out.output_tokens = 350;
  out.cost_nanodollars = 390'000;
  out.targets = 2;
  out.answered = 2;
  out.method = "POST";
  out.path = "/v1/chat/completions";
  out.peer = "192.0.2.1:4711";
  out.protocol = "HTTP/1.1";
  out.key_id = "key_0123456789ab";
  out.key_name = "build server";
  out.session = "534a33b5142a62f1";
  out.model_asked = out.combo = "best";
  out.strategy = "priority";
  out.dialect = out.target_dialect = "openai";
  out.price.source = ReceiptPrice::Source::kCatalogue;
  out.price.version = "0123abcd";
  out.price.rates[0] = 1'250'000;
  out.price.rates[1] = 10'000'000;
  for (const char* filter : {"auth", "translation", "routing", "upstream"})
    out.steps.push_back({filter, ReceiptStep::State::kPassed, 1500});
  for (const char* provider : {"openai", "claude"})
    out.tries.push_back({.provider = provider,
                         .account = "main",
                         .model = "gpt-5-mini",
                         .upstream_id = "req_011CSHoEeqs5C35K2UUqR7Fy",
                         .end = ReceiptTry::End::kAnswered,
                         .status = 200,
                         .start_us = 120,
                         .first_byte_us = 300'000,
                         .total_us = 1'000'000});
  return out;
}

void encode(benchmark::State& state) {
  const Receipt receipt = usual();
  std::string room(receipt.bound(), '\0');
  size_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(receipt.bound());
    size = receipt.encode(room.data());
    benchmark::DoNotOptimize(room.data());
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(encode)->Name("receipt/encode");

void make_id(benchmark::State& state) {
  ReceiptId id{.ms = 1'793'491'200'123, .exchange = 0x8cc4bae100000007};
  for (auto _ : state) {
    ++id.exchange;
    benchmark::DoNotOptimize(id.text());
  }
}
BENCHMARK(make_id)->Name("receipt/id");

void append(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "receipt-bench-XXXXXX").string();
  OMNI_CHECK(::mkdtemp(folder.data()) != nullptr);
  {
    LmdbStore::Options options;
    options.path = folder + "/store";
    auto store = LmdbStore::open(std::move(options));
    OMNI_CHECK(store.ok());
    Loop loop;
    // Two workers, whose rows meet out of order.
    ReceiptLog logs[] = {ReceiptLog(**store, loop, {}), ReceiptLog(**store, loop, {})};
    const Receipt receipt = usual();
    ReceiptId id{.ms = receipt.ended_us / 1000, .exchange = 7};
    constexpr int64_t kPiece = 20'000;
    for (auto _ : state) {
      for (int64_t i = 0; i < kPiece; ++i) {
        id.ms += i % 4 == 0 ? 1 : 0;
        ++id.exchange;
        logs[i % 2].append(id, receipt);
      }
      for (ReceiptLog& log : logs) log.flush();
      const auto pending = (*store)->update(
          loop, [](Update&) { return absl::OkStatus(); },
          [&](const absl::Status&) { loop.stop(); });
      loop.run();
    }
    state.SetItemsProcessed(state.iterations() * kPiece);
    const auto size = (*store)->size_of(kReceiptsTable);
    if (size.ok())
      state.counters["disk_bytes"] =
          static_cast<double>(size->bytes) / static_cast<double>(state.iterations() * kPiece);
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(append)
    ->Name("receipt/append_20000")
    ->Iterations(20)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace omni
