// One connection of a pool: a byte stream and a codec, glued, and the requests that ride on it.
// HTTP/1 carries one at a time, HTTP/2 as many as the peer allows.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "api/codec.h"
#include "api/event.h"
#include "source/net/connection.h"
#include "source/upstream/pool_context.h"

namespace omni::upstream {

class Pool;
class Request;

// Deferred: it ends from inside its own callbacks, so the pool destroys it when the turn does.
class ClientConnection final : public Deferred,
                               private net::ConnectionEvents,
                               private ClientEvents,
                               private TurnWork {
 public:
  ClientConnection(PoolContext& context, Pool& pool, std::unique_ptr<net::Connection> connection,
                   Protocol protocol);
  ~ClientConnection() override;

  // Hands the whole request over; it leaves at the end of this turn. Requires can_begin().
  void begin(Request& request);
  // `request` is no longer interested. HTTP/1: the connection is closed, because the rest of the
  // response is unwanted; HTTP/2: the stream is reset. Both within this turn.
  void cancel(Request& request);
  // `request` got no answer in time. When nothing at all came meanwhile, the path is probably dead
  // and nothing new may begin here.
  void suspect(const Request& request);
  void hold();
  void release(Request& request);
  // What came before the first content of a stream is likely to be as long the next time, and need
  // not wake anybody before the content is there: only where that is a matter of microseconds, and
  // with HTTP/1.
  void await_content();
  void content_began(int64_t after_ns);
  // Closes the socket when the turn ends. The pool has forgotten it; no request is left.
  void retire();

  bool can_begin() const;
  bool is_idle() const { return streams_.empty(); }
  // Nothing can begin any more; worth closing as soon as it is idle.
  bool is_finished() const;
  bool is_dead() const { return is_dead_; }
  bool is_multiplexed() const { return protocol_ == Protocol::kHttp2; }

  // The pool's notes.
  size_t place = 0;  // In the pool's row of connections.
  bool is_free = false;
  int64_t idle_since_ns = 0;

 private:
  struct Stream {
    StreamId id = 0;
    Request* request = nullptr;
    uint64_t reads_before = 0;
  };

  void on_bytes(Buffer& in) override;
  void on_end_of_input() override;
  void on_writable() override {}
  void on_closed(absl::Status why) override;

  void on_response_headers(StreamId id, ResponseHead&& head) override;
  void on_response_body(StreamId id, Buffer&& bytes) override;
  void on_response_complete(StreamId id) override;
  void on_reset(StreamId id, ResetReason reason, bool processed) override;

  void on_turn() override;

  std::vector<Stream>::iterator find(StreamId id);
  Request* request(StreamId id);
  // Takes the stream out of the table and undoes a hold.
  Stream take(std::vector<Stream>::iterator at);
  // Ends a request that will get no answer here: repeated when that is safe, else failed.
  void lose(Stream stream, UpstreamFailure kind, const absl::Status& why, bool processed);
  // The connection is of no more use; every request on it is lost.
  void die(UpstreamFailure kind, const absl::Status& why);
  void count_busy(bool is_busy);

  static constexpr uint64_t kNotKept = ~uint64_t{0};

  PoolContext& context_;
  Pool& pool_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<ClientCodec> codec_;
  Protocol protocol_;
  std::vector<Stream> streams_;  // Ids ascend.
  std::vector<StreamId> cancelled_;
  uint64_t reads_ = 0;  // How often bytes came.
  // How many bytes the response under way had brought, when they were last offered and before that,
  // and those of them that the codec left.
  size_t received_ = 0, received_before_ = 0, unread_ = 0;
  int prologue_ = 0;          // How many bytes stood before the first content of the last stream.
  int awaited_prologue_ = 0;  // The same, while it is being relied on.
  // reads_ when the connection, kept from earlier requests, was last taken out of its rest.
  uint64_t kept_reads_ = kNotKept;
  bool has_served_ = false;
  bool is_dead_ = false;
  bool is_ending_ = false;  // The codec is being told that no more input comes.
  bool is_spoilt_ = false;  // Nothing may begin here, though the codec would let it.
};

}  // namespace omni::upstream
