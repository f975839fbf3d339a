#include "source/http/filter_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "test/support/chain_harness.h"

namespace omni {
namespace {

using test::ChainHarness;
using test::Journal;
using test::Script;
using testing::ElementsAre;
using testing::HasSubstr;

// Three filters; the last one answers "ok" when the request is complete.
struct Onion {
  Onion() {
    for (Script* script : {&a, &b, &c}) script->journal = &journal;
    c.request_complete = [](FilterContext& context) {
      ResponseHead head;
      head.content_length = 2;
      context.respond_headers(std::move(head));
      context.respond_body(Buffer("ok"));
      context.respond_complete();
      return Next::kContinue;
    };
  }
  void build() { harness.add(a).add(b).add(c); }

  Journal journal;
  Script a{.name = "a"}, b{.name = "b"}, c{.name = "c"};
  ChainHarness harness;
};

LocalReply teapot() { return {.status = 418, .code = "teapot", .message = "No coffee."}; }

TEST(FilterChainTest, RequestsRunInwardsResponsesOutwards) {
  Onion onion;
  onion.build();
  onion.harness.send("hi");
  onion.harness.end();
  EXPECT_THAT(
      onion.journal,
      ElementsAre("a>headers", "b>headers", "c>headers", "a>body:hi", "b>body:hi", "c>body:hi",
                  "a>complete", "b>complete", "c>complete", "b<headers:200", "a<headers:200",
                  "b<body:ok", "a<body:ok", "b<complete", "a<complete", "c.end", "b.end", "a.end"));
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "complete"));
}

TEST(FilterChainTest, ALocalReplyIsAResponseForFiltersNearerTheClientOnly) {
  for (int seat = 0; seat < 3; ++seat) {
    Onion onion;
    Script& replying = seat == 0 ? onion.a : seat == 1 ? onion.b : onion.c;
    replying.request_headers = [](FilterContext& context) {
      context.reply(teapot());
      return Next::kPause;
    };
    onion.build();
    onion.harness.send("hi");
    onion.harness.end();
    const std::string names = "abc";
    for (int i = 0; i < 3; ++i) {
      const bool saw = std::find(onion.journal.begin(), onion.journal.end(),
                                 std::string(1, names[i]) + "<headers:418") != onion.journal.end();
      EXPECT_EQ(saw, i < seat) << "seat " << seat << " filter " << names[i];
    }
    EXPECT_EQ(onion.harness.sink.head->status, 418);
    EXPECT_TRUE(onion.harness.sink.is_complete());
    EXPECT_EQ(onion.harness.sink.body.size(), onion.harness.sink.head->content_length);
    EXPECT_THAT(onion.harness.sink.body, HasSubstr("No coffee."));
    EXPECT_EQ(onion.harness.exchange.facts().error_code, "teapot");
  }
}

TEST(FilterChainTest, AReplyFromOutsideIsSeenByEveryFilter) {
  Onion onion;
  onion.build();
  onion.harness.chain().reply(teapot());
  EXPECT_THAT(onion.journal,
              testing::IsSupersetOf({"a<headers:418", "b<headers:418", "c<headers:418"}));
}

TEST(FilterChainTest, OnlyTheFirstReplyCounts) {
  Onion onion;
  onion.a.request_headers = [](FilterContext& context) {
    context.reply(teapot());
    context.reply({.status = 500, .code = "late", .message = "x"});
    return Next::kPause;
  };
  onion.build();
  onion.harness.send("");
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "complete"));
  EXPECT_EQ(onion.harness.exchange.facts().error_code, "teapot");
}

TEST(FilterChainTest, AReplyAfterTheHeadersEndsAStreamWithAnErrorEvent) {
  Onion onion;
  onion.c.request_complete = [](FilterContext& context) {
    context.exchange().facts().answer.is_stream = true;
    context.respond_headers({});
    context.respond_body(Buffer("data: x\n\n"));
    context.reply({.status = 502, .code = "upstream_closed", .message = "It broke."});
    context.respond_body(Buffer("data: never\n\n"));
    context.respond_complete();
    return Next::kContinue;
  };
  onion.build();
  onion.harness.send("");
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "body", "complete"));
  EXPECT_THAT(onion.harness.sink.body, testing::StartsWith("data: x\n\ndata: {\"error\":"));
  EXPECT_THAT(onion.harness.sink.body, HasSubstr("upstream_closed"));
  EXPECT_THAT(onion.harness.sink.body, testing::Not(HasSubstr("never")));
}

TEST(FilterChainTest, AReplyAfterTheHeadersOfADocumentCutsItOff) {
  Onion onion;
  onion.c.request_complete = [](FilterContext& context) {
    context.respond_headers({});
    context.reply(teapot());
    return Next::kContinue;
  };
  onion.build();
  onion.harness.send("");
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "abort"));
}

TEST(FilterChainTest, AReplyAfterTheEndChangesNothing) {
  Onion onion;
  onion.build();
  onion.harness.send("hi");
  onion.harness.chain().reply(teapot());
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "complete"));
  EXPECT_EQ(onion.harness.exchange.facts().error_code, "");
}

