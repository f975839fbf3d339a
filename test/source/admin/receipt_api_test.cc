#include "source/admin/receipt_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/admin/receipt_verdict.h"
#include "source/admin/receipt_view.h"
#include "source/store/receipt.h"
#include "source/store/receipt_block.h"
#include "test/support/fake_dispatcher.h"
#include "test/support/json.h"

namespace omni {
namespace {

using State = ReceiptStep::State;

constexpr ReceiptId kId{.ms = 1'793'491'200'000, .exchange = 0xabcdef};

struct Ticket final : Pending {};

// Answers at once what it has.
class DeskStore final : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> get(TableId, std::string_view key) const override {
    const auto found = rows.find(std::string(key));
    return found == rows.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  absl::Status scan(TableId, std::string_view from, Visit visit) const override {
    for (auto row = rows.lower_bound(std::string(from)); row != rows.end(); ++row)
      if (!visit(row->first, row->second)) break;
    return absl::OkStatus();
  }
  std::unique_ptr<Pending> read(Dispatcher& home, Reading work, Done done) override {
    home.post([done = std::move(done), status = work(*this)]() mutable { done(status); });
    return std::make_unique<Ticket>();
  }
  std::unique_ptr<Pending> fetch(Dispatcher&, TableId, std::string_view, Fetched) override {
    return nullptr;
  }
  std::unique_ptr<Pending> update(Dispatcher& home, Work, Done done) override {
    home.post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
    return std::make_unique<Ticket>();
  }
  void write(Work) override {}

  // As the row of a block that has it alone.
  void hold(const ReceiptId& id, std::string_view receipt) {
    std::string key(ReceiptId::kKeyBytes, '\0');
    id.write_key(key.data());
    std::vector<ReceiptRow> all = {{key, receipt}};
    (void)make_blocks(all, [&](std::string_view first, std::string_view block) {
      rows[std::string(first)] = std::string(block);
      return absl::OkStatus();
    });
  }

  std::map<std::string, std::string> rows;
};

struct Office final : ReceiptSource {
  void flush_receipts(absl::AnyInvocable<void()> done) override {
    ++flushes;
    if (arriving) store.hold(kId, *std::exchange(arriving, std::nullopt));
    done();
  }
  AdminReply ask(std::string path) {
    AdminReply out;
    AdminRequest request;
    request.method = "GET";
    request.path = std::move(path);
    api.handle(std::move(request), [&out](AdminReply made) { out = std::move(made); });
    home.run_until_idle();
    return out;
  }

