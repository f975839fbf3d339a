#include "source/server/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "api/cost.h"
#include "test/support/fake_exchange.h"
#include "test/support/json.h"
#include "test/support/test_snapshot.h"

namespace omni {
namespace {

UsageRecord record_of(const Finished& finished) {
  return UsageRecord(usage_view(finished, price_of(finished.exchange.facts().answer)));
}

// An exchange that answered over provider "one", at its second attempt.
struct Done {
  Done() {
    exchange.read_chat(R"({"model":"fast","messages":["a secret thought"]})");
    exchange.request().target = "/v1/chat/completions?key=sk-in-the-query";
    exchange.request().headers.add("authorization", "Bearer sk-client-secret");
    Facts& facts = exchange.facts();
    facts.principal.key = &key;
    const Provider& provider = exchange.snapshot().providers->all().front();
    facts.plan.targets.push_back({&provider, &provider.accounts[0], "m"});
    facts.answer = {.source = Answer::Source::kUpstream, .is_stream = true};
    facts.answer.provider = &provider;
    facts.answer.account = "main";
    facts.answer.model = "m";
    facts.usage = {.input = 1000, .output = 200, .cached = 400, .reasoning = 50};
    facts.attempts.push_back({.provider = &provider,
                              .account = "main",
                              .model = "m\"q",
                              .status = 500,
                              .reason = "refused",
                              .total_us = 7});
    facts.attempts.push_back({.provider = &provider, .model = "m", .status = 200});
  }
  Finished finished() {
    return {.exchange = exchange,
            .peer = "127.0.0.1:4711",
            .protocol = "HTTP/1.1",
            .status = 200,
            .bytes_in = 10,
            .bytes_out = 20,
            .aborted = false,
            .phases = {.request_complete = 1, .first_byte = 2, .end = 3},
            .at = absl::FromUnixSeconds(1'750'000'000)};
  }
  static std::shared_ptr<Snapshot> snapshot() {
    test::SnapshotBuilder builder;
    builder.provider("one", {"m", "free"});
    builder.last().models[0].price = Price{.input = 2, .output = 10, .cached = 0.5};
    return builder.build();
  }
  std::string line(LogFormat format) {
    std::string out = "before\n";
    append_access_line(out, format, finished());
    EXPECT_EQ(out.substr(0, 7), "before\n");
    return out.substr(7);
  }

  GatewayKey key{.id = "k1", .name = "Ann's \"key\""};
  test::FakeExchange exchange{snapshot()};
};

TEST(AccessLogTest, ALineIsOneJsonObject) {
  Done done;
  const std::string line = done.line(LogFormat::kJson);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = test::parse_json(line);
  EXPECT_EQ(json["path"], "/v1/chat/completions");
  EXPECT_EQ(json["status"], 200);
  EXPECT_EQ(json["key"], "Ann's \"key\"");
  EXPECT_EQ(json["model"], "fast");
  EXPECT_EQ(json["provider"], "one");
  EXPECT_EQ(json["input_tokens"], 1000);
  EXPECT_EQ(json["attempts"].size(), 2u);
  EXPECT_EQ(json["attempts"][0]["target"], "one/m\"q");
  EXPECT_EQ(json["attempts"][0]["reason"], "refused");
  EXPECT_EQ(json["time"], "2025-06-15T15:06:40.000000Z");
}

TEST(AccessLogTest, NoSecretGetsIntoALine) {
  Done done;
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const std::string line = done.line(format);
    for (const std::string_view secret :
         {"sk-in-the-query", "sk-client-secret", "sk-one-secret", "secret thought"})
      EXPECT_THAT(line, testing::Not(testing::HasSubstr(std::string(secret))));
  }
}

TEST(AccessLogTest, HostileTextStaysInsideItsString) {
  Done done;
  done.exchange.request().target = "/v1/\"\\\n\x01\xff";
  done.exchange.facts().error_code = "x\"}\n{\"fake\":true";
  const std::string json = done.line(LogFormat::kJson);
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  EXPECT_FALSE(test::parse_json(json).contains("fake"));
  const std::string text = done.line(LogFormat::kText);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

// A line larger than the log's ring would be dropped, and the request with it.
TEST(AccessLogTest, ALineStaysSmallWhateverTheClientSends) {
  Done done;
  done.exchange.read_chat("{\"model\":\"" + std::string(2 << 20, 'x') + "\"}");
  done.exchange.request().target = "/" + std::string(60000, 'y');
  EXPECT_LT(done.line(LogFormat::kJson).size(), 100000u);
}

// Every member there is, each as long as it can get.
TEST(AccessLogTest, TheLongestLineHasRoom) {
  Done done;
  const std::string worst(1500, '\x01');
  done.exchange.request().target = worst;
  done.key.name = worst;
  Facts& facts = done.exchange.facts();
  facts.answer.account = facts.answer.model = facts.error_code = worst;
  const int64_t most = std::numeric_limits<int64_t>::max();
  facts.usage = {.input = most, .output = most, .cached = most, .estimated = true};
  for (int i = 0; i < 20; ++i) {
    facts.attempts.push_back({.provider = facts.answer.provider,
                              .model = worst,
                              .status = std::numeric_limits<int>::min(),
                              .reason = worst,
                              .first_byte_us = -most,
                              .total_us = -most});
  }
  Finished finished = done.finished();
  finished.status = std::numeric_limits<int>::max();
  finished.bytes_in = finished.bytes_out = static_cast<uint64_t>(most);
  finished.aborted = true;
  finished.phases = {.request_complete = most, .first_byte = most, .end = most};
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    std::string out;
    append_access_line(out, format, finished);
    EXPECT_EQ(out.find('\n'), out.size() - 1);
    if (format == LogFormat::kJson) {
      EXPECT_EQ(test::parse_json(out)["attempts"].size(), 22u);
    }
  }
}

TEST(AccessLogTest, AnExchangeWithoutAnAnswerHasALineToo) {
  test::FakeExchange exchange(test::SnapshotBuilder().build());
  exchange.request().method = "GET";
  exchange.request().target = "/";
  std::string out;
  append_access_line(
      out, LogFormat::kJson,
      {.exchange = exchange, .peer = "unix:", .protocol = "HTTP/2", .aborted = true});
  const auto json = test::parse_json(out);
  EXPECT_EQ(json["aborted"], true);
  EXPECT_FALSE(json.contains("first_byte_us"));
}

TEST(UsageRecordTest, SaysWhatWasUsedAndWhatItCost) {
  Done done;
  const UsageRecord record = record_of(done.finished());
  EXPECT_EQ(record.time_us, 1'750'000'000'000'000);
  EXPECT_EQ(record.key_id, "k1");
  EXPECT_EQ(record.model_asked, "fast");
  EXPECT_EQ(record.model_sent, "m");
  EXPECT_EQ(record.provider, "one");
  EXPECT_EQ(record.dialect, "openai");
  EXPECT_EQ(record.reasoning_tokens, 50u);
  // 600 fresh at 2 $, 400 cached at 0.5 $, 200 out at 10 $ per million.
  EXPECT_EQ(record.cost_nanodollars, 1'200'000 + 200'000 + 2'000'000);
}

TEST(UsageRecordTest, WithoutAPriceThereIsNoCost) {
  Done done;
  done.exchange.facts().answer.model = "free";
  EXPECT_EQ(record_of(done.finished()).cost_nanodollars, std::nullopt);
  done.exchange.facts().answer.model = "not listed";
  EXPECT_EQ(record_of(done.finished()).cost_nanodollars, std::nullopt);
}

TEST(UsageRecordTest, OfUnknownCountsThereIsNoCostAndMoreCachedThanSentIsNotNegative) {
  Done done;
  done.exchange.facts().usage = {};
  UsageRecord record = record_of(done.finished());
  EXPECT_EQ(record.input_tokens, 0u);
  EXPECT_EQ(record.cost_nanodollars, std::nullopt);
  done.exchange.facts().usage = {.input = 10, .output = 0, .cached = 1000};
  record = record_of(done.finished());
  EXPECT_EQ(record.cost_nanodollars, 500'000);
}

TEST(UsageRecordTest, WhatWasAskedAsideIsCountedAndPaidFor) {
  Done done;
  Facts& facts = done.exchange.facts();
  const Provider* provider = facts.answer.provider;
  facts.asides.push_back({provider, "m", {.input = 100, .output = 10}});
  facts.asides.push_back({provider, "m", {}});  // Nothing came of it.
  UsageRecord record = record_of(done.finished());
  EXPECT_EQ(record.input_tokens, 1100u);
  EXPECT_EQ(record.output_tokens, 210u);
  const int64_t answer = 600 * 2'000 + 400 * 500 + 200 * 10'000;
  EXPECT_EQ(record.cost_nanodollars, answer + 100 * 2'000 + 10 * 10'000);
  facts.asides.push_back({provider, "free", {.input = 5, .estimated = true}});
  record = record_of(done.finished());
  EXPECT_EQ(record.cost_nanodollars, std::nullopt) << "a part of it has no price";
  EXPECT_TRUE(record.is_estimated);
  // Nobody answered in the end.
  facts.asides.pop_back();
  facts.answer = {};
  facts.usage = {};
  record = record_of(done.finished());
  EXPECT_EQ(record.input_tokens, 100u);
  EXPECT_EQ(record.cost_nanodollars, 100 * 2'000 + 10 * 10'000);
}

TEST(UsageRecordTest, OnlyModelsThatWereUsedAreRecorded) {
  Done done;
  EXPECT_TRUE(is_recorded(done.finished()));
  done.key.no_log = true;
  EXPECT_FALSE(is_recorded(done.finished()));
  done.key.no_log = false;
  done.exchange.facts().plan.targets.clear();
  EXPECT_FALSE(is_recorded(done.finished()));
}

}  // namespace
}  // namespace omni
