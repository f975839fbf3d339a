// What translating a long conversation costs, and that ten times as long costs ten times as much.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <variant>

#include "source/llm/answer_reader.h"
#include "source/llm/codec.h"

namespace omni::llm {
namespace {

constexpr size_t kBytesPerMessage = 667;  // 300 messages are 200 KB.

// A conversation as an agent has it: text, calls and their results.
std::string anthropic_request(int64_t messages) {
  const std::string prose(kBytesPerMessage - 220, 'x');
  std::string out = R"({"model":"m","max_tokens":1024,"system":"Be brief.","messages":[)";
  for (int64_t i = 0; i < messages; ++i) {
    const std::string id = "toolu_" + std::to_string(i / 2);
    if (i > 0) out += ',';
    if (i % 2 == 0) {
      const std::string last = "toolu_" + std::to_string(i / 2 - 1);
      out += R"({"role":"user","content":[)";
      if (i > 0)
        out += R"({"type":"tool_result","tool_use_id":")" + last + R"(","content":"found it"},)";
      out += R"({"type":"text","text":"Look \u00e9 again:\n)" + prose + R"("}]})";
    } else {
      out += R"({"role":"assistant","content":[{"type":"text","text":")" + prose +
             R"("},{"type":"tool_use","id":")" + id +
             R"(","name":"find","input":{"path":"/a","n":3}}]})";
    }
  }
  return out + R"(],"tools":[{"name":"find","input_schema":{"type":"object"}}]})";
}

void BM_TranslateRequest(benchmark::State& state) {
  const auto target = static_cast<Dialect>(state.range(0));
  const std::string body = anthropic_request(state.range(1));
  for (auto _ : state) {
    Request request;
    if (decode_request(Dialect::kAnthropic, body, request)) return state.SkipWithError("decode");
    EncodeResult result = encode_request(target, request, {.model = "m", .max_output = 8192});
    if (std::holds_alternative<CallError>(result)) return state.SkipWithError("encode");
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
  state.SetComplexityN(state.range(1));
}
BENCHMARK(BM_TranslateRequest)
    ->ArgNames({"to", "messages"})
    ->ArgsProduct({{static_cast<int>(Dialect::kOpenai), static_cast<int>(Dialect::kOpenaiResponses),
                    static_cast<int>(Dialect::kGemini), static_cast<int>(Dialect::kOllama)},
                   {300, 3000}})
    ->Unit(benchmark::kMicrosecond);

void BM_TranslateStream(benchmark::State& state) {
  std::string stream;
  for (int64_t i = 0; i < state.range(0); ++i)
    stream +=
        R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"word \n"},"finish_reason":null}]})"
        "\n\n";
  stream +=
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
      "[DONE]\n\n";
  for (auto _ : state) {
    AnswerReader reader(Dialect::kOpenai, {.id_seed = "x"}, 1 << 20);
    const auto encoder = make_answer_encoder(Dialect::kAnthropic,
                                             {.stream = true, .model = "m", .fallback_id = "x"});
    std::string out;
    Buffer in(stream);
    const absl::Status status =
        reader.feed(in, [&](const Event& event) { encoder->put(event, out); });
    if (!status.ok()) return state.SkipWithError("stream");
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TranslateStream)
    ->ArgName("events")
    ->Arg(2000)
    ->Arg(20000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace omni::llm
