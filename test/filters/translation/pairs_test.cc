// Every pair of dialects through the filter itself: what passes, what is translated, and how it
// ends when the provider breaks off.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "filters/translation/translation_filter.h"
#include "test/support/answer_samples.h"
#include "test/support/chain_harness.h"
#include "test/support/client_view.h"
#include "test/support/dialect_names.h"

namespace omni::filters {
namespace {

using test::ClientKind;
using test::Form;

// The filter in a chain, between a client of `to` and a provider of `from`.
struct Exchanged {
  Exchanged(Dialect from, ClientKind to) {
    source.name = "up";
    source.request_headers = [this](FilterContext& context) {
      upstream = &context;
      return Next::kContinue;
    };
    harness.add(test::make_template_of<TranslationFilter>({})).add(source);
    llm::Call& call = facts().call;
    call.set_dialect(to.dialect);
    if (to.dialect == Dialect::kGemini)
      call.set_path_model("named-model", true, to.form == Form::kArray);
    const std::string_view body = R"({"model":"named-model","stream":true})";
    harness.exchange.read_chat(body);
    harness.send(body);
    Answer& answer = facts().answer;
    answer.source = Answer::Source::kUpstream;
    answer.dialect = from;
    answer.is_stream = true;
    upstream->respond_headers({});
  }
  void run(std::string_view bytes, size_t piece) {
    for (size_t at = 0; at < bytes.size() && !harness.sink.is_complete(); at += piece)
      upstream->respond_body(Buffer(bytes.substr(at, piece)));
    if (!harness.sink.is_complete()) upstream->respond_complete();
  }
  Facts& facts() { return harness.exchange.facts(); }
  const std::string& out() { return harness.sink.body; }

  test::Script source;
  test::ChainHarness harness;
  FilterContext* upstream = nullptr;
};

std::vector<ClientKind> streams() {
  std::vector<ClientKind> out = test::client_kinds();
  std::erase_if(out, [](const ClientKind& kind) { return kind.form == Form::kPlain; });
  return out;
}

class PairsTest : public testing::TestWithParam<Dialect> {};

TEST_P(PairsTest, AWholeStreamIsWholeForEveryClient) {
  const test::AnswerSample& sample = test::answer_sample(GetParam());
  for (const ClientKind& to : streams()) {
    SCOPED_TRACE(name_of(to));
    Exchanged exchange(GetParam(), to);
    exchange.run(sample.stream, 97);
    EXPECT_TRUE(exchange.facts().stream_finished);
    EXPECT_EQ(exchange.facts().error_code, "");
    // Pitfall 37: counted where it streams, too.
    EXPECT_EQ(exchange.facts().usage.input, 40);
    EXPECT_EQ(exchange.facts().usage.output, 18);
    if (to.dialect == GetParam() && to.form == Form::kStream) {
      EXPECT_EQ(exchange.out(), sample.stream) << "byte for byte";
      continue;
    }
    const test::Told told = test::read_as_client(to, exchange.out());
    EXPECT_EQ(told.problem, "");
    EXPECT_TRUE(told.is_finished);
    EXPECT_EQ(told.text, test::kSampleText);
    // Pitfall 11: proxies in front must not gather events.
    EXPECT_EQ(exchange.harness.sink.head->headers.value("x-accel-buffering"), "no");
  }
}

// The event that ends `out`, without those before it.
std::string_view last_event(ClientKind kind, std::string_view out) {
  const std::string_view end = kind.dialect == Dialect::kOllama ? "\n" : "\n\n";
  if (out.size() < end.size()) return out;
  const size_t before = out.rfind(end, out.size() - end.size() - 1);
  return before == std::string_view::npos ? out : out.substr(before + end.size());
}

TEST_P(PairsTest, AStreamThatBreaksOffEndsInAnErrorOfTheClients) {
  const test::AnswerSample& sample = test::answer_sample(GetParam());
  const std::string_view stream = sample.stream;
  for (const ClientKind& to : streams()) {
    for (size_t cut = 0; cut<sample.complete_from; cut += cut + 40> sample.complete_from ? 1 : 23) {
      SCOPED_TRACE(fmt::format("{} cut at {}", name_of(to), cut));
      Exchanged exchange(GetParam(), to);
      exchange.run(stream.substr(0, cut), 500);
      ASSERT_FALSE(exchange.facts().stream_finished);
      ASSERT_NE(exchange.facts().error_code, "");
      const bool passes = to.dialect == GetParam() && to.form == Form::kStream;
      // Of what passed as it came only the end is the filter's.
      const test::Told told = test::read_as_client(
          to, passes ? last_event(to, exchange.out()) : std::string_view(exchange.out()));
      ASSERT_EQ(told.problem, "") << exchange.out();
      ASSERT_FALSE(told.is_finished) << exchange.out();
      ASSERT_NE(told.error, "") << exchange.out();
      ASSERT_TRUE(passes || told.finish.empty()) << exchange.out();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, PairsTest, testing::ValuesIn(test::kDialects),
                         test::dialect_test_name);

}  // namespace
}  // namespace omni::filters
