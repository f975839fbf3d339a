#include "filters/upstream/upstream_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "test/filters/upstream/upstream_fixture.h"
#include "test/support/json.h"

namespace omni::filters {
namespace {

using test::kContentEvent;
using test::kDoneEvent;
using test::kPlainAnswer;
using test::kRoleEvent;
using test::Try;
using testing::HasSubstr;
using testing::Not;

TEST(UpstreamFilterTest, SendsTheRequestInTheTargetsWords) {
  Try attempt;
  ASSERT_EQ(attempt.pools().count(), 1u);
  const test::FakeUpstream& up = attempt.up();
  EXPECT_EQ(up.origin, "one.example");
  EXPECT_EQ(up.head.method, "POST");
  EXPECT_EQ(up.head.target, "/v1/chat/completions");
  EXPECT_EQ(up.head.headers.value("authorization"), "Bearer sk-one-secret");
  EXPECT_EQ(up.head.headers.value("accept-encoding"), "identity");
  EXPECT_EQ(up.head.content_length, up.body.size());
  EXPECT_EQ(test::parse_json(up.body)["model"], "m");
}

TEST(UpstreamFilterTest, AClientsOwnCredentialsStayHere) {
  Try attempt;
  attempt.harness.exchange.request().headers.add("x", "y");
  for (const std::string_view name : {"x-api-key", "cookie", "x-forwarded-for"})
    EXPECT_EQ(attempt.up().head.headers.count(name), 0u);
}

TEST(UpstreamFilterTest, UsageIsAskedForWhereTheProviderCanSayIt) {
  Try stream(R"(,"stream":true)");
  EXPECT_THAT(stream.up().body, HasSubstr(R"("include_usage":true)"));
  EXPECT_TRUE(stream.facts().answer.hide_usage_chunk);
  Try plain;
  EXPECT_THAT(plain.up().body, Not(HasSubstr("include_usage")));
  Try own(R"(,"stream":true,"stream_options":{"include_usage":true})");
  EXPECT_FALSE(own.facts().answer.hide_usage_chunk);
}

TEST(UpstreamFilterTest, APlainAnswerIsCommittedWhenItIsWhole) {
  Try attempt;
  attempt.up().headers(200);
  attempt.up().body_bytes(kPlainAnswer.substr(0, 20));
  EXPECT_TRUE(attempt.sink().events.empty());
  attempt.up().body_bytes(kPlainAnswer.substr(20));
  EXPECT_TRUE(attempt.sink().events.empty());
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, kPlainAnswer);
  EXPECT_EQ(attempt.sink().head->content_length, kPlainAnswer.size());
  EXPECT_TRUE(attempt.sink().is_complete());
  EXPECT_EQ(attempt.facts().answer.usage.input, 3);
  EXPECT_EQ(attempt.facts().answer.account, "main");
  ASSERT_EQ(attempt.facts().attempts.size(), 1u);
  EXPECT_EQ(attempt.facts().attempts[0].status, 200);
  EXPECT_EQ(attempt.facts().call.body(), "") << "nobody needs it any more";
}

// Over HTTP/2 the end may come in a read of its own, when what was lent has been overwritten.
TEST(UpstreamFilterTest, AWholeBodyMayBeFollowedByItsEndMuchLater) {
  Try attempt;
  ResponseHead head;
  head.headers.add("content-type", "application/json");
  head.content_length = kPlainAnswer.size();
  attempt.up().headers(std::move(head));
  attempt.up().body_bytes(kPlainAnswer);
  attempt.settle();
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, kPlainAnswer);
}

TEST(UpstreamFilterTest, AStreamIsCommittedAtItsFirstContent) {
  Try attempt(R"(,"stream":true)");
  attempt.up().headers(200, "text/event-stream");
  attempt.up().body_bytes(": hi\n\n" + kRoleEvent);
  EXPECT_TRUE(attempt.sink().events.empty());
  attempt.up().body_bytes(kContentEvent.substr(0, 30));
  attempt.up().body_bytes(kContentEvent.substr(30));
  EXPECT_EQ(attempt.sink().body, ": hi\n\n" + kRoleEvent + kContentEvent);
  EXPECT_TRUE(attempt.facts().answer.is_stream);
  EXPECT_EQ(attempt.facts().answer.frames_before_content, 2);
  attempt.up().body_bytes(kDoneEvent);
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, ": hi\n\n" + kRoleEvent + kContentEvent + kDoneEvent);
  EXPECT_TRUE(attempt.sink().is_complete());
}

