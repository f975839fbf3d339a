// One request on its way: first in a pool's queue, then on a connection, at last in the past. The
// caller owns it, and destroying it at any point gives the request up.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>

#include "api/codec.h"
#include "api/upstream.h"
#include "source/upstream/pool_context.h"

namespace omni::upstream {

class ClientConnection;
class Pool;

class Request final : public UpstreamRequest, private TurnWork, private AlarmOwner {
 public:
  Request(PoolContext& context, Pool& pool, RequestHead&& head, Buffer&& body,
          const UpstreamTimeouts& timeouts, UpstreamEvents& events);
  ~Request() override;

  void hold() override;
  void release() override;
  void await_content() override;
  void content_began() override;
  int64_t queued_us() const override { return queued_ns_ / 1000; }

  // For the pool.
  uint64_t number() const { return number_; }
  int64_t opened_ns() const { return opened_ns_; }
  absl::Duration connect_limit() const { return timeouts_.connect; }
  bool is_repeated() const { return is_repeated_; }
  void set_repeated() { is_repeated_ = true; }
  void wait_in(std::list<Request*>& queue);
  void stop_waiting();
  // At the end of this turn, because open() must return first.
  [[gnu::cold]] void fail_later(UpstreamFailure kind, absl::Status why);
  // The caller may destroy the request inside this, as in each on_ function below.
  [[gnu::cold]] void fail(UpstreamFailure kind, absl::Status why, bool sent);

  // For the connection.
  const RequestHead& head() const { return head_; }
  // `may_repeat`: the body must stay here too, for another try.
  Buffer body(bool may_repeat) { return may_repeat ? body_.share() : std::move(body_); }
  void attach(ClientConnection& connection, StreamId stream);
  void detach() { connection_ = nullptr; }
  StreamId stream() const { return stream_; }
  bool is_held() const { return is_held_; }
  size_t& withheld() { return withheld_; }
  // Bytes of the response came; those of the head included.
  void note_bytes();
  void on_headers(ResponseHead&& head);
  void on_body(Buffer&& bytes);
  void on_complete();

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  void on_turn() override;
  void on_alarm() override;
  // When `limit` after `from_ns` is over.
  static int64_t after(int64_t from_ns, absl::Duration limit);
  void arm(int64_t due_ns);

  PoolContext& context_;
  Pool& pool_;
  UpstreamEvents* events_;  // Null when nothing more will be reported.
  UpstreamTimeouts timeouts_;
  RequestHead head_;
  Buffer body_;

  ClientConnection* connection_ = nullptr;  // Null while queued and when done.
  StreamId stream_ = 0;
  std::list<Request*>* queue_ = nullptr;
  std::list<Request*>::iterator place_;

  std::unique_ptr<Alarms::Alarm> alarm_;
  uint64_t number_;
  // Moments of the loop's clock.
  int64_t opened_ns_;
  int64_t last_byte_ns_;
  int64_t due_ns_ = kNever;  // When the alarm goes off.
  int64_t queued_ns_ = 0;
  size_t withheld_ = 0;  // Body bytes not yet given back to the peer's window.
  bool is_held_ = false;
  bool is_repeated_ = false;
  bool has_bytes_ = false;

  struct Refusal {
    UpstreamFailure kind;
    absl::Status why;
  };
  std::optional<Refusal> refusal_;
};

}  // namespace omni::upstream
