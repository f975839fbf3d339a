// However an upstream's bytes are cut, and wherever they break off: the same for every pair of
// dialects and both forms of answer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/support/answer_samples.h"
#include "test/support/client_view.h"
#include "test/support/dialect_names.h"
#include "test/support/json.h"

namespace omni::test {
namespace {

using Outputs = std::vector<std::string>;

Outputs outputs_of(Relay& relay) {
  Outputs out;
  for (size_t i = 0; i < relay.kinds().size(); ++i) out.push_back(relay.out(i));
  return out;
}

Outputs relayed(Dialect from, std::string_view bytes, size_t piece = 0) {
  Relay relay(from);
  const size_t step = piece == 0 ? std::max<size_t>(1, bytes.size()) : piece;
  for (size_t at = 0; at < bytes.size(); at += step) relay.feed(bytes.substr(at, step));
  relay.finish();
  return outputs_of(relay);
}

class AnswerSplitTest : public testing::TestWithParam<Dialect> {
 protected:
  static void expect_same(const Outputs& found, const Outputs& expected, std::string_view what) {
    const std::vector<ClientKind> kinds = client_kinds();
    for (size_t i = 0; i < kinds.size(); ++i)
      ASSERT_EQ(found[i], expected[i]) << name_of(kinds[i]) << ", " << what;
  }
};

TEST_P(AnswerSplitTest, EveryClientIsToldTheSame) {
  const AnswerSample& sample = answer_sample(GetParam());
  const Outputs outputs = relayed(sample.dialect, sample.stream);
  const std::vector<ClientKind> kinds = client_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = name_of(kinds[i]);
    const Told told = read_as_client(kinds[i], outputs[i]);
    EXPECT_EQ(told.problem + told.upstream_fault, "") << name << "\n" << outputs[i];
    EXPECT_EQ(told.error, "") << name;
    EXPECT_TRUE(told.is_finished) << name;
    EXPECT_EQ(told.text, kSampleText) << name;
    EXPECT_EQ(told.thoughts, kSampleThought) << name;
    ASSERT_EQ(told.calls.size(), 2u) << name << outputs[i];
    EXPECT_EQ(told.calls[0].name, "weather") << name;
    EXPECT_EQ(told.calls[0].arguments, (nlohmann::json{{"city", "T\u014dky\u014d \"1\""}})) << name;
    EXPECT_EQ(told.calls[1].name, "time") << name;
    EXPECT_EQ(told.calls[1].arguments, nlohmann::json::object()) << name;
    if (sample.has_call_ids) {
      EXPECT_EQ(told.calls[0].id, "call_a") << name;
      EXPECT_EQ(told.calls[1].id, "call_b") << name;
    }
    EXPECT_EQ(told.input, 40) << name;
    EXPECT_EQ(told.output, 18) << name;
    const bool can_say_cached = kinds[i].dialect != Dialect::kOllama && sample.has_cached_count;
    EXPECT_TRUE(!can_say_cached || told.cached == 30) << name << " " << told.cached;
  }
}

TEST_P(AnswerSplitTest, EveryCutPointGivesTheSameBytes) {
  const AnswerSample& sample = answer_sample(GetParam());
  const std::string_view bytes = sample.stream;
  const Outputs whole = relayed(sample.dialect, bytes);
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    Relay relay(sample.dialect);
    relay.feed(bytes.substr(0, cut));
    relay.feed(bytes.substr(cut));
    relay.finish();
    ASSERT_NO_FATAL_FAILURE(expect_same(outputs_of(relay), whole, fmt::format("cut at {}", cut)));
  }
}

TEST_P(AnswerSplitTest, PiecesOfEverySizeGiveTheSameBytes) {
  const AnswerSample& sample = answer_sample(GetParam());
  const Outputs whole = relayed(sample.dialect, sample.stream);
  for (const size_t piece : {1, 2, 3, 5, 7, 16, 61, 256, 1000})
    ASSERT_NO_FATAL_FAILURE(expect_same(relayed(sample.dialect, sample.stream, piece), whole,
                                        fmt::format("pieces of {}", piece)));
}

