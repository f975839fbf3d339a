// The same exchanges over both protocols: a client codec talks to a server codec through buffers,
// and the events on both sides must be the same, however the bytes are cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "source/http/http1/client_codec.h"
#include "source/http/http1/server_codec.h"
#include "source/http/http2/client_codec.h"
#include "source/http/http2/server_codec.h"
#include "test/support/codec_recorder.h"
#include "test/support/fake_clock.h"

namespace omni {
namespace {

struct Http1 {
  static constexpr const char* kName = "Http1";
  static std::unique_ptr<ServerCodec> server(ServerEvents& events, const CodecLimits& limits,
                                             const Clock&) {
    return std::make_unique<Http1ServerCodec>(events, limits, "http");
  }
  static std::unique_ptr<ClientCodec> client(ClientEvents& events, const CodecLimits& limits,
                                             const Clock&) {
    return std::make_unique<Http1ClientCodec>(events, limits);
  }
};

struct Http2 {
  static constexpr const char* kName = "Http2";
  static std::unique_ptr<ServerCodec> server(ServerEvents& events, const CodecLimits& limits,
                                             const Clock& clock) {
    return std::make_unique<Http2ServerCodec>(events, limits, clock);
  }
  static std::unique_ptr<ClientCodec> client(ClientEvents& events, const CodecLimits& limits,
                                             const Clock& clock) {
    return std::make_unique<Http2ClientCodec>(events, limits, clock);
  }
};

template <class Protocol>
class CodecConformanceTest : public testing::Test {
 protected:
  CodecConformanceTest() { connect(); }

  void connect() {
    server_events = {};
    client_events = {};
    to_server.clear();
    to_client.clear();
    server_codec = Protocol::server(server_events, limits, clock);
    client_codec = Protocol::client(client_events, limits, clock);
  }

  // Carries bytes both ways, `piece` at a time, until nobody has anything to say.
  void pump() {
    for (int quiet = 0; quiet < 2;) {
      client_codec->drain(to_server);
      server_codec->drain(to_client);
      const bool up = carry(to_server, [&](Buffer& in) { return server_codec->feed(in); });
      const bool down = carry(to_client, [&](Buffer& in) { return client_codec->feed(in); });
      quiet = up || down ? 0 : quiet + 1;
    }
  }
  template <class Feed>
  bool carry(Buffer& bytes, Feed feed) {
    if (bytes.empty()) return false;
    Buffer in;
    while (!bytes.empty()) {
      Buffer part = bytes.take(piece);
      in.append(part.to_string());
      EXPECT_TRUE(feed(in).ok());
    }
    // HTTP/1 leaves what waits for the answer before it.
    bytes.append(std::move(in));
    return bytes.empty();
  }

  static RequestHead request(std::string_view method = "POST") {
    RequestHead head;
    head.method = method;
    head.target = "/v1/chat?x=1";
    head.authority = "host.example:8080";
    head.scheme = "http";
    head.headers.add("content-type", "application/json");
    head.headers.add("x-twice", "1");
    head.headers.add("x-twice", "2");
    return head;
  }