TEST(UpstreamFilterTest, TheFirstTokenIsTheFirstContentAndNotTheHead) {
  Try attempt(R"(,"stream":true)");
  auto& loop = attempt.harness.exchange.loop();
  loop.advance(absl::Milliseconds(10));
  attempt.up().headers(200, "text/event-stream");
  attempt.up().body_bytes(kRoleEvent);
  loop.advance(absl::Milliseconds(30));
  attempt.up().body_bytes(kContentEvent);
  loop.advance(absl::Milliseconds(50));
  attempt.up().body_bytes(kDoneEvent);
  attempt.up().complete();
  ASSERT_EQ(attempt.facts().attempts.size(), 1u);
  const Attempt& made = attempt.facts().attempts[0];
  EXPECT_EQ(made.first_byte_us, 10'000);
  EXPECT_EQ(made.first_token_us, 40'000);
  EXPECT_EQ(made.total_us, 90'000);
}

TEST(UpstreamFilterTest, WhatIsNoStreamHasNoFirstToken) {
  Try attempt;
  attempt.harness.exchange.loop().advance(absl::Milliseconds(10));
  attempt.plain(200, kPlainAnswer);
  ASSERT_EQ(attempt.facts().attempts.size(), 1u);
  EXPECT_EQ(attempt.facts().attempts[0].first_token_us, 0);
}

TEST(UpstreamFilterTest, AnEmptyStreamThatSaysItIsDoneIsAnAnswer) {
  Try attempt(R"(,"stream":true)");
  attempt.up().headers(200, "text/event-stream");
  attempt.up().body_bytes(kRoleEvent + kDoneEvent);
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, kRoleEvent + kDoneEvent);
}

TEST(UpstreamFilterTest, WhatFailsBeforeTheCommitIsTriedAtTheNextTarget) {
  const std::function<void(Try&)> failures[] = {
      [](Try& t) { t.plain(500, R"({"error":{"message":"x"}})"); },
      [](Try& t) { t.plain(429, "slow down"); },
      [](Try& t) { t.plain(401, "bad key"); },
      [](Try& t) { t.plain(200, R"({"error":{"message":"x"}})"); },
      [](Try& t) { t.plain(200, "<html>"); },
      [](Try& t) { t.plain(302, ""); },
      [](Try& t) { t.up().fail(UpstreamFailure::kConnect, "refused"); },
      [](Try& t) {
        t.up().headers(200);
        t.up().body_bytes("{\"choices\":");
        t.up().fail(UpstreamFailure::kReset, "reset");
      },
      [](Try& t) {
        t.up().headers(200, "text/event-stream");
        t.up().body_bytes(kRoleEvent);
        t.up().complete();
      },
      [](Try& t) {
        t.up().headers(200, "text/event-stream");
        t.up().body_bytes(kRoleEvent + "data: {\"error\":{\"message\":\"busy\"}}\n\n");
      },
  };
  for (const auto& fail : failures) {
    Try attempt(R"(,"stream":true)");
    fail(attempt);
    attempt.settle();
    ASSERT_EQ(attempt.pools().count(), 2u);
    EXPECT_TRUE(attempt.pools().at(0).is_cancelled());
    EXPECT_TRUE(attempt.sink().events.empty()) << "nothing of the failed attempt is seen";
    EXPECT_EQ(attempt.up().origin, "two.example");
    EXPECT_EQ(attempt.up().head.headers.value("authorization"), "Bearer sk-two-secret");
    EXPECT_THAT(attempt.up().body, Not(HasSubstr("include_usage")));
    attempt.up().headers(200, "text/event-stream");
    attempt.up().body_bytes(kContentEvent + kDoneEvent);
    attempt.up().complete();
    EXPECT_EQ(attempt.sink().body, kContentEvent + kDoneEvent);
    EXPECT_EQ(attempt.facts().attempts.size(), 2u);
    EXPECT_EQ(attempt.facts().answer.provider->id, "two");
    EXPECT_NE(attempt.facts().attempts[0].reason, "");
  }
}

TEST(UpstreamFilterTest, ARequestThatIsWrongIsNotTriedElsewhere) {
  for (const int status : {400, 413, 422}) {
    Try attempt;
    attempt.plain(status, R"({"error":{"message":"n is wrong","code":"bad_n","param":"n"}})");
    EXPECT_EQ(attempt.pools().count(), 1u);
    EXPECT_EQ(attempt.sink().head->status, status);
    const auto error = test::parse_json(attempt.sink().body)["error"];
    EXPECT_EQ(error["message"], "[" + std::to_string(status) + "]: n is wrong");
    EXPECT_EQ(error["code"], "bad_n");
    EXPECT_EQ(error["param"], "n");
  }
}

TEST(UpstreamFilterTest, TheLastFailureIsWhatTheClientIsTold) {
  const struct {
    UpstreamFailure kind;
    int status;
    std::string_view code;
  } cases[] = {{UpstreamFailure::kResolve, 502, "upstream_name_unknown"},
               {UpstreamFailure::kForbidden, 502, "upstream_address_refused"},
               {UpstreamFailure::kConnect, 502, "upstream_connect_failed"},
               {UpstreamFailure::kTls, 502, "upstream_tls_failed"},
               {UpstreamFailure::kTimeout, 504, "upstream_timeout"},
               {UpstreamFailure::kReset, 502, "upstream_closed"},
               {UpstreamFailure::kProtocol, 502, "upstream_protocol_error"},
               {UpstreamFailure::kOverloaded, 503, "upstream_queue_full"}};
  for (const auto& [kind, status, code] : cases) {
    Try attempt;
    attempt.plain(500, "first");
    attempt.up().fail(kind, "why it was");
    attempt.settle();
    EXPECT_EQ(attempt.sink().head->status, status);
    EXPECT_EQ(attempt.facts().error_code, code);
    EXPECT_THAT(attempt.sink().body, HasSubstr("why it was"));
    EXPECT_EQ(attempt.facts().attempts[1].reason, code);
  }
}

TEST(UpstreamFilterTest, ARefusalHandsOnWhenToComeBack) {
  Try attempt;
  attempt.plain(500, "first");
  ResponseHead head;
  head.status = 429;
  head.headers.add("retry-after", "7");
  head.headers.add("set-cookie", "s=1");
  attempt.up().headers(std::move(head));
  attempt.up().complete();
  attempt.settle();
  EXPECT_EQ(attempt.sink().head->status, 429);
  EXPECT_EQ(attempt.sink().head->headers.value("retry-after"), "7");
  EXPECT_EQ(attempt.sink().head->headers.count("set-cookie"), 0u);
}

TEST(UpstreamFilterTest, GeminisWaitInTheBodyIsHandedOnAsTheHeader) {
  const std::string body =
      R"({"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"6.2s"}]}})";
  Try limited;
  limited.plain(500, "first");
  limited.plain(429, body);
  limited.settle();
  EXPECT_EQ(limited.sink().head->status, 429);
  EXPECT_EQ(limited.sink().head->headers.value("retry-after"), "7");
}

