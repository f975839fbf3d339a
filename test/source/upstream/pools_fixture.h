// A worker's pools over fake connections: the test plays the peers and turns the loop.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/http/http1/client_codec.h"
#include "source/stats/registry.h"
#include "source/upstream/pools.h"
#include "test/support/fake_connection.h"
#include "test/support/fake_dispatcher.h"

namespace omni::upstream {

using test::FakeDispatcher;
using test::FakePeer;

// Writes down what happened to one request.
class Record final : public UpstreamEvents {
 public:
  void on_response_headers(ResponseHead&& got) override {
    head = std::move(got);
    if (on_headers) on_headers();
  }
  void on_response_body(Buffer&& bytes) override {
    body += bytes.to_string();
    if (on_body) on_body();
  }
  void on_response_complete() override {
    ++completed;
    if (on_done) on_done();
  }
  void on_failure(UpstreamFailure kind, absl::Status status, bool was_sent) override {
    ++failures;
    failure = kind;
    why = std::string(message(status));
    sent = was_sent;
    if (on_done) on_done();
  }

  std::optional<ResponseHead> head;
  std::string body;
  int completed = 0;
  int failures = 0;
  std::optional<UpstreamFailure> failure;
  std::string why;
  bool sent = false;
  std::function<void()> on_headers, on_body, on_done;
};

class FakeConnector final : public Connector {
 public:
  struct Try {
    ConnectEvents* events = nullptr;  // Null when given up or over.
    absl::Duration limit;
    std::string key;
  };

  explicit FakeConnector(FakeDispatcher& dispatcher) : dispatcher_(dispatcher) {}

  std::unique_ptr<Attempt> connect(const Origin& origin, absl::Duration limit,
                                   ConnectEvents& events) override {
    tries.push_back({&events, limit, origin.key});
    return std::make_unique<FakeAttempt>(tries.back());
  }

  size_t pending() const {
    size_t out = 0;
    for (const Try& one : tries) out += one.events != nullptr ? 1 : 0;
    return out;
  }
  // The oldest pending attempt comes about.
  std::shared_ptr<FakePeer> accept(const std::string& alpn = "") {
    std::shared_ptr<FakePeer> peer = test::make_fake_peer(dispatcher_);
    peer->alpn = alpn;
    dispatcher_.turn([&] { oldest()->on_connected(FakePeer::connect(peer)); });
    dispatcher_.run_until_idle();
    return peer;
  }
  void refuse(UpstreamFailure kind = UpstreamFailure::kConnect,
              const std::string& why = "connection refused") {
    dispatcher_.turn([&] { oldest()->on_connect_failed(kind, unavailable(why)); });
    dispatcher_.run_until_idle();
  }

  std::deque<Try> tries;

 private:
  class FakeAttempt final : public Attempt {
   public:
    explicit FakeAttempt(Try& one) : one_(one) {}
    ~FakeAttempt() override { one_.events = nullptr; }

   private:
    Try& one_;
  };

  ConnectEvents* oldest() {
    for (Try& one : tries) {
      if (one.events != nullptr) return std::exchange(one.events, nullptr);
    }
    ADD_FAILURE() << "nobody connects";
    std::abort();
  }

  FakeDispatcher& dispatcher_;
};

class PoolsTest : public ::testing::Test {
 protected:
  PoolsTest() {
    origin_.host = "api.example.com";
    origin_.port = 8080;
    origin_.seal();
  }

  virtual std::unique_ptr<ClientCodec> codec(Protocol protocol, ClientEvents& events) {
    EXPECT_EQ(protocol, Protocol::kHttp1);
    return std::make_unique<Http1ClientCodec>(events, CodecLimits());
  }

  WorkerPools& pools() {
    if (pools_ == nullptr) {
      pools_ = std::make_unique<WorkerPools>(
          loop_, connector_,
          [this](Protocol protocol, ClientEvents& events) { return codec(protocol, events); },
          limits_, PoolStats(stats_));
    }
    return *pools_;
  }
  // Opens a request and lets the turn end.
  std::unique_ptr<UpstreamRequest> open(Record& record, const std::string& body = "",
                                        const std::string& target = "/v1/x") {
    std::unique_ptr<UpstreamRequest> out;
    loop_.turn([&] { out = open_now(record, body, target); });
    return out;
  }
  std::unique_ptr<UpstreamRequest> open_now(Record& record, const std::string& body = "",
                                            const std::string& target = "/v1/x") {
    RequestHead head;
    head.method = body.empty() ? "GET" : "POST";
    head.target = target;
    return pools().open(origin_, std::move(head), Buffer(body), timeouts_, record);
  }
  // Cancels within a turn, as a client that hangs up does.
  void destroy(std::unique_ptr<UpstreamRequest>& request) {
    loop_.turn([&] { request = nullptr; });
  }
  // One exchange over `peer`, which is free afterwards.
  void exchange(FakePeer& peer) {
    Record record;
    const auto request = open(record, "warm-up");
    peer.take();
    peer.send(kOk);
    EXPECT_EQ(record.completed, 1);
  }
  // A connection that has served one request and is free.
  std::shared_ptr<FakePeer> warm_connection() {
    Record record;
    const auto request = open(record, "warm-up");
    std::shared_ptr<FakePeer> peer = connector_.accept();
    peer->take();
    peer->send(kOk);
    EXPECT_EQ(record.completed, 1);
    return peer;
  }
  int64_t stat(std::string_view name, std::initializer_list<StatLabel> labels = {}) {
    return stats_.sum(name, labels);
  }

  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  StatRegistry stats_;
  StatThread attached_{&stats_};
  FakeDispatcher loop_;
  FakeConnector connector_{loop_};
  PoolLimits limits_;
  UpstreamTimeouts timeouts_;
  Origin origin_;

 private:
  std::unique_ptr<WorkerPools> pools_;
};

}  // namespace omni::upstream
