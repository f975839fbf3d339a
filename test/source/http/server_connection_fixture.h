// A server connection over a fake peer, with rows of scripted filters behind it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/server_connection.h"
#include "test/support/fake_connection.h"
#include "test/support/fake_jobs.h"
#include "test/support/fake_upstreams.h"
#include "test/support/scripted_filter.h"
#include "test/support/test_snapshot.h"

namespace omni::test {

// "/now" is answered at once, "/refuse" refused; everything else goes through the row.
class FakeHost final : public ExchangeHost {
 public:
  explicit FakeHost(FakeDispatcher& dispatcher) : dispatcher_(dispatcher) {}

  Dispatcher& dispatcher() override { return dispatcher_; }
  BackgroundJobs& jobs() override { return jobs_; }
  UpstreamPools& upstreams() override { return pools_; }
  BodyBudget& body_budget() override { return budget_; }
  std::shared_ptr<const Snapshot> pin(size_t) const override { return snapshot_; }
  uint64_t next_id() override { return ++ids_; }
  void begun() override {}
  Entry enter(Exchange& exchange, const Door&) override {
    Entry entry;
    targets.push_back(exchange.request().target);
    if (targets.back() == "/now") {
      entry.answer = ResponseHead();
      entry.answer_body = "now";
    } else if (targets.back() == "/refuse") {
      entry.refusal = LocalReply{.status = 403, .code = "no", .message = "No."};
    } else {
      entry.row = &row;
    }
    return entry;
  }
  void dress(Exchange&, ResponseHead& head) override { head.headers.add("x-dressed", "1"); }
  void count(const Finished&) override { ++counted; }
  void ended(std::unique_ptr<Ended> exchange) override {
    dispatcher_.destroy_later(std::move(exchange));
  }
  void finished(const Finished& finished) override {
    ends.push_back({finished.status, finished.bytes_in, finished.bytes_out, finished.aborted});
  }

  struct End {
    int status;
    uint64_t bytes_in, bytes_out;
    bool aborted;
  };
  std::vector<FilterTemplate> row;
  std::vector<std::string> targets;
  std::vector<End> ends;
  size_t counted = 0;
  BodyLedger ledger{1 << 20};

 private:
  FakeDispatcher& dispatcher_;
  FakeUpstreamPools pools_;
  FakeJobs jobs_;
  BodyBudget budget_{ledger, 0};
  std::shared_ptr<const Snapshot> snapshot_ = SnapshotBuilder().build();
  uint64_t ids_ = 0;
};

class ServerConnectionTest : public testing::Test, public ServerConnection::Registry {
 protected:
  // The row: one filter that keeps its context, so that the test answers when it likes.
  ServerConnectionTest() {
    script.name = "f";
    script.journal = &journal;
    script.request_headers = [this](FilterContext& context) {
      contexts.push_back(&context);
      return Next::kContinue;
    };
    script.request_complete = [this](FilterContext& context) {
      if (answers_at_once) answer(context, "ok");
      return Next::kContinue;
    };
    host.row.push_back(make_template(script));
    limits.header_timeout = absl::Seconds(15);
  }
  ~ServerConnectionTest() override {
    client.reset();
    loop.end_turn();  // Exchanges die in it, and still write to the journal.
  }

  void connect() {
    client = std::make_unique<ServerConnection>(FakePeer::connect(peer), host, *this, limits, 0);
    client->start();
    loop.run_until_idle();
  }
  void send(std::string_view bytes) {
    peer->send(bytes);
    loop.run_until_idle();
  }
  static void answer(FilterContext& context, std::string_view body) {
    ResponseHead head;
    head.content_length = body.size();
    context.respond_headers(std::move(head));
    context.respond_body(Buffer(body));
    context.respond_complete();
  }
  void answer_last(std::string_view body) {
    loop.turn([&] { answer(*contexts.back(), body); });
    loop.run_until_idle();
  }
  void connection_over(ServerConnection& connection) override {
    ASSERT_EQ(&connection, client.get());
    ++overs;
    loop.destroy_later(std::move(client));
  }
  static size_t count(std::string_view text, std::string_view word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
      ++found;
    return found;
  }

  FakeDispatcher loop;
  std::shared_ptr<FakePeer> peer = make_fake_peer(loop);
  FakeHost host{loop};
  ServerLimits limits;
  Journal journal;
  Script script;
  std::vector<FilterContext*> contexts;
  bool answers_at_once = true;
  int overs = 0;
  std::unique_ptr<ServerConnection> client;
};

}  // namespace omni::test
