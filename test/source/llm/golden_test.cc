// Every file of test/golden: what the gateway writes, against what the vendors write.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/llm/answer_reader.h"
#include "source/llm/call.h"
#include "source/llm/decoded.h"
#include "source/llm/error.h"
#include "source/llm/format_tool.h"
#include "test/support/golden_case.h"
#include "test/support/golden_pattern.h"

namespace omni::llm {
namespace {

using test::GoldenCase;
using test::GoldenPattern;

constexpr size_t kMaxEvent = 1 << 20;
constexpr size_t kLeastCases = 6;

const std::string& folder() {
  static const std::string path = OMNI_SOURCE_DIR "/test/golden";
  return path;
}

// One exchange, as the filters lead it through the codecs.
class Exchange {
 public:
  explicit Exchange(const GoldenCase& golden) : case_(golden) {
    call_.set_dialect(golden.client);
    if (golden.client == Dialect::kGemini)
      call_.set_path_model("asked-model", golden.is_stream, false);
    error_ = call_.read(Buffer(golden.text("client request")), "application/json");
  }

  std::string problem() const { return error_ ? error_->message : ""; }
  bool wants_stream() const { return call_.wants_stream(); }
  std::string same_dialect_request() const {
    return call_.render_same_dialect(case_.target, false).to_string();
  }
  // The upstream's request, or "ERROR reason".
  std::string request();
  const std::string& dropped() const { return dropped_; }
  // The field for which there is no request.
  const std::string& refused() const { return refused_; }

  // What the client gets of the upstream's answer; "BROKEN reason" behind it where it breaks off.
  std::string answer();
  bool is_done() const { return is_done_; }
  // The bytes that a client of the same dialect gets.
  std::string passed_answer();

 private:
  AnswerReader reader() {
    return {case_.upstream, {.id_seed = "seed", .request = call_.decoded_request()}, kMaxEvent};
  }

  const GoldenCase& case_;
  Call call_;
  std::optional<CallError> error_;
  std::string dropped_, refused_, format_tool_;
  bool is_done_ = false;
};

std::string Exchange::request() {
  const Decoded& decoded = call_.decoded();
  if (decoded.error) return "ERROR " + decoded.error->message;
  EncodeResult result =
      encode_request(case_.upstream, decoded.request,
                     {.model = case_.target,
                      .stream = case_.is_stream,
                      .ask_usage = case_.is_stream && case_.upstream == Dialect::kOpenai,
                      .is_strict = true,
                      .adds_cache_control = case_.marks_cache});
  if (const auto* error = std::get_if<CallError>(&result)) {
    refused_ = error->param;
    return "ERROR " + error->message;
  }
  auto& encoded = std::get<EncodedRequest>(result);
  std::sort(encoded.dropped.begin(), encoded.dropped.end());
  dropped_ = fmt::format("{}", fmt::join(encoded.dropped, ", "));
  format_tool_ = encoded.format_tool;
  return encoded.body;
}

std::string Exchange::answer() {
  std::string out;
  const auto encoder = make_answer_encoder(case_.client, {.stream = case_.is_stream,
                                                          .model = call_.model(),
                                                          .fallback_id = "fallback",
                                                          .now = 1700000000,
                                                          .include_usage = call_.asked_for_usage(),
                                                          .request = call_.decoded_request()});
  FormatTool format_tool(format_tool_);
  const auto emit = [&](const Event& event) {
    is_done_ |= event.kind == Event::Kind::kDone;
    format_tool.put(event, [&](const Event& changed) { encoder->put(changed, out); });
  };
  AnswerReader answer = reader();
  absl::Status status;
  if (case_.is_stream) {
    status = answer.feed(Buffer(fmt::format("{}\n\n", case_.text("upstream answer"))), emit);
    if (status.ok()) status = answer.finish(emit);
  } else {
    status = answer.whole(case_.text("upstream answer"), emit);
  }
  return status.ok() ? out : fmt::format("{}BROKEN {}", out, message(status));
}

std::string Exchange::passed_answer() {
  AnswerReader answer = reader();
  const auto ignore = [](const Event&) {};
  Buffer in(fmt::format("{}\n\n", case_.text("upstream answer"))), out;
  if (const absl::Status status = answer.pass(in, ignore, out); !status.ok())
    return fmt::format("BROKEN {}", message(status));
  if (const absl::Status status = answer.finish_pass(ignore, out); !status.ok())
    return fmt::format("BROKEN {}", message(status));
  return out.to_string();
}

std::string told(const std::vector<std::string>& differences, std::string_view actual) {
  return fmt::format("{}\n\nall that was written:\n{}", fmt::join(differences, "\n"), actual);
}

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    absl::StatusOr<GoldenCase> read = test::read_golden_case(GetParam());
    ASSERT_TRUE(read.ok()) << message(read.status());
    case_ = *std::move(read);
    ASSERT_TRUE(case_.has("client request")) << GetParam();
  }