  test::FakeClock clock;
  CodecLimits limits;
  size_t piece = 1 << 20;
  test::ServerRecorder server_events;
  test::ClientRecorder client_events;
  std::unique_ptr<ServerCodec> server_codec;
  std::unique_ptr<ClientCodec> client_codec;
  Buffer to_server, to_client;
};

struct Names {
  template <class Protocol>
  static std::string GetName(int) {
    return Protocol::kName;
  }
};
using Protocols = testing::Types<Http1, Http2>;
TYPED_TEST_SUITE(CodecConformanceTest, Protocols, Names);

#define EXCHANGE_MEMBERS                                 \
  auto& server = *this->server_codec;                    \
  auto& client = *this->client_codec;                    \
  [[maybe_unused]] auto& requests = this->server_events; \
  [[maybe_unused]] auto& answers = this->client_events.answers

TYPED_TEST(CodecConformanceTest, CarriesAWholeExchangeHoweverItIsCut) {
  for (const size_t bytes : {1u, 2u, 3u, 7u, 16u, 61u, 1000u, 100000u}) {
    this->piece = bytes;
    this->connect();
    EXCHANGE_MEMBERS;
    RequestHead head = this->request();
    head.content_length = 5;
    head.has_body = true;
    const StreamId id = client.open(head);
    client.send_body(id, Buffer("hello"));
    client.send_complete(id);
    this->pump();
    const auto& seen = requests.last();
    EXPECT_EQ(seen.head.method, "POST");
    EXPECT_EQ(seen.head.target, "/v1/chat?x=1");
    EXPECT_EQ(seen.head.authority, "host.example:8080");
    EXPECT_EQ(seen.head.scheme, "http");
    EXPECT_EQ(seen.head.content_length, 5u);
    EXPECT_TRUE(seen.head.has_body);
    ASSERT_EQ(seen.head.headers.size(), 3u);
    EXPECT_EQ(seen.head.headers[2].value, "2");
    EXPECT_EQ(seen.body, "hello");
    EXPECT_TRUE(seen.is_complete);

    ResponseHead answer;
    answer.status = 201;
    answer.headers.add("x-a", "b");
    const StreamId server_id = requests.order.back();
    server.send_headers(server_id, answer);
    server.send_body(server_id, Buffer("wor"));
    server.send_body(server_id, Buffer("ld"));
    server.send_complete(server_id);
    this->pump();
    EXPECT_EQ(answers[id].head.status, 201);
    EXPECT_EQ(answers[id].head.headers.value("x-a"), "b");
    EXPECT_EQ(answers[id].body, "world");
    EXPECT_TRUE(answers[id].is_complete);
    EXPECT_EQ(server.active(), 0u);
    EXPECT_EQ(client.active(), 0u);
    EXPECT_TRUE(client.can_open());
    server.forget(server_id);
  }
}

TYPED_TEST(CodecConformanceTest, CarriesManyExchangesOneAfterAnother) {
  EXCHANGE_MEMBERS;
  requests.after_complete = [&](StreamId id) {
    ResponseHead answer;
    answer.content_length = 2;
    server.send_headers(id, answer);
    server.send_body(id, Buffer("ok"));
    server.send_complete(id);
    server.forget(id);
  };
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(client.can_open()) << i;
    const StreamId id = client.open(this->request("GET"));
    client.send_complete(id);
    this->pump();
    ASSERT_EQ(answers[id].body, "ok");
    ASSERT_FALSE(requests.last().head.has_body);
  }
}

TYPED_TEST(CodecConformanceTest, CarriesBodiesOfUnknownLengthBothWays) {
  EXCHANGE_MEMBERS;
  RequestHead head = this->request();
  head.has_body = true;
  const StreamId id = client.open(head);
  std::string sent;
  for (int i = 0; i < 50; ++i) {
    const std::string part(static_cast<size_t>(i * 97 % 3000), static_cast<char>('a' + i % 26));
    sent += part;
    client.send_body(id, Buffer(part));
    this->pump();
  }
  client.send_complete(id);
  this->pump();
  EXPECT_FALSE(requests.last().head.content_length.has_value());
  EXPECT_TRUE(requests.last().head.has_body);
  EXPECT_EQ(requests.last().body, sent);
  const StreamId server_id = requests.order.back();
  server.consumed(server_id, sent.size());
  server.send_headers(server_id, ResponseHead());
  server.send_body(server_id, Buffer(sent));
  server.send_complete(server_id);
  this->pump();
  EXPECT_EQ(answers[id].body, sent);
  EXPECT_TRUE(answers[id].is_complete);
}

TYPED_TEST(CodecConformanceTest, AnswersHeadWithoutABody) {
  EXCHANGE_MEMBERS;
  const StreamId id = client.open(this->request("HEAD"));
  client.send_complete(id);
  this->pump();
  ResponseHead answer;
  answer.content_length = 5;
  const StreamId server_id = requests.order.back();
  server.send_headers(server_id, answer);
  server.send_body(server_id, Buffer("hello"));
  server.send_complete(server_id);
  this->pump();
  EXPECT_EQ(answers[id].head.content_length, 5u);
  EXPECT_EQ(answers[id].body, "");
  EXPECT_TRUE(answers[id].is_complete);
  EXPECT_EQ(server.active(), 0u);
}

TYPED_TEST(CodecConformanceTest, AnswersWithoutABody) {
  for (const int status : {200, 204, 304}) {
    this->connect();
    EXCHANGE_MEMBERS;
    const StreamId id = client.open(this->request("GET"));
    client.send_complete(id);
    this->pump();
    ResponseHead answer;
    answer.status = status;
    if (status == 200) answer.content_length = 0;
    server.send_headers(requests.order.back(), answer);
    server.send_complete(requests.order.back());
    this->pump();
    EXPECT_EQ(answers[id].head.status, status);
    EXPECT_TRUE(answers[id].is_complete);
    EXPECT_EQ(answers[id].body, "");
    EXPECT_EQ(server.active(), 0u);
  }
}

TYPED_TEST(CodecConformanceTest, DropsFieldsOfOneHopInBothDirections) {
  EXCHANGE_MEMBERS;
  RequestHead head = this->request("GET");
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "te", "trailer",
                           "transfer-encoding", "upgrade", "host", "content-length"})
    head.headers.add(name, "x");
  head.headers.add("x-bad", "a\r\nb");
  const StreamId id = client.open(head);
  client.send_complete(id);
  this->pump();
  EXPECT_EQ(requests.last().head.headers.size(), 3u);
  ResponseHead answer;
  answer.headers.add("transfer-encoding", "gzip");
  answer.headers.add("connection", "close");
  answer.headers.add("x-a", "1");
  server.send_headers(requests.order.back(), answer);
  server.send_complete(requests.order.back());
  this->pump();
  EXPECT_EQ(answers[id].head.headers.size(), 1u);
  EXPECT_TRUE(answers[id].is_complete);
}

