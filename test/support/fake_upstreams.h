// Upstream pools without sockets: each open() is kept, and the test plays the provider.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/upstream.h"
#include "test/support/fake_dispatcher.h"

namespace omni::test {

// One request as the pools were given it. Outlives the UpstreamRequest handed out for it.
struct FakeUpstream {
  std::string origin;
  std::string proxy;  // Its name; empty: directly.
  RequestHead head;
  std::string body;
  UpstreamTimeouts timeouts;
  UpstreamEvents* events = nullptr;  // Null once the request was destroyed.
  FakeDispatcher* loop = nullptr;    // Null: turns are the test's.
  bool held = false;

  bool is_cancelled() const { return events == nullptr; }
  // What the provider does. Each is a no-op when the request is gone.
  void headers(int status, std::string_view content_type = "application/json") {
    ResponseHead answer;
    answer.status = status;
    if (!content_type.empty()) answer.headers.add("content-type", content_type);
    headers(std::move(answer));
  }
  void headers(ResponseHead&& answer) {
    if (events != nullptr) events->on_response_headers(std::move(answer));
  }
  // The bytes are lent, and overwritten afterwards, as a real reader does.
  void body_bytes(std::string_view bytes) {
    if (events == nullptr) return;
    Block* block = Block::create(bytes.size());
    std::memcpy(block->data(), bytes.data(), bytes.size());
    block->set_used(bytes.size());
    block->lend();
    block->ref();
    Buffer lent;
    lent.append(Slice(block->data(), bytes.size(), block));
    events->on_response_body(std::move(lent));
    if (bytes.size() < Buffer::kLargeLoan) std::memset(block->data(), '#', bytes.size());
    block->give();
    block->unref();
  }
  // The turn of the read ends with it.
  void complete() {
    if (events != nullptr) events->on_response_complete();
    if (loop != nullptr) loop->end_turn();
  }
  void fail(UpstreamFailure kind, std::string_view why) {
    if (events != nullptr)
      events->on_failure(kind, absl::UnavailableError(absl::string_view(why.data(), why.size())),
                         true);
  }
};

class FakeUpstreamPools final : public UpstreamPools {
 public:
  explicit FakeUpstreamPools(FakeDispatcher* loop = nullptr) : loop_(loop) {}

  std::unique_ptr<UpstreamRequest> open(const Origin& origin, RequestHead&& head, Buffer&& body,
                                        const UpstreamTimeouts& timeouts,
                                        UpstreamEvents& events) override {
    auto made = std::make_shared<FakeUpstream>();
    made->origin = origin.authority();
    if (origin.proxy) made->proxy = origin.proxy->name();
    made->head = std::move(head);
    made->body = body.to_string();
    made->timeouts = timeouts;
    made->events = &events;
    made->loop = loop_;
    opened_.push_back(made);
    return std::make_unique<Request>(made);
  }

  size_t count() const { return opened_.size(); }
  FakeUpstream& at(size_t index) { return *opened_.at(index); }
  FakeUpstream& last() { return *opened_.back(); }

 private:
  class Request final : public UpstreamRequest {
   public:
    explicit Request(std::shared_ptr<FakeUpstream> upstream) : upstream_(std::move(upstream)) {}
    ~Request() override { upstream_->events = nullptr; }
    void hold() override { upstream_->held = true; }
    void release() override { upstream_->held = false; }
    int64_t queued_us() const override { return 0; }

   private:
    std::shared_ptr<FakeUpstream> upstream_;
  };

  FakeDispatcher* const loop_;
  std::vector<std::shared_ptr<FakeUpstream>> opened_;
};

}  // namespace omni::test