// The answer that a filter holds back is replaced, not mixed with the reply.
TEST(FilterChainTest, AReplyReplacesAnAnswerThatIsHeldBack) {
  Onion onion;
  onion.a.response_headers = [](FilterContext&, ResponseHead& head) {
    return head.status == 200 ? Next::kPause : Next::kContinue;
  };
  onion.c.request_complete = [](FilterContext& context) {
    context.respond_headers({});
    context.respond_body(Buffer("half an ans"));
    context.reply(teapot());
    return Next::kContinue;
  };
  onion.build();
  onion.harness.send("");
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "complete"));
  EXPECT_EQ(onion.harness.sink.head->status, 418);
  EXPECT_THAT(onion.harness.sink.body, testing::StartsWith("{\"error\""));
}

TEST(FilterChainTest, AReplyReplacesAnAnswerThatIsBeingGathered) {
  Onion onion;
  onion.a.wants.whole_response = true;
  onion.c.request_complete = [](FilterContext& context) {
    context.respond_headers({});
    context.respond_body(Buffer("half an ans"));
    context.reply(teapot());
    return Next::kContinue;
  };
  onion.build();
  onion.harness.send("");
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("headers", "body", "complete"));
  EXPECT_THAT(onion.harness.sink.body, testing::StartsWith("{\"error\""));
}

TEST(FilterChainTest, AGatheredBodyBeyondItsLimitIsA413) {
  Onion onion;
  onion.b.wants.whole_request = true;
  onion.harness.limits.whole_request_bytes = 8;
  onion.build();
  FilterChain& chain = onion.harness.chain();
  chain.request_headers();
  chain.request_body(Buffer("12345678"));
  EXPECT_TRUE(onion.harness.sink.events.empty());
  chain.request_body(Buffer("9"));
  EXPECT_EQ(onion.harness.sink.head->status, 413);
  EXPECT_EQ(onion.harness.exchange.facts().error_code, "request_too_large");
  EXPECT_EQ(chain.request_buffered(), 0u);
}

TEST(FilterChainTest, ACallThatCannotBeReadIsA400BeforeTheFilterSeesIt) {
  for (const std::string_view body :
       {"", "{", "[]", "{}", R"({"model":7})", R"({"model":"m","temperature":9})"}) {
    Onion onion;
    onion.b.wants.whole_request = true;
    onion.build();
    onion.harness.send_chat(body);
    EXPECT_EQ(onion.harness.sink.head->status, 400) << body;
    EXPECT_EQ(onion.harness.exchange.facts().error_code, "bad_request") << body;
    EXPECT_THAT(onion.journal, testing::Not(testing::Contains("b>headers"))) << body;
  }
}

TEST(FilterChainTest, TheCallIsReadWhenTheGatheringFilterSeesTheHeaders) {
  Onion onion;
  std::string model;
  onion.b.wants.whole_request = true;
  onion.b.request_headers = [&](FilterContext& context) {
    model = context.exchange().facts().call.model();
    return Next::kContinue;
  };
  onion.build();
  onion.harness.send_chat(R"({"model":"gpt-x"})");
  EXPECT_EQ(model, "gpt-x");
}

// A client that leaves is the chain being destroyed, whatever it waits for.
TEST(FilterChainTest, EveryFilterHearsTheEndOnceWhenTheClientLeaves) {
  Onion onion;
  onion.b.request_headers = [](FilterContext&) { return Next::kPause; };
  onion.build();
  onion.harness.send("x");
  onion.harness.end();
  EXPECT_THAT(onion.journal, ElementsAre("a>headers", "b>headers", "a>body:x", "a>complete",
                                         "c.end", "b.end", "a.end"));
}

TEST(FilterChainTest, AFilterThatHasNoPartInAnExchangeIsNotMade) {
  ChainHarness harness;
  Script answers;
  harness.add(FilterTemplate(
      [](FilterContext&) -> std::unique_ptr<Filter> {
        ADD_FAILURE() << "it was made";
        return nullptr;
      },
      {}, [](Exchange&) { return false; }));
  harness.add(answers);
  harness.send("body");
  EXPECT_FALSE(harness.chain().response_started());
  harness.end();
}

TEST(FilterChainTest, PressureReachesTheSourceOfTheResponse) {
  Onion onion;
  onion.build();
  onion.harness.chain().response_pressure(true);
  onion.harness.chain().response_pressure(false);
  EXPECT_THAT(onion.journal, ElementsAre("c.hold", "c.release"));
}

TEST(FilterChainTest, ALaneBeyondItsWatermarkHoldsTheClientUntilItDrains) {
  Onion onion;
  FilterContext* paused = nullptr;
  onion.harness.limits.high_bytes = 4;
  onion.b.request_headers = [&](FilterContext& context) {
    paused = &context;
    return Next::kPause;
  };
  onion.build();
  FilterChain& chain = onion.harness.chain();
  chain.request_headers();
  chain.request_body(Buffer("1234"));
  EXPECT_TRUE(onion.harness.sink.events.empty());
  chain.request_body(Buffer("5"));
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("hold"));
  // Nothing more comes from a client that is held, so this must let it go.
  paused->resume_request();
  EXPECT_THAT(onion.harness.sink.events, ElementsAre("hold", "release"));
}

}  // namespace
}  // namespace omni
