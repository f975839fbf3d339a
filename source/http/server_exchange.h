// One request and its response on the client's side: owns the facts and the chain, and turns what
// leaves the chain into codec calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/codec.h"
#include "api/exchange.h"
#include "source/http/exchange_host.h"
#include "source/http/filter_chain.h"

namespace omni {

// The connection as its exchanges see it.
class ExchangeOwner {
 public:
  virtual ExchangeHost& host() = 0;
  virtual const ServerLimits& limits() const = 0;
  virtual size_t listener() const = 0;
  virtual std::string_view peer() const = 0;
  virtual std::string_view protocol() const = 0;  // "HTTP/1.1" or "HTTP/2".
  virtual bool from_loopback() const = 0;
  virtual ServerCodec& codec() = 0;
  // Something was given to the codec: write it before the turn ends.
  virtual void flush_soon() = 0;
  virtual void hold_request(StreamId stream, bool hold) = 0;
  // The response is complete or cut; the exchange is destroyed at the end of the turn.
  virtual void exchange_over(StreamId stream) = 0;

 protected:
  ~ExchangeOwner() = default;
};

// Ids are for people who grep: the exchange's number under a per-process prefix.
std::string make_public_id(uint64_t id);

class ServerExchange final : public Exchange, public ChainSink, public Ended, private TurnWork {
 public:
  // `owner` outlives the exchange.
  ServerExchange(ExchangeOwner& owner, StreamId stream);
  ~ServerExchange() override;

  // What the codec reports, in this order.
  void begin(RequestHead&& head);
  void request_body(Buffer&& bytes);
  void request_complete();
  // The client is gone: everything that was asked for this exchange is cancelled. `told` is the
  // status that it got past this exchange, which had not answered.
  void client_gone(int told = 0);
  // We end it: an error in the client's dialect, as a status or, when a stream is open, as its end.
  [[gnu::cold]] void refuse(LocalReply&& reply);

  void settle() override;

  // So many bytes of the answer, or of others in front of it, wait for the client.
  void check_pressure(size_t waiting);
  StreamId stream() const { return stream_; }
  bool is_over() const override { return over_; }
  bool is_request_complete() const { return phases_.request_complete >= 0; }
  // When the client last sent a byte of this request, or the exchange began; loop time.
  absl::Duration last_input() const { return absl::Nanoseconds(last_input_ns_); }

  uint64_t id() const override { return id_; }
  std::string_view public_id() const override { return public_id_; }
  Dispatcher& dispatcher() override { return host_.dispatcher(); }
  UpstreamPools& upstreams() override { return host_.upstreams(); }
  BackgroundJobs& jobs() override { return host_.jobs(); }
  const Snapshot& snapshot() const override { return *snapshot_; }
  std::shared_ptr<const Snapshot> share_snapshot() const override { return snapshot_; }
  const std::vector<FilterTemplate>* row() const override { return row_; }
  int64_t elapsed_us() const override;
  RequestHead& request() override { return request_; }
  Facts& facts() override { return facts_; }

  void send_headers(ResponseHead&& head) override;
  void send_body(Buffer&& bytes) override;
  void send_complete() override;
  void abort() override;
  void hold_request_body(bool hold) override;
  void request_moved() override;

 private:
  // The request is complete, and all of the turn have been read: the chain runs.
  void on_turn() override;
  void answer_now(ResponseHead&& head, std::string_view body);
  bool admit_body();
  void account_body();
  void return_credit();
  void end(bool aborted);
  // Once each.
  void count();
  void write();
  Finished account();

  ExchangeOwner& owner_;
  ExchangeHost& host_;
  const Clock& clock_;
  const StreamId stream_;
  const uint64_t id_;
  std::string public_id_;
  std::shared_ptr<const Snapshot> snapshot_;
  int64_t began_ns_;  // Loop time.
  int64_t last_input_ns_;
  RequestHead request_;
  Facts facts_;
  const std::vector<FilterTemplate>* row_ = nullptr;
  std::unique_ptr<FilterChain> chain_;
  Phases phases_;
  absl::Time ended_at_;
  int status_ = 0;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  uint64_t returned_ = 0;  // Of bytes_in_: the codec knows that we have room for as many again.
  int64_t budgeted_ = 0;
  bool pressed_ = false;
  bool over_ = false;
  bool aborted_ = false;
  bool owes_count_ = false;    // Ended, and was not counted yet.
  bool owes_account_ = false;  // The same of what is written.
  std::string peer_;           // Of the connection, which the account may outlive.
  std::string_view protocol_;
};

}  // namespace omni
