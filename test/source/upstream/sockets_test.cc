// The pools over real sockets, the real loop and the real codecs of both protocols.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "source/event/loop.h"
#include "source/http/http1/server_codec.h"
#include "source/http/http2/server_codec.h"
#include "source/net/dialer.h"
#include "source/net/tcp_listener.h"
#include "source/net/tls_context.h"
#include "source/upstream/net_connector.h"
#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The other end: answers by target. "/echo" the body, "/big/N" N bytes, "/wait" never, "/close" by
// closing the connection.
class PlayedConnection final : private net::ConnectionEvents, private ServerEvents {
 public:
  PlayedConnection(const Clock& clock, bool is_http2, std::unique_ptr<net::Connection> connection)
      : connection_(std::move(connection)) {
    ServerEvents& events = *this;  // Not for make_unique() to see.
    if (is_http2) {
      codec_ = std::make_unique<Http2ServerCodec>(events, CodecLimits(), clock);
    } else {
      codec_ = std::make_unique<Http1ServerCodec>(events, CodecLimits(), "http");
    }
    connection_->start(*this);
  }

  void close() { connection_ = nullptr; }
  bool is_open() const { return connection_ != nullptr; }

  int requests = 0;
  int resets = 0;

 private:
  void on_bytes(Buffer& in) override {
    EXPECT_TRUE(codec_->feed(in).ok());
    flush();
  }
  void on_end_of_input() override { connection_ = nullptr; }
  void on_writable() override { flush(); }
  void on_closed(absl::Status) override { connection_ = nullptr; }

  void on_request_headers(StreamId id, RequestHead&& head) override { targets_[id] = head.target; }
  void on_request_body(StreamId id, Buffer&& body) override {
    bodies_[id] += body.to_string();
    codec_->consumed(id, body.size());
  }
  void on_request_complete(StreamId id) override {
    ++requests;
    const std::string target = targets_[id];
    if (target == "/close") return close();
    if (target == "/wait") return;
    std::string body = std::exchange(bodies_[id], {});
    if (target.starts_with("/big/")) body.assign(std::stoul(target.substr(5)), 'b');
    ResponseHead head;
    head.content_length = body.size();
    codec_->send_headers(id, head);
    if (!body.empty()) codec_->send_body(id, Buffer(body));
    codec_->send_complete(id);
    codec_->forget(id);
  }
  void on_reset(StreamId, ResetReason) override { ++resets; }
  void flush() {
    if (connection_ == nullptr) return;
    Buffer out;
    codec_->drain(out);
    if (!out.empty()) connection_->write(std::move(out));
  }

  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<ServerCodec> codec_;
  std::map<StreamId, std::string> targets_, bodies_;
};

// The parameter: HTTP/2 (by prior knowledge) or HTTP/1.
class SocketsTest : public ::testing::TestWithParam<bool> {
 protected:
  SocketsTest() {
    auto socket = net::BoundSocket::bind(*net::ListenAddress::parse("127.0.0.1:0"), false);
    EXPECT_TRUE(socket.ok());
    origin_.host = "127.0.0.1";
    origin_.port = socket->address().port;
    origin_.allow_private = true;
    origin_.http2_prior_knowledge = GetParam();
    origin_.seal();
    auto made = net::listen(
        loop_, *std::move(socket), nullptr, [this](std::unique_ptr<net::Connection> connection) {
          served_.push_back(
              std::make_unique<PlayedConnection>(loop_.clock(), GetParam(), std::move(connection)));
        });
    EXPECT_TRUE(made.ok());
    listener_ = *std::move(made);
  }

  template <class Condition>
  bool wait(Condition done, absl::Duration limit = absl::Seconds(5)) {
    bool late = false;
    const auto timer = loop_.make_timer([&] { late = true; });
    timer->arm(limit);
    while (!done() && !late) loop_.run_once();
    return done();
  }
  bool wait_for(const Record& record) {
    return wait([&] { return record.completed + record.failures > 0; });
  }
  std::unique_ptr<UpstreamRequest> open(Record& record, const std::string& target,
                                        const std::string& body = "") {
    RequestHead head;
    head.method = body.empty() ? "GET" : "POST";
    head.target = target;
    return pools_.open(origin_, std::move(head), Buffer(body), timeouts_, record);
  }

  Loop loop_;
  net::Resolver resolver_{loop_};
  net::TlsTrust trust_;
  net::TlsClients tls_{trust_};
  NetConnector connector_{net::DialContext{loop_, resolver_, tls_}};
  UpstreamTimeouts timeouts_;
  Origin origin_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<PlayedConnection>> served_;
  WorkerPools pools_{loop_, connector_, make_client_codecs(CodecLimits(), loop_.clock()),
                     PoolLimits(), PoolStats()};
};

