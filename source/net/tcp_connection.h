// A plain byte stream over a libuv TCP socket or Unix socket.
#pragma once

#include <uv.h>

#include <memory>
#include <string>

#include "source/event/loop.h"
#include "source/event/uv_handle.h"
#include "source/net/connection.h"

namespace omni::net {

union AnyStream {
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

// Text for a libuv error, as people know it: "connection refused".
std::string uv_text(int code);
absl::Status uv_status(int code);

// Reads go to the loop's lent block or where the events want them; writes of one turn leave in one
// system call. While nothing is unread or unsent it owns no buffer.
class TcpConnection final : public Connection, private TurnWork, private Sender {
 public:
  // `stream` is connected and belongs to `loop`.
  TcpConnection(Loop& loop, UvHandle<AnyStream> stream);
  ~TcpConnection() override { send_last(); }

  void start(ConnectionEvents& events) override;
  void write(Buffer&& bytes) override;
  size_t unsent() const override;
  void hold(Hold reason) override { holds_ |= static_cast<uint8_t>(reason); }
  void release(Hold reason) override;
  void await_more_than(int count) override;
  void close_after_flush() override;

  std::string_view peer() const override { return peer_; }
  bool peer_is_loopback() const override { return peer_is_loopback_; }
  std::string_view alpn() const override { return {}; }
  bool is_tls() const override { return false; }
  const PeerIdentity& peer_identity() const override;

 private:
  // kFlushing: close_after_flush() was called. kLingering: FIN is sent, input is dropped.
  enum class State : uint8_t { kOpen, kFlushing, kLingering, kClosed };
  struct WriteRequest;

  static void on_alloc(uv_handle_t* handle, size_t, uv_buf_t* out);
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t*);
  static void on_write(uv_write_t* request, int status);
  static void on_shutdown(uv_shutdown_t* request, int status);

  void on_turn() override;
  void start_reading();
  void received(ssize_t count);
  void offer_read();
  [[gnu::cold]] void read_ended(absl::Status why);
  [[gnu::cold]] void break_off(absl::Status why);
  [[gnu::cold]] void tell_end();
  void offer();
  void resume();
  void flush();
  void flushed();
  int socket() const override;
  std::string_view to_send(absl::Span<char> scratch) override;
  void sent(int result) override;
  void send_last();
  bool try_write();
  int send_row(size_t& total);
  [[gnu::cold]] int write_rest();
  [[gnu::cold]] void write_failed(int code);
  [[gnu::cold]] void shut_down();
  void on_timer();
  [[gnu::cold]] void finish(absl::Status why);
  bool is_held() const { return holds_ != 0; }

  Loop& loop_;
  TurnTask<TcpConnection, &TcpConnection::offer_read> offering_{*this};
  ConnectionEvents* events_ = nullptr;
  UvHandle<AnyStream> stream_;
  Buffer in_;                         // Owned bytes that on_bytes() left.
  Buffer out_;                        // In order, behind what libuv is writing.
  char* target_ = nullptr;            // Where the read under way goes, unless to the lent block.
  std::unique_ptr<Timer> timer_;      // Made when closing.
  std::unique_ptr<LateReader> late_;  // Made when first needed.
  std::string peer_;
  absl::Status write_error_;  // Reported when the input has been read to its end.
  int read_error_ = 0;        // Of uv_read_start(); reported at the end of the turn.
  State state_ = State::kOpen;
  uint8_t holds_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;  // A uv_write is under way.
  bool is_resuming_ = false;
  bool input_ended_ = false;
  bool owes_end_ = false;  // The end of input is told behind what its last bytes bring about.
  bool above_high_ = false;
  bool peer_is_loopback_ = false;
};

}  // namespace omni::net