TYPED_TEST(CodecConformanceTest, LetsAnAnswerOvertakeItsRequest) {
  EXCHANGE_MEMBERS;
  requests.after_headers = [&](StreamId id) {
    ResponseHead answer;
    answer.status = 413;
    answer.content_length = 2;
    server.send_headers(id, answer);
    server.send_body(id, Buffer("no"));
    server.send_complete(id);
    server.forget(id);
  };
  RequestHead head = this->request();
  head.has_body = true;
  head.content_length = 1000;
  const StreamId id = client.open(head);
  client.send_body(id, Buffer("abc"));
  this->pump();
  EXPECT_EQ(answers[id].head.status, 413);
  EXPECT_EQ(answers[id].body, "no");
  EXPECT_TRUE(answers[id].is_complete);
  EXPECT_EQ(requests.last().body, "");
  EXPECT_FALSE(requests.last().is_over());
  EXPECT_EQ(server.active(), 0u);
}

TYPED_TEST(CodecConformanceTest, TellsTheClientOfAnAnswerThatBreaksOff) {
  EXCHANGE_MEMBERS;
  const StreamId id = client.open(this->request("GET"));
  client.send_complete(id);
  this->pump();
  server.send_headers(requests.order.back(), ResponseHead());
  server.send_body(requests.order.back(), Buffer("part"));
  this->pump();
  server.reset(requests.order.back(), ResetReason::kInternal);
  this->pump();
  if (server.is_finished()) client.on_end_of_input();
  EXPECT_EQ(answers[id].body, "part");
  EXPECT_TRUE(answers[id].reset.has_value());
  EXPECT_TRUE(answers[id].was_processed);
  EXPECT_EQ(server.active(), 0u);
  EXPECT_EQ(client.active(), 0u);
}

TYPED_TEST(CodecConformanceTest, CutsAnAnswerLongerThanAnnounced) {
  EXCHANGE_MEMBERS;
  const StreamId id = client.open(this->request("GET"));
  client.send_complete(id);
  this->pump();
  ResponseHead answer;
  answer.content_length = 3;
  server.send_headers(requests.order.back(), answer);
  server.send_body(requests.order.back(), Buffer("abcdef"));
  this->pump();
  EXPECT_LE(answers[id].body.size(), 3u);
  EXPECT_EQ(server.active(), 0u);
}

TYPED_TEST(CodecConformanceTest, FinishesAfterShutdownWhenTheLastAnswerIsOut) {
  EXCHANGE_MEMBERS;
  const StreamId id = client.open(this->request("GET"));
  client.send_complete(id);
  this->pump();
  server.begin_shutdown();
  this->pump();
  EXPECT_FALSE(server.is_finished());
  ResponseHead answer;
  answer.content_length = 2;
  server.send_headers(requests.order.back(), answer);
  server.send_body(requests.order.back(), Buffer("ok"));
  server.send_complete(requests.order.back());
  this->pump();
  EXPECT_TRUE(answers[id].is_complete);
  EXPECT_TRUE(server.is_finished());
  EXPECT_FALSE(client.can_open());
  EXPECT_TRUE(client.is_finished());
}

TYPED_TEST(CodecConformanceTest, CountsBytesAcceptedAndNotDrained) {
  EXCHANGE_MEMBERS;
  const StreamId id = client.open(this->request("GET"));
  client.send_complete(id);
  this->pump();
  const StreamId server_id = requests.order.back();
  server.send_headers(server_id, ResponseHead());
  server.send_body(server_id, Buffer(std::string(10000, 'x')));
  EXPECT_GE(server.pending(server_id), 10000u);
  this->pump();
  EXPECT_EQ(server.pending(server_id), 0u);
}

TYPED_TEST(CodecConformanceTest, IgnoresCallsForExchangesItDoesNotKnow) {
  EXCHANGE_MEMBERS;
  server.send_headers(7, ResponseHead());
  server.send_body(7, Buffer("x"));
  server.send_complete(7);
  server.reset(7, ResetReason::kCancelled);
  server.consumed(7, 100);
  server.forget(7);
  client.send_body(7, Buffer("x"));
  client.send_complete(7);
  client.reset(7, ResetReason::kCancelled);
  client.consumed(7, 100);
  this->pump();
  EXPECT_EQ(server.active(), 0u);
}

}  // namespace
}  // namespace omni