TEST_P(AnswerSplitTest, LineEndsAndPingsChangeNothing) {
  const AnswerSample& sample = answer_sample(GetParam());
  const bool is_lines = sample.dialect == Dialect::kOllama;
  const Outputs whole = relayed(sample.dialect, sample.stream);
  std::vector<std::string> same = {with_pings(sample.dialect, sample.stream),
                                   with_line_ends(sample.stream, "\r\n")};
  if (!is_lines) {
    same.push_back(with_line_ends(sample.stream, "\r"));
    same.push_back(with_line_ends(with_pings(sample.dialect, sample.stream), "\r\n"));
    same.push_back("\xEF\xBB\xBF" + sample.stream);
  }
  for (size_t i = 0; i < same.size(); ++i)
    for (const size_t piece : {0, 1, 2, 7})
      ASSERT_NO_FATAL_FAILURE(expect_same(relayed(sample.dialect, same[i], piece), whole,
                                          fmt::format("form {}, pieces of {}", i, piece)));
}

// Of one dialect on both sides the bytes themselves move on.
TEST_P(AnswerSplitTest, WhatPassesIsWhatCame) {
  const AnswerSample& sample = answer_sample(GetParam());
  const auto pass = [&](std::string_view bytes, size_t piece) {
    llm::AnswerReader reader(sample.dialect, {.id_seed = "seed"}, 1 << 20);
    std::string out;
    bool is_done = false;
    const auto emit = [&](const llm::Event& event) {
      is_done |= event.kind == llm::Event::Kind::kDone;
    };
    for (size_t at = 0; at < bytes.size(); at += piece) {
      Buffer in(bytes.substr(at, piece)), moved;
      EXPECT_TRUE(reader.pass(in, emit, moved).ok());
      out += moved.to_string();
    }
    Buffer last;
    EXPECT_TRUE(reader.finish_pass(emit, last).ok());
    EXPECT_TRUE(is_done);
    return out + last.to_string();
  };
  const std::string noisy = with_pings(sample.dialect, sample.stream);
  for (const size_t piece : {1, 2, 3, 7, 100, 100000}) {
    ASSERT_EQ(pass(sample.stream, piece), sample.stream) << piece;
    ASSERT_EQ(pass(noisy, piece), noisy) << piece;
  }
  // What the upstream forgot at the very end is put there.
  EXPECT_EQ(pass(sample.stream.substr(0, sample.stream.size() - 1), 9), sample.stream);
}

// Pitfalls 9, 10, 20: what broke off is never told as finished, and never in silence.
TEST_P(AnswerSplitTest, ACutAnywhereIsAnErrorAndNoEnd) {
  const AnswerSample& sample = answer_sample(GetParam());
  const std::vector<ClientKind> kinds = client_kinds();
  Outputs last(kinds.size());
  for (size_t cut = 0; cut < sample.complete_from; ++cut) {
    Relay relay(sample.dialect);
    relay.feed(std::string_view(sample.stream).substr(0, cut));
    relay.finish();
    ASSERT_FALSE(relay.is_done()) << cut;
    for (size_t i = 0; i < kinds.size(); ++i) {
      if (relay.out(i) == last[i]) continue;
      last[i] = relay.out(i);
      const Told told = read_as_client(kinds[i], last[i]);
      ASSERT_EQ(told.problem, "") << name_of(kinds[i]) << " " << cut << "\n" << last[i];
      ASSERT_EQ(told.finish, "") << name_of(kinds[i]) << " " << cut << "\n" << last[i];
      ASSERT_FALSE(told.is_finished) << name_of(kinds[i]) << " " << cut;
      ASSERT_EQ(told.error, "It broke off.") << name_of(kinds[i]) << " " << cut;
    }
  }
}

// Only what says nothing may be missing: the end of the last line, OpenAI's counts and [DONE].
TEST_P(AnswerSplitTest, BehindTheEndNothingIsNeeded) {
  const AnswerSample& sample = answer_sample(GetParam());
  Relay relay(sample.dialect);
  relay.feed(std::string_view(sample.stream).substr(0, sample.complete_from));
  relay.finish();
  EXPECT_TRUE(relay.is_done());
  const std::vector<ClientKind> kinds = client_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    const Told told = read_as_client(kinds[i], relay.out(i));
    EXPECT_EQ(told.problem, "") << name_of(kinds[i]);
    EXPECT_TRUE(told.is_finished) << name_of(kinds[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, AnswerSplitTest, testing::ValuesIn(kDialects),
                         dialect_test_name);

}  // namespace
}  // namespace omni::test
