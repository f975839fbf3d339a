// Answers in a content coding, which nobody asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/filters/upstream/upstream_fixture.h"
#include "test/support/compressed.h"
#include "test/support/json.h"

namespace omni::filters {
namespace {

using test::compressed;
using test::kContentEvent;
using test::kDoneEvent;
using test::kPlainAnswer;
using test::kRoleEvent;
using test::Try;
using testing::HasSubstr;

constexpr std::string_view kStreamed = R"(,"stream":true)";
constexpr std::string_view kCodings[] = {"gzip", "deflate", "br", "zstd"};

ResponseHead coded(std::string_view coding, int status = 200,
                   std::string_view type = "application/json") {
  ResponseHead head;
  head.status = status;
  head.headers.add("content-type", type);
  head.headers.add("content-encoding", coding);
  return head;
}

ResponseHead coded_stream(std::string_view coding) {
  return coded(coding, 200, "text/event-stream");
}

TEST(CodedAnswerTest, APlainAnswerIsDecodedBeforeItIsRead) {
  for (const std::string_view coding : kCodings) {
    const std::string bytes = compressed(coding, kPlainAnswer);
    Try attempt;
    ResponseHead head = coded(coding);
    head.content_length = bytes.size();
    head.headers.add("content-digest", "sha-256=:x:");
    head.headers.add("x-kept", "yes");
    attempt.up().headers(std::move(head));
    attempt.up().body_bytes(bytes.substr(0, 20));
    attempt.settle();
    attempt.up().body_bytes(bytes.substr(20));
    attempt.settle();
    attempt.up().complete();
    EXPECT_EQ(attempt.sink().body, kPlainAnswer) << coding;
    EXPECT_EQ(attempt.sink().head->content_length, kPlainAnswer.size());
    EXPECT_EQ(attempt.sink().head->headers.count("content-encoding"), 0u);
    EXPECT_EQ(attempt.sink().head->headers.count("content-digest"), 0u);
    EXPECT_EQ(attempt.sink().head->headers.value("x-kept"), "yes");
    EXPECT_EQ(attempt.facts().answer.usage.input, 3);
    EXPECT_EQ(attempt.facts().attempts[0].status, 200);
  }
}

TEST(CodedAnswerTest, EventsOfAStreamComeAsTheyAreFlushed) {
  const std::vector<std::string> events = {kRoleEvent, kContentEvent, kContentEvent, kDoneEvent};
  for (const std::string_view coding : kCodings) {
    const test::Compressed stream = test::compress_flushed(coding, events);
    Try attempt(kStreamed);
    attempt.up().headers(coded_stream(coding));
    std::string expected;
    size_t at = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      attempt.up().body_bytes(stream.bytes.substr(at, stream.ends[i] - at));
      at = stream.ends[i];
      expected += events[i];
      EXPECT_EQ(attempt.sink().body, i == 0 ? "" : expected) << coding << i;
    }
    attempt.up().body_bytes(stream.bytes.substr(at));
    attempt.up().complete();
    EXPECT_TRUE(attempt.sink().is_complete());
    EXPECT_EQ(attempt.sink().head->headers.count("content-encoding"), 0u);
    EXPECT_EQ(attempt.facts().attempts[0].status, 200) << attempt.facts().attempts[0].reason;
    EXPECT_EQ(attempt.facts().answer.failure->message, "");
  }
}

TEST(CodedAnswerTest, ByteByByteIsTheSame) {
  const std::string all = kRoleEvent + kContentEvent + kDoneEvent;
  const std::string bytes = compressed("br", compressed("gzip", all));
  Try attempt(kStreamed);
  ResponseHead head = coded_stream("gzip");
  head.headers.add("content-encoding", "br");
  attempt.up().headers(std::move(head));
  for (const char byte : bytes) attempt.up().body_bytes(std::string(1, byte));
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, all);
  EXPECT_TRUE(attempt.sink().is_complete());
}

TEST(CodedAnswerTest, ARefusalIsReadable) {
  const std::string body =
      R"({"error":{"message":"n is wrong: sk-one-secret","code":"bad_n","param":"n"}})";
  for (const std::string_view coding : kCodings) {
    Try attempt;
    attempt.up().headers(coded(coding, 400));
    attempt.up().body_bytes(compressed(coding, body));
    attempt.up().complete();
    attempt.settle();
    EXPECT_EQ(attempt.sink().head->status, 400);
    const auto error = test::parse_json(attempt.sink().body)["error"];
    EXPECT_EQ(error["message"], "[400]: n is wrong: ***");
    EXPECT_EQ(error["code"], "bad_n");
  }
}

// The status says more than the text could.
TEST(CodedAnswerTest, ARefusalThatCannotBeReadIsOneAllTheSame) {
  const struct {
    std::string_view coding, body;
  } cases[] = {{"exi", "\x80\x80"}, {"gzip", "no gzip at all"}, {"br", "\xff\xff\xff"}};
  for (const auto& [coding, body] : cases) {
    Try attempt;
    attempt.up().headers(coded(coding, 422));
    attempt.up().body_bytes(body);
    attempt.up().complete();
    attempt.settle();
    EXPECT_EQ(attempt.sink().head->status, 422);
    EXPECT_EQ(test::parse_json(attempt.sink().body)["error"]["message"],
              "[422]: The provider refused the request.");
  }
}

