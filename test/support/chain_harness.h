// A filter chain between a fake exchange and a recording sink.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/filter_chain.h"
#include "test/support/fake_exchange.h"
#include "test/support/recording_sink.h"
#include "test/support/scripted_filter.h"
#include "test/support/test_snapshot.h"

namespace omni::test {

class ChainHarness {
 public:
  explicit ChainHarness(std::shared_ptr<const Snapshot> snapshot = SnapshotBuilder().build())
      : exchange(std::move(snapshot)) {}

  ChainHarness& add(FilterTemplate made) {
    templates_.push_back(std::move(made));
    return *this;
  }
  ChainHarness& add(const Script& script) { return add(make_template(script)); }

  FilterChain& chain() {
    if (!chain_) chain_ = std::make_unique<FilterChain>(templates_, exchange, sink, limits);
    return *chain_;
  }
  // A whole request; then the turn ends and what is due runs.
  void send(std::string_view body) {
    chain().request_headers();
    if (!body.empty()) chain().request_body(Buffer(body));
    chain().request_complete();
    exchange.loop().run_until_idle();
  }
  // A chat request as the router would have made it.
  void send_chat(std::string_view body) {
    exchange.facts().endpoint = Endpoint::kChat;
    exchange.request().method = "POST";
    exchange.request().content_length = body.size();
    exchange.request().has_body = true;
    send(body);
  }
  // What ServerExchange does when all is over.
  void end() { chain_.reset(); }
  void settle() { exchange.loop().run_until_idle(); }

  ChainLimits limits;
  FakeExchange exchange;
  RecordingSink sink;

 private:
  std::vector<FilterTemplate> templates_;
  std::unique_ptr<FilterChain> chain_;
};

}  // namespace omni::test