TEST_P(SocketsTest, ReusesOneConnection) {
  for (int i = 0; i < 20; ++i) {
    Record record;
    const auto request = open(record, "/echo", "hello " + std::to_string(i));
    ASSERT_TRUE(wait_for(record));
    EXPECT_EQ(record.body, "hello " + std::to_string(i)) << record.why;
    EXPECT_EQ(record.completed, 1);
  }
  EXPECT_EQ(served_.size(), 1u);
}

TEST_P(SocketsTest, CarriesBigBodiesBothWays) {
  const std::string body(3'000'000, 'x');
  Record up, down;
  const auto first = open(up, "/echo", body);
  const auto second = open(down, "/big/5000000");
  ASSERT_TRUE(wait_for(up));
  ASSERT_TRUE(wait_for(down));
  EXPECT_EQ(up.body, body) << up.why;
  EXPECT_EQ(down.body.size(), 5'000'000u) << down.why;
  EXPECT_EQ(served_.size(), GetParam() ? 1u : 2u);
}

TEST_P(SocketsTest, CarriesManyAtOnce) {
  std::vector<Record> records(50);
  std::vector<std::unique_ptr<UpstreamRequest>> requests;
  for (Record& record : records) requests.push_back(open(record, "/echo", "abc"));
  for (Record& record : records) {
    ASSERT_TRUE(wait_for(record));
    EXPECT_EQ(record.body, "abc") << record.why;
  }
  EXPECT_EQ(served_.size(), GetParam() ? 1u : 50u);
}

TEST_P(SocketsTest, RepeatsOnceWhenTheKeptConnectionIsStale) {
  Record warm, record;
  const auto first = open(warm, "/echo", "1");
  ASSERT_TRUE(wait_for(warm));
  const auto request = open(record, "/echo", "2");
  served_[0]->close();  // Before it has read the second request.
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.body, "2") << record.why;
  EXPECT_EQ(served_.size(), 2u);
}

TEST_P(SocketsTest, GivesUpAfterOneRepeat) {
  Record warm, record;
  const auto first = open(warm, "/echo", "1");
  ASSERT_TRUE(wait_for(warm));
  const auto request = open(record, "/close");
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.failure, UpstreamFailure::kReset) << record.why;
  EXPECT_TRUE(record.sent);
  EXPECT_LE(served_.size(), 2u);
}

TEST_P(SocketsTest, CancellingTellsThePeer) {
  Record record, other;
  auto request = open(record, "/wait");
  ASSERT_TRUE(wait([&] { return !served_.empty() && served_[0]->requests == 1; }));
  request = nullptr;
  ASSERT_TRUE(wait([&] { return GetParam() ? served_[0]->resets == 1 : !served_[0]->is_open(); }));
  const auto next = open(other, "/echo", "x");
  ASSERT_TRUE(wait_for(other));
  EXPECT_EQ(other.body, "x");
  EXPECT_EQ(served_.size(), GetParam() ? 1u : 2u);
}

TEST_P(SocketsTest, SaysThatNobodyListens) {
  listener_ = nullptr;
  Record record;
  const auto request = open(record, "/echo");
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.failure, UpstreamFailure::kConnect);
  EXPECT_THAT(record.why,
              StartsWith("connect to 127.0.0.1:" + std::to_string(origin_.port) + ": "));
  EXPECT_THAT(record.why, HasSubstr("refused"));
  EXPECT_FALSE(record.sent);
}

TEST_P(SocketsTest, TimesOutWhenNoAnswerComes) {
  timeouts_.first_byte = absl::Milliseconds(60);
  Record record;
  const auto request = open(record, "/wait");
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.failure, UpstreamFailure::kTimeout);
  EXPECT_TRUE(record.sent);
}

TEST_P(SocketsTest, BackPressureReachesThePeer) {
  Record record;
  const auto request = open(record, "/big/20000000");
  record.on_headers = [&] { request->hold(); };
  ASSERT_TRUE(wait([&] { return record.head.has_value(); }));
  wait([] { return false; }, absl::Milliseconds(100));
  // One read of the socket, or one window.
  EXPECT_LE(record.body.size(), 512u * 1024);
  request->release();
  record.on_headers = nullptr;
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.body.size(), 20'000'000u) << record.why;
}

TEST_P(SocketsTest, ForgetsAnIdleConnectionThatThePeerClosed) {
  Record warm, record;
  const auto first = open(warm, "/echo", "1");
  ASSERT_TRUE(wait_for(warm));
  served_[0]->close();
  wait([] { return false; }, absl::Milliseconds(30));
  const auto request = open(record, "/echo", "2");
  ASSERT_TRUE(wait_for(record));
  EXPECT_EQ(record.body, "2");
}

INSTANTIATE_TEST_SUITE_P(BothProtocols, SocketsTest, ::testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Http2" : "Http1"; });

}  // namespace
}  // namespace omni::upstream
