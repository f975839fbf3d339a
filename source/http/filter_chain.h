// The filters of one exchange and the two lanes through them. The request lane runs first to last,
// the response lane last to first; a local reply enters where it was made.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "api/exchange.h"
#include "api/filter_registry.h"
#include "source/http/lane.h"

namespace omni {

// Where finished events leave the chain: the client's side of the exchange.
class ChainSink {
 public:
  virtual void send_headers(ResponseHead&& head) = 0;
  virtual void send_body(Buffer&& bytes) = 0;
  virtual void send_complete() = 0;
  virtual void abort() = 0;                       // Too late for a status line.
  virtual void hold_request_body(bool hold) = 0;  // A watermark was crossed.
  virtual void request_moved() = 0;               // A filter took what the lane held for it.

 protected:
  ~ChainSink() = default;
};

struct ChainLimits {
  size_t high_bytes = 256 * 1024;  // A lane holding more pauses its source, until half of it.
  size_t whole_request_bytes = 32 * 1024 * 1024;  // Beyond: 413.
};

class FilterChain {
 public:
  // All arguments outlive the chain.
  FilterChain(const std::vector<FilterTemplate>& templates, Exchange& exchange, ChainSink& sink,
              const ChainLimits& limits);
  ~FilterChain();  // Calls on_end() on each filter, last to first, then destroys them.
  FilterChain(const FilterChain&) = delete;
  FilterChain& operator=(const FilterChain&) = delete;

  // Some filter wants the body in one piece.
  bool wants_whole_request() const { return wants_whole_; }

  void request_headers();
  void request_body(Buffer&& bytes);
  void request_complete();
  // The client's side is full, or has room again.
  void response_pressure(bool hold);
  // Answers in place of the whole row; every filter sees it as a response.
  [[gnu::cold]] void reply(LocalReply&& reply) { reply_from(seats_.size(), std::move(reply)); }
  // Bytes of the request that lanes hold.
  size_t request_buffered() const { return request_lane_.buffered(); }

  bool response_started() const { return headers_left_; }
  bool response_complete() const { return complete_left_; }

 private:
  class Seat;
  class RequestRow final : public LaneStages {
   public:
    explicit RequestRow(FilterChain& chain) : chain_(chain) {}
    Next on_lane_headers(size_t stage) override;
    Next on_lane_body(size_t stage, Buffer& bytes) override;
    Next on_lane_complete(size_t stage) override;
    void out_headers() override {}
    void out_body(Buffer&&) override {}
    void out_complete() override {}

   private:
    FilterChain& chain_;
  };
  class ResponseRow final : public LaneStages {
   public:
    explicit ResponseRow(FilterChain& chain) : chain_(chain) {}
    Next on_lane_headers(size_t stage) override;
    Next on_lane_body(size_t stage, Buffer& bytes) override;
    Next on_lane_complete(size_t stage) override;
    void out_headers() override;
    void out_body(Buffer&& bytes) override;
    void out_complete() override;

   private:
    FilterChain& chain_;
  };

  // The response stage behind which filter `seat` answers.
  size_t entry_of(size_t seat) const { return seats_.size() - seat; }
  [[gnu::cold]] void reply_from(size_t seat, LocalReply&& reply);
  [[gnu::cold]] void fail_open_stream(const LocalReply& reply);
  bool read_call(size_t stage);
  Step& step(size_t seat) { return exchange_.facts().trail.steps[seat]; }
  void went_on(size_t seat);
  void answered(size_t seat, Step::State how);
  // Runs a filter's part of the request and notes how long it took.
  template <class Work>
  Next timed(size_t seat, Work work);
  void check_request_watermark();

  Exchange& exchange_;
  ChainSink& sink_;
  const ChainLimits& limits_;
  absl::InlinedVector<std::unique_ptr<Seat>, 4> seats_;
  RequestRow request_row_{*this};
  ResponseRow response_row_{*this};
  Lane request_lane_;
  Lane response_lane_;
  ResponseHead response_head_;
  int64_t clock_ns_ = 0;  // When the last filter of this call ended; 0: none has.
  bool wants_whole_ = false;
  bool request_held_ = false;
  bool headers_left_ = false;
  bool complete_left_ = false;
  bool ended_ = false;
  bool keeps_trail_ = false;
};

}  // namespace omni
