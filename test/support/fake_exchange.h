// An exchange without a connection: facts and a request that a test fills in.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/exchange.h"
#include "api/snapshot.h"
#include "test/support/fake_dispatcher.h"
#include "test/support/fake_jobs.h"
#include "test/support/fake_upstreams.h"

namespace omni::test {

class FakeExchange final : public Exchange {
 public:
  explicit FakeExchange(std::shared_ptr<const Snapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}

  // Makes it a chat request and reads `body` into the call, as the chain does before routing.
  void read_chat(std::string_view body, std::string_view accept = "") {
    facts_.endpoint = Endpoint::kChat;
    request_.method = "POST";
    request_.target = "/v1/chat/completions";
    request_.content_length = body.size();
    request_.has_body = true;
    refused = facts_.call.read(Buffer(body), accept);
  }
  std::optional<llm::CallError> refused;
  bool over = false;

  FakeDispatcher& loop() { return dispatcher_; }
  FakeUpstreamPools& pools() { return pools_; }

  uint64_t id() const override { return 7; }
  std::string_view public_id() const override { return "req_7"; }
  Dispatcher& dispatcher() override { return dispatcher_; }
  UpstreamPools& upstreams() override { return pools_; }
  BackgroundJobs& jobs() override { return jobs_; }
  const Snapshot& snapshot() const override { return *snapshot_; }
  std::shared_ptr<const Snapshot> share_snapshot() const override { return snapshot_; }
  const std::vector<FilterTemplate>* row() const override { return nullptr; }
  int64_t elapsed_us() const override {
    return absl::ToInt64Microseconds(dispatcher_.clock().since_start() - began_);
  }
  bool is_over() const override { return over; }
  RequestHead& request() override { return request_; }
  Facts& facts() override { return facts_; }

 private:
  FakeDispatcher dispatcher_;
  FakeUpstreamPools pools_{&dispatcher_};
  FakeJobs jobs_;
  std::shared_ptr<const Snapshot> snapshot_;
  absl::Duration began_ = dispatcher_.clock().since_start();
  RequestHead request_;
  Facts facts_;
};

}  // namespace omni::test