  test::FakeDispatcher home;
  DeskStore store;
  std::optional<std::string> arriving;  // Comes to the store with the next flush.
  int flushes = 0;
  ReceiptSource& as_source = *this;
  ReceiptApi api{store, home, as_source};
};

Receipt answered() {
  Receipt out;
  out.ended_us = 1'793'491'200'500'000;
  out.status = 200;
  out.total_us = 500'001;
  out.first_byte_us = 400'001;
  out.request_us = 101;
  out.key_id = "k1";
  out.key_name = "ci";
  out.model_asked = "best";
  out.combo = "best";
  out.strategy = "priority";
  out.targets = 3;
  out.dialect = out.target_dialect = "openai";
  out.steps = {{"auth", State::kPassed, 1500},
               {"translation", State::kPassed, 0},
               {"routing", State::kPassed, 2345},
               {"upstream", State::kAnswered, 10'000}};
  out.tries = {{.provider = "p0",
                .account = "a",
                .model = "m",
                .reason = "refused",
                .status = 503,
                .start_us = 200},
               {.provider = "p1",
                .account = "b",
                .model = "m",
                .end = ReceiptTry::End::kAnswered,
                .status = 200,
                .start_us = 300}};
  out.answered = 2;
  out.skips = {{"p2", "c", "m", "cooling_down", 1200}};
  out.price.source = ReceiptPrice::Source::kNone;
  return out;
}

std::string encoded(const Receipt& receipt) {
  std::string out(receipt.bound(), '\0');
  out.resize(receipt.encode(out.data()));
  return out;
}

std::string path_of(const ReceiptId& id) {
  return "/api/receipts/" + std::string(view_of(id.text()));
}

TEST(ReceiptApiTest, AReceiptIsShownByItsId) {
  Office office;
  office.store.hold(kId, encoded(answered()));
  const AdminReply reply = office.ask(path_of(kId));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(office.flushes, 0);
  const auto json = test::parse_json(reply.body);
  EXPECT_EQ(json["id"], std::string(view_of(kId.text())));
  EXPECT_EQ(json["requestId"], "req_0000000000abcdef");
  EXPECT_EQ(json["time"], "2026-11-01T00:00:00.000000Z");
  EXPECT_EQ(json["served"]["provider"], "p1");
  EXPECT_EQ(json["combo"]["strategy"], "priority");
  EXPECT_EQ(json["attempts"][0]["result"], "failed");
  EXPECT_EQ(json["skipped"][0]["reason"], "cooling_down");
  EXPECT_EQ(json["skipped"][0]["retryAfterMs"], 1200);
  EXPECT_EQ(json["price"]["source"], "no price");
  EXPECT_TRUE(json["cost"].is_null());
  EXPECT_EQ(json["phases"]["targetsUs"], 399'800);
  EXPECT_EQ(json["phases"]["filtersUs"], 13.845);
}

TEST(ReceiptApiTest, TheTierIsShownAndWhoSaidWhatItCost) {
  Office office;
  Receipt receipt = answered();
  receipt.price.source = ReceiptPrice::Source::kProvider;
  receipt.price.tier = ServiceTier::kPriority;
  receipt.cost_nanodollars = 1234;
  office.store.hold(kId, encoded(receipt));
  const auto json = test::parse_json(office.ask(path_of(kId)).body);
  EXPECT_EQ(json["price"]["source"], "provider");
  EXPECT_EQ(json["price"]["tier"], "priority");
  EXPECT_TRUE(json["price"]["perMillion"].empty());
  EXPECT_NEAR(json["cost"].get<double>(), 0.000001234, 1e-12);
}

TEST(ReceiptApiTest, OneThatIsOnItsWayIsWaitedFor) {
  Office office;
  office.arriving = encoded(answered());
  EXPECT_EQ(office.ask(path_of(kId)).status, 200);
  EXPECT_EQ(office.flushes, 1);
}

TEST(ReceiptApiTest, WhatIsNotThereIs404AndWhatIsNoIdIs400) {
  Office office;
  const AdminReply missing = office.ask(path_of(kId));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(test::parse_json(missing.body)["error"]["code"], "receipt_not_found");
  EXPECT_EQ(office.flushes, 1);
  for (const char* path :
       {"/api/receipts/x", "/api/receipts/req_0000000000abcdef", "/api/receipts/a/b"}) {
    const AdminReply reply = office.ask(path);
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(test::parse_json(reply.body)["error"]["code"], "invalid_receipt_id");
  }
  EXPECT_EQ(office.ask("/api/receipts").status, 404);
  EXPECT_EQ(office.ask("/api/receipts/").status, 404);
}

TEST(ReceiptApiTest, ADamagedOneSaysSo) {
  Office office;
  office.store.hold(kId, encoded(answered()).substr(0, 50));
  EXPECT_EQ(office.ask(path_of(kId)).status, 500);
}

std::string verdict(const Receipt& receipt, std::string_view filter) {
  for (const ReceiptVerdict& each : verdicts_of(receipt))
    if (each.filter == filter) return std::string(each.verdict) + ": " + each.reason;
  return "none";
}

TEST(ReceiptVerdictTest, EveryFilterSaysWhatItDecided) {
  Receipt receipt = answered();
  EXPECT_EQ(verdict(receipt, "entry"), "passed: The address is allowed, and the path is served.");
  EXPECT_EQ(verdict(receipt, "auth"), "passed: The key 'ci' is known and may be used.");
  EXPECT_EQ(verdict(receipt, "limits"), "not_needed: No key has limits, or this path has none.");
  EXPECT_EQ(verdict(receipt, "routing"),
            "passed: 'best' is the combo 'best' (priority) with 3 targets that may be used.");
  EXPECT_EQ(verdict(receipt, "upstream"),
            "answered: p1 (account 'b') answered as m; 2 asked, 1 passed over.");
  EXPECT_EQ(verdict(receipt, "translation"),
            "passed: Client and target speak openai: both pass as they are.");
  receipt.flags |= Receipt::kTranslated;
  receipt.target_dialect = "anthropic";
  receipt.dropped = {"seed", "logit_bias"};
  EXPECT_EQ(verdict(receipt, "translation"),
            "passed: The client speaks openai and the target anthropic: both were translated. The "
            "target could not be told: seed, logit_bias.");
}

TEST(ReceiptVerdictTest, ARefusalIsTheFiltersWhoseItWasAndTheOthersWereNotReached) {
  Receipt receipt;
  receipt.steps = {
      {"auth", State::kPassed}, {"limits", State::kRefused}, {"routing"}, {"upstream"}};
  receipt.key_id = receipt.key_name = "ci";
  receipt.error_code = "rate_limit_exceeded";
  receipt.refusal = "Request limit exceeded (60s window).";
  EXPECT_EQ(verdict(receipt, "limits"), "refused: Request limit exceeded (60s window).");
  EXPECT_EQ(verdict(receipt, "upstream"), "not_reached: The request was over before.");
  receipt.steps.clear();
  EXPECT_EQ(verdict(receipt, "entry"), "refused: Request limit exceeded (60s window).");
}

TEST(ReceiptVerdictTest, AnonymousRequestsSayWhetherAKeyCameWithThem) {
  Receipt receipt;
  receipt.steps = {{"auth", State::kPassed}};
  EXPECT_EQ(verdict(receipt, "auth"), "anonymous: No key was presented, and none is needed here.");
  receipt.flags = Receipt::kUnknownKey;
  EXPECT_THAT(verdict(receipt, "auth"), testing::HasSubstr("is not known"));
}

}  // namespace
}  // namespace omni
