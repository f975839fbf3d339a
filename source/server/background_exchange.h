// An exchange that no client waits for: its request runs through the row of the exchange that began
// it, and what leaves the row is kept for whoever listens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/exchange.h"
#include "api/snapshot.h"
#include "source/http/exchange_host.h"
#include "source/http/filter_chain.h"
#include "source/sse/framer.h"

namespace omni {

class BackgroundExchange;

class BackgroundOwner {
 public:
  // The events that are new, whole, the first of which has the number `first`; the exchange is over
  // with the last ones.
  virtual void on_events(BackgroundExchange& exchange, int64_t first, std::string_view events,
                         bool is_last) = 0;

 protected:
  ~BackgroundOwner() = default;
};

class BackgroundExchange final : public Exchange, public ChainSink, public Deferred {
 public:
  // Takes head, path and keeping from `parent`. `owner` and `host` outlive the exchange.
  BackgroundExchange(BackgroundOwner& owner, ExchangeHost& host, Exchange& parent, std::string key);
  ~BackgroundExchange() override;

  void begin(std::string body);
  // Why it is destroyed before its end, for the filters' accounts.
  void give_up(std::string_view code) { facts_.error_code = code; }
  // It is over without a whole answer.
  bool is_aborted() const { return is_aborted_; }
  const std::string& key() const { return facts_.kept->job; }
  // Past events whose number is above `after`, in order.
  std::string events_after(int64_t after) const;

  uint64_t id() const override { return id_; }
  std::string_view public_id() const override { return public_id_; }
  Dispatcher& dispatcher() override { return host_.dispatcher(); }
  UpstreamPools& upstreams() override { return host_.upstreams(); }
  BackgroundJobs& jobs() override { return host_.jobs(); }
  const Snapshot& snapshot() const override { return *snapshot_; }
  std::shared_ptr<const Snapshot> share_snapshot() const override { return snapshot_; }
  const std::vector<FilterTemplate>* row() const override { return &row_; }
  int64_t elapsed_us() const override;
  bool is_over() const override { return is_over_; }
  RequestHead& request() override { return request_; }
  Facts& facts() override { return facts_; }

  void send_headers(ResponseHead&& head) override;
  void send_body(Buffer&& bytes) override;
  void send_complete() override { end(false); }
  void abort() override { end(true); }
  void hold_request_body(bool) override {}
  void request_moved() override {}

 private:
  static constexpr size_t kMaxEventBytes = 32 * 1024 * 1024;
  static constexpr size_t kMostKeptBytes = 8 * 1024 * 1024;

  void end(bool aborted);
  void give_account();

  BackgroundOwner& owner_;
  ExchangeHost& host_;
  const std::shared_ptr<const Snapshot> snapshot_;
  const std::vector<FilterTemplate>& row_;
  const uint64_t id_;
  const std::string public_id_;
  const int64_t began_ns_;
  RequestHead request_;
  Facts facts_;
  const ChainLimits limits_;
  std::unique_ptr<FilterChain> chain_;
  sse::Framer framer_{kMaxEventBytes};
  std::vector<std::string> events_;  // Each has its place for a number; comments are left out.
  int64_t event_count_ = 0;
  size_t kept_bytes_ = 0;
  int64_t budgeted_ = 0;
  Phases phases_;
  int status_ = 0;
  uint64_t bytes_in_ = 0, bytes_out_ = 0;
  bool is_over_ = false, is_aborted_ = false;
};

}  // namespace omni