TEST(CodedAnswerTest, AnUnknownCodingIsNoAnswer) {
  for (const std::string_view coding : {"exi", "gzip, exi", "gzip, br, zstd"}) {
    Try attempt;
    attempt.up().headers(coded(coding));
    attempt.settle();
    EXPECT_EQ(attempt.facts().attempts[0].reason, "upstream_coding_unknown");
    EXPECT_EQ(attempt.pools().count(), 2u);
  }
}

TEST(CodedAnswerTest, IdentityIsNoCoding) {
  Try attempt;
  attempt.up().headers(coded("identity"));
  attempt.up().body_bytes(kPlainAnswer);
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, kPlainAnswer);
  EXPECT_EQ(attempt.sink().head->headers.count("content-encoding"), 0u);
}

TEST(CodedAnswerTest, WhatIsBrokenBeforeTheCommitIsTriedAtTheNextTarget) {
  const std::string whole = compressed("gzip", kPlainAnswer);
  for (const std::string& body :
       {std::string("{}{}{}{}{}{}"), whole.substr(0, whole.size() - 1), whole + "x",
        test::compressed_zeros("gzip", size_t{32} << 20), std::string()}) {
    Try attempt;
    attempt.up().headers(coded("gzip"));
    if (!body.empty()) attempt.up().body_bytes(body);
    attempt.up().complete();
    attempt.settle();
    ASSERT_EQ(attempt.pools().count(), 2u);
    EXPECT_EQ(attempt.facts().attempts[0].reason, "upstream_coding_broken");
    EXPECT_TRUE(attempt.sink().events.empty());
  }
}

TEST(CodedAnswerTest, AStreamThatIsCutIsNeverClean) {
  const std::string all = kRoleEvent + kContentEvent + kContentEvent;
  for (const std::string_view coding : kCodings) {
    const std::string bytes = test::compress_flushed(coding, {all, kDoneEvent}).bytes;
    for (size_t size = 0; size + 1 < bytes.size(); ++size) {
      Try attempt(kStreamed);
      attempt.up().headers(coded_stream(coding));
      if (size > 0) attempt.up().body_bytes(bytes.substr(0, size));
      attempt.up().complete();
      attempt.settle();
      EXPECT_EQ(attempt.facts().attempts[0].reason, "upstream_coding_broken") << coding << size;
      // Before the commit another target is asked; after it the stream's watcher is told.
      if (attempt.pools().count() == 1) {
        EXPECT_EQ(attempt.facts().answer.failure->code, "upstream_coding_broken");
      }
    }
  }
}

TEST(CodedAnswerTest, WhatStoodBeforeAFaultIsPassedOn) {
  const std::string good = test::compress_flushed("gzip", {kContentEvent + kDoneEvent}).bytes;
  Try attempt(kStreamed);
  attempt.up().headers(coded_stream("gzip"));
  attempt.up().body_bytes(good + "junk");
  EXPECT_EQ(attempt.sink().body, kContentEvent + kDoneEvent);
  EXPECT_EQ(attempt.facts().answer.failure->code, "upstream_coding_broken");
  EXPECT_THAT(attempt.facts().answer.failure->message, HasSubstr("gzip: incorrect header"));
  attempt.up().body_bytes("more");
  attempt.up().complete();
  EXPECT_EQ(attempt.facts().attempts.size(), 1u);
}

TEST(CodedAnswerTest, ALargePlainAnswerIsHeldNoLongerThanAnyOther) {
  std::string large = kPlainAnswer;
  large.insert(large.find("hi"), std::string(3 << 20, 'a'));
  const std::string bytes = compressed("zstd", large);
  Try attempt;
  attempt.up().headers(coded("zstd"));
  for (size_t at = 0; at < bytes.size(); at += 64) attempt.up().body_bytes(bytes.substr(at, 64));
  attempt.up().complete();
  EXPECT_EQ(attempt.sink().body, large);
  EXPECT_FALSE(attempt.sink().head->content_length.has_value());
  EXPECT_TRUE(attempt.sink().is_complete());
}

TEST(CodedAnswerTest, EventsThatSayNothingDoNotStopTheClock) {
  const std::vector<std::string> comments(8, ": still here\n\n");
  const test::Compressed stream = test::compress_flushed("gzip", comments);
  Try attempt(kStreamed);
  attempt.up().headers(coded_stream("gzip"));
  size_t at = 0;
  for (const size_t end : stream.ends) {
    attempt.harness.exchange.loop().advance(absl::Seconds(16));
    if (attempt.pools().count() == 1) attempt.up().body_bytes(stream.bytes.substr(at, end - at));
    at = end;
    attempt.settle();
  }
  EXPECT_EQ(attempt.facts().attempts[0].reason, "upstream_timeout");
}

}  // namespace
}  // namespace omni::filters