TEST(UpstreamFilterTest, NoWordOfAProviderHoldsTheKey) {
  const std::string body =
      R"({"error":{"message":"key sk-one-secret is bad","type":"sk-one-secret","code":"sk-one-secret","param":"sk-one-secret"}})";
  Try refused;
  refused.plain(400, body);
  EXPECT_THAT(refused.sink().body, Not(HasSubstr("sk-one-secret")));
  EXPECT_THAT(refused.facts().error_code, Not(HasSubstr("sk-one-secret")));
  EXPECT_THAT(refused.facts().attempts[0].reason, Not(HasSubstr("sk-one-secret")));
  Try failing;
  failing.plain(500, "");
  failing.up().fail(UpstreamFailure::kTls, "Bearer sk-two-secret");
  failing.settle();
  EXPECT_THAT(failing.sink().body, Not(HasSubstr("two-secret")));
}

TEST(UpstreamFilterTest, ABreakAfterTheCommitIsLeftToWhoeverWatchesTheStream) {
  Try attempt(R"(,"stream":true)");
  attempt.up().headers(200, "text/event-stream");
  attempt.up().body_bytes(kContentEvent);
  attempt.up().fail(UpstreamFailure::kReset, "reset by peer");
  attempt.settle();
  EXPECT_EQ(attempt.pools().count(), 1u) << "never tried again";
  EXPECT_EQ(attempt.facts().answer.failure->code, "upstream_closed");
  EXPECT_EQ(attempt.facts().answer.failure->message, "reset by peer");
}

