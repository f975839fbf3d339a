// An exchange inside another one: a request of ours for the client's, with facts of its own.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "api/exchange.h"

namespace omni::filters {

// Everything but the facts is the parent's, which outlives it.
class SideExchange final : public Exchange {
 public:
  SideExchange(Exchange& parent, Plan plan) : parent_(parent) {
    const Facts& of = parent.facts();
    facts_.endpoint = Endpoint::kChat;
    facts_.path = of.path;
    facts_.client = of.client;
    facts_.session = of.session;
    facts_.principal = of.principal;
    facts_.plan = std::move(plan);
    facts_.call.set_dialect(of.call.dialect());
    facts_.call.rename(of.call.model());
  }

  uint64_t id() const override { return parent_.id(); }
  std::string_view public_id() const override { return parent_.public_id(); }
  Dispatcher& dispatcher() override { return parent_.dispatcher(); }
  UpstreamPools& upstreams() override { return parent_.upstreams(); }
  BackgroundJobs& jobs() override { return parent_.jobs(); }
  const Snapshot& snapshot() const override { return parent_.snapshot(); }
  std::shared_ptr<const Snapshot> share_snapshot() const override {
    return parent_.share_snapshot();
  }
  const std::vector<FilterTemplate>* row() const override { return parent_.row(); }
  int64_t elapsed_us() const override { return parent_.elapsed_us(); }
  bool is_over() const override { return parent_.is_over(); }
  RequestHead& request() override { return parent_.request(); }
  Facts& facts() override { return facts_; }

 private:
  Exchange& parent_;
  Facts facts_;
};

}  // namespace omni::filters