  void expect_like(std::string_view section, const std::string& actual, bool is_stream) {
    const std::string_view expected = case_.text(section);
    const std::vector<std::string> differences =
        is_stream ? pattern_.stream(expected, actual) : pattern_.document(expected, actual);
    EXPECT_TRUE(differences.empty()) << GetParam() << ", " << section << ":\n"
                                     << told(differences, actual);
  }

  void expect_request(Exchange& exchange) {
    ASSERT_EQ(exchange.problem(), "");
    EXPECT_EQ(exchange.wants_stream(), case_.is_stream);
    if (case_.is_same_dialect()) {
      EXPECT_EQ(exchange.same_dialect_request(), case_.text("upstream request"));
      // The answer may still have to be written anew, and repeats some of it.
      (void)exchange.request();
      return;
    }
    const std::string request = exchange.request();
    if (case_.has("upstream request")) expect_like("upstream request", request, false);
    EXPECT_EQ(exchange.dropped(), case_.dropped);
    EXPECT_EQ(exchange.refused(), case_.refused) << request;
  }

  void expect_error() {
    const Error error = parse_error(case_.status, case_.text("upstream answer"));
    expect_like("client answer", render_error(case_.client, error), false);
  }

  void expect_answer(Exchange& exchange) {
    if (case_.is_same_dialect() && case_.is_stream) {
      EXPECT_EQ(exchange.passed_answer(), fmt::format("{}\n\n", case_.text("upstream answer")));
    }
    const std::string answer = exchange.answer();
    EXPECT_EQ(exchange.is_done(), !case_.fails) << answer;
    if (case_.has("client answer")) expect_like("client answer", answer, case_.is_stream);
  }

  GoldenCase case_;
  GoldenPattern pattern_;
};

TEST_P(GoldenTest, IsWhatTheVendorsWrite) {
  Exchange exchange(case_);
  expect_request(exchange);
  if (HasFatalFailure() || !case_.has("upstream answer")) return;
  if (case_.status >= 400) return expect_error();
  expect_answer(exchange);
}

std::string name_of_case(const testing::TestParamInfo<std::string>& info) {
  const absl::StatusOr<GoldenCase> read = test::read_golden_case(info.param);
  return read.ok() ? read->name : fmt::format("unreadable_{}", info.index);
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, testing::ValuesIn(test::find_golden_files(folder())),
                         name_of_case);

TEST(GoldenFilesTest, EveryPairOfDialectsHasItsCases) {
  std::map<std::pair<Dialect, Dialect>, size_t> counts;
  for (const std::string& path : test::find_golden_files(folder()))
    if (const absl::StatusOr<GoldenCase> read = test::read_golden_case(path); read.ok())
      ++counts[{read->client, read->upstream}];
  EXPECT_EQ(counts.size(), 25u);
  for (const auto& [pair, count] : counts)
    EXPECT_GE(count, kLeastCases) << name_of(pair.first) << " to " << name_of(pair.second);
}

}  // namespace
}  // namespace omni::llm