TEST(UpstreamFilterTest, EventsThatSayNothingDoNotStopTheClock) {
  Try attempt(R"(,"stream":true)");
  attempt.up().headers(200, "text/event-stream");
  for (int i = 0; i < 5 && attempt.pools().count() == 1; ++i) {
    attempt.harness.exchange.loop().advance(absl::Seconds(16));
    attempt.up().body_bytes(": still here\n\n");
    attempt.settle();
  }
  EXPECT_EQ(attempt.pools().count(), 2u);
  EXPECT_EQ(attempt.facts().attempts[0].reason, "upstream_timeout");
}

TEST(UpstreamFilterTest, ContentThatComesForHoursIsNoTimeout) {
  Try attempt(R"(,"stream":true)");
  attempt.up().headers(200, "text/event-stream");
  for (int i = 0; i < 200; ++i) {
    attempt.up().body_bytes(kContentEvent);
    attempt.harness.exchange.loop().advance(absl::Seconds(59));
  }
  EXPECT_EQ(attempt.sink().body.size(), 200 * kContentEvent.size());
}

TEST(UpstreamFilterTest, PressureHoldsTheProviderAndTheNextOneToo) {
  Try attempt;
  attempt.harness.chain().response_pressure(true);
  EXPECT_TRUE(attempt.up().held);
  attempt.plain(500, "");
  EXPECT_TRUE(attempt.up().held);
  attempt.harness.chain().response_pressure(false);
  EXPECT_FALSE(attempt.up().held);
}

TEST(UpstreamFilterTest, AClientThatLeavesCancelsTheAttempt) {
  Try attempt;
  attempt.harness.end();
  EXPECT_TRUE(attempt.up().is_cancelled());
}

TEST(UpstreamFilterTest, NothingIsTriedForAClientWhoLeftAsTheAttemptFailed) {
  Try attempt;
  attempt.harness.exchange.over = true;
  attempt.plain(500, "");
  EXPECT_EQ(attempt.pools().count(), 1u);
}

TEST(HeartbeatTest, AClientThatWaitsLongIsToldSo) {
  Try attempt(R"(,"stream":true)");
  attempt.harness.exchange.loop().advance(absl::Seconds(19));
  EXPECT_FALSE(attempt.sink().head);
  attempt.harness.exchange.loop().advance(absl::Seconds(2));
  ASSERT_TRUE(attempt.sink().head);
  EXPECT_EQ(attempt.sink().head->status, 200);
  EXPECT_EQ(attempt.sink().body, ": waiting\n\n");
  attempt.harness.exchange.loop().advance(absl::Seconds(20));
  EXPECT_EQ(attempt.sink().body, ": waiting\n\n: waiting\n\n");
  // The first target fails now, and the client does not see it.
  attempt.up().headers(500);
  attempt.up().complete();
  attempt.settle();
  attempt.up().headers(200, "text/event-stream");
  attempt.up().body_bytes(kContentEvent);
  attempt.harness.exchange.loop().advance(absl::Seconds(50));
  EXPECT_EQ(attempt.sink().body, ": waiting\n\n: waiting\n\n" + kContentEvent);
  EXPECT_TRUE(attempt.facts().answer.is_committed);
}

TEST(HeartbeatTest, WhatFailsBehindItIsAnErrorEvent) {
  Try attempt(R"(,"stream":true)");
  attempt.harness.exchange.loop().advance(absl::Seconds(21));
  for (int i = 0; i < 2; ++i) {
    attempt.up().headers(500);
    attempt.up().complete();
    attempt.settle();
  }
  EXPECT_THAT(attempt.sink().body, testing::StartsWith(": waiting\n\ndata: {\"error\":"));
  const std::string body = attempt.sink().body;
  attempt.harness.exchange.loop().advance(absl::Seconds(60));
  EXPECT_EQ(attempt.sink().body, body);
}

TEST(HeartbeatTest, WhoWantsOneDocumentGetsNone) {
  Try attempt;
  attempt.harness.exchange.loop().advance(absl::Seconds(50));
  EXPECT_FALSE(attempt.sink().head);
}

}  // namespace
}  // namespace omni::filters
