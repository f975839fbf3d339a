#include "source/net/tcp_connection.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/net/socket_address.h"

namespace omni::net {
namespace {

constexpr size_t kGather = 64;
// A blocked write is handed to libuv in pieces, so that progress shows.
constexpr size_t kWritePiece = 256 * 1024;
constexpr absl::Duration kLinger = absl::Seconds(2);
// A peer that reads nothing for so long does not want the rest.
constexpr absl::Duration kFlushStall = absl::Seconds(30);

uv_buf_t as_uv(std::string_view bytes) {
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

}  // namespace

struct TcpConnection::WriteRequest {
  uv_write_t request;
  Buffer bytes;
};

std::string uv_text(int code) {
  switch (code) {
    case UV_ECONNRESET:
      return "connection reset by peer";
    case UV_EPIPE:
      return "connection closed by peer";
    case UV_ETIMEDOUT:
      return "connection timed out";
    case UV_EMFILE:
      return "too many open files";
    default:
      return uv_strerror(code);
  }
}

absl::Status uv_status(int code) { return unavailable(uv_text(code)); }

TcpConnection::TcpConnection(Loop& loop, UvHandle<AnyStream> stream)
    : loop_(loop), stream_(std::move(stream)) {
  stream_.get()->stream.data = this;
  if (stream_.get()->stream.type != UV_TCP) {
    peer_ = "unix:";
    peer_is_loopback_ = true;
    return;
  }
  sockaddr_storage storage{};
  int size = sizeof storage;
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  if (uv_tcp_getpeername(&stream_.get()->tcp, raw, &size) != 0) return;  // Gone already.
  const SocketAddress address = SocketAddress::from(raw);
  peer_ = address.text();
  peer_is_loopback_ = address.is_loopback();
}

const PeerIdentity& TcpConnection::peer_identity() const {
  static const PeerIdentity nobody;
  return nobody;
}

void TcpConnection::start(ConnectionEvents& events) {
  events_ = &events;
  if (!is_held()) start_reading();
  if (!out_.empty()) loop_.at_turn_end(*this);
}

void TcpConnection::write(Buffer&& bytes) {
  if (state_ != State::kOpen || !write_error_.ok()) return bytes.clear();
  out_.append(std::move(bytes));
  if (unsent() > kHighWatermark) above_high_ = true;
  loop_.at_turn_end(*this);
}

size_t TcpConnection::unsent() const {
  if (stream_.get() == nullptr) return 0;
  return out_.size() + stream_.get()->stream.write_queue_size;
}

// Holding only sets a bit: reading stops when bytes do arrive, so that a hold which is released in
// time costs no system call.
void TcpConnection::release(Hold reason) {
  const bool was_held = is_held();
  holds_ &= static_cast<uint8_t>(~static_cast<uint8_t>(reason));
  if (!was_held || is_held() || events_ == nullptr) return;
  if (is_reading_ && in_.empty()) return;
  is_resuming_ = true;
  loop_.at_turn_end(*this);
}

void TcpConnection::await_more_than(int count) {
  if (state_ != State::kOpen) return;
  if (late_ == nullptr) late_ = std::make_unique<LateReader>(loop_.late_reads(), socket());
  late_->await_more_than(count);
}

void TcpConnection::close_after_flush() {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  in_.clear();
  timer_ = loop_.make_timer([this] { on_timer(); });
  timer_->arm(kFlushStall);
  loop_.at_turn_end(*this);
}

void TcpConnection::on_timer() {
  if (state_ == State::kLingering) return finish(absl::OkStatus());
  finish(error(absl::StatusCode::kDeadlineExceeded, "the peer stopped reading"));
}

void TcpConnection::start_reading() {
  if (is_reading_ || input_ended_) return;
  const int started = uv_read_start(&stream_.get()->stream, on_alloc, on_read);
  is_reading_ = started == 0;
  if (is_reading_) return;
  read_error_ = started;
  loop_.at_turn_end(*this);
}

void TcpConnection::on_alloc(uv_handle_t* handle, size_t, uv_buf_t* out) {
  auto* self = static_cast<TcpConnection*>(handle->data);
  *out = uv_buf_init(nullptr, 0);  // on_read() is told UV_ENOBUFS.
  if (self == nullptr) return;
  self->target_ = nullptr;
  if (self->state_ == State::kOpen) {
    if (self->is_held()) return;
    if (self->in_.empty()) {
      const absl::Span<char> target = self->events_->read_target();
      if (!target.empty()) {
        self->target_ = target.data();
        *out = uv_buf_init(target.data(), static_cast<unsigned>(target.size()));
        return;
      }
    }
  }
  const absl::Span<char> room = self->loop_.reads().room();
  *out = uv_buf_init(room.data(), static_cast<unsigned>(room.size()));
}

void TcpConnection::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t*) {
  auto* self = static_cast<TcpConnection*>(stream->data);
  if (self == nullptr || count == 0) return;
  const Loop::ReadTurn turn(self->loop_);
  self->received(count);
}

void TcpConnection::received(ssize_t count) {
  if (late_ != nullptr) late_->end();
  if (count == UV_ENOBUFS) {  // Held.
    uv_read_stop(&stream_.get()->stream);
    is_reading_ = false;
    return;
  }
  if (count == UV_EOF) return read_ended(absl::OkStatus());
  if (count < 0) return read_ended(uv_status(static_cast<int>(count)));
  if (state_ != State::kOpen) return;  // Dropped.
  if (target_ != nullptr) return events_->on_read_into_target(static_cast<size_t>(count));
  in_.append(loop_.reads().take(static_cast<size_t>(count)));
  loop_.in_turn(TurnPart::kBytes, offering_);
}

// When all that were ready have been read.
void TcpConnection::offer_read() {
  if (state_ != State::kOpen || in_.empty()) return;
  if (is_held()) return in_.own();
  offer();
}

void TcpConnection::read_ended(absl::Status why) {
  is_reading_ = false;
  input_ended_ = true;
  if (state_ == State::kLingering) return finish(absl::OkStatus());
  if (why.ok()) why = write_error_;
  if (!why.ok()) return break_off(std::move(why));
  uv_read_stop(&stream_.get()->stream);
  if (state_ != State::kOpen) return;
  if (in_.empty()) return events_->on_end_of_input();
  owes_end_ = true;
  loop_.at_turn_end(*this);
}

// What the peer said last is worth reading all the same.
void TcpConnection::break_off(absl::Status why) {
  const uv_handle_t* alive = stream_.base();
  offering_.leave_turn();
  offer_read();
  if (alive->data != nullptr && state_ != State::kClosed) finish(std::move(why));
}

// What the peer asked for just before may be answered already.
void TcpConnection::tell_end() {
  owes_end_ = false;
  if (state_ == State::kOpen) events_->on_end_of_input();
}

// The buffer is on the stack meanwhile: the callback may destroy this connection.
void TcpConnection::offer() {
  const uv_handle_t* alive = stream_.base();
  Buffer in = std::move(in_);
  events_->on_bytes(in);
  if (alive->data == nullptr || state_ != State::kOpen) return;
  in_ = std::move(in);
  in_.own();
}

void TcpConnection::resume() {
  is_resuming_ = false;
  const uv_handle_t* alive = stream_.base();
  if (is_held() || state_ != State::kOpen) return;
  if (!in_.empty()) offer();
  if (alive->data == nullptr || is_held() || state_ != State::kOpen) return;
  start_reading();
}

void TcpConnection::on_turn() {
  if (state_ == State::kClosed) return;
  if (read_error_ != 0) return finish(uv_status(read_error_));
  if (state_ == State::kFlushing && !write_error_.ok()) return finish(std::move(write_error_));
  const uv_handle_t* alive = stream_.base();
  if (is_resuming_) resume();
  if (alive->data != nullptr && owes_end_) tell_end();
  if (alive->data != nullptr) flush();
}

void TcpConnection::flush() {
  if (events_ == nullptr) return out_.own();  // Not started.
  if (!is_writing_ && !out_.empty()) {
    if (out_.size() <= SendBatch::kScratch) return loop_.sends().add(*this);
    withdraw();  // What it was going to send has become more.
    if (!try_write()) return;
  }
  flushed();
}

void TcpConnection::flushed() {
  if (is_writing_) out_.own();
  if (above_high_ && unsent() < kLowWatermark) {
    above_high_ = false;
    const uv_handle_t* alive = stream_.base();
    if (state_ == State::kOpen) events_->on_writable();
    if (alive->data == nullptr) return;
  }
  if (state_ == State::kFlushing && unsent() == 0) shut_down();
}

int TcpConnection::socket() const {
  uv_os_fd_t socket = -1;
  return uv_fileno(stream_.base(), &socket) == 0 ? socket : -1;
}

std::string_view TcpConnection::to_send(absl::Span<char> scratch) {
  const std::string_view first = out_.front();
  if (first.size() == out_.size() || out_.size() > scratch.size()) return first;
  char* at = scratch.data();
  for (size_t i = 0; i < out_.slice_count(); ++i) {
    const std::string_view piece = out_.slice(i).view();
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return {scratch.data(), out_.size()};
}

void TcpConnection::sent(int result) {
  // ENOBUFS is how the kernel says that it is short of memory for now.
  const bool must_wait = result == -EAGAIN || result == -ENOBUFS || result == -EINTR;
  if (result < 0 && !must_wait) return write_failed(uv_translate_sys_error(-result));
  if (result > 0) out_.drop(static_cast<size_t>(result));
  if (!out_.empty() && !try_write()) return;
  flushed();
}

// What a connection gave away for sending leaves even if its owner destroys it meanwhile, as after
// a TLS alert.
void TcpConnection::send_last() {
  if (is_waiting()) (void)SendBatch::send_now(*this);
}

// Sends what the kernel takes of `total` bytes, and returns how many or a libuv error. Nothing may
// wait in libuv.
int TcpConnection::send_row(size_t& total) {
  std::array<uv_buf_t, kGather> pieces;
  const size_t count = std::min(out_.slice_count(), kGather);
  for (size_t i = 0; i < count; ++i) {
    pieces[i] = as_uv(out_.slice(i).view());
    total += out_.slice(i).size();
  }
  return uv_try_write(&stream_.get()->stream, pieces.data(), static_cast<unsigned>(count));
}

// False when writing failed and this object may be gone.
bool TcpConnection::try_write() {
  while (!out_.empty()) {
    size_t total = 0;
    const int sent = send_row(total);
    if (sent < 0 && sent != UV_EAGAIN) {
      write_failed(sent);
      return false;
    }
    if (sent > 0) out_.drop(static_cast<size_t>(sent));
    if (sent >= 0 && static_cast<size_t>(sent) == total) continue;
    const int queued = write_rest();
    if (queued != 0) write_failed(queued);
    return queued == 0;
  }
  return true;
}

int TcpConnection::write_rest() {
  auto request = std::make_unique<WriteRequest>();
  out_.own();
  request->bytes = out_.take(kWritePiece);
  std::vector<uv_buf_t> pieces;
  pieces.reserve(request->bytes.slice_count());
  for (size_t i = 0; i < request->bytes.slice_count(); ++i)
    pieces.push_back(as_uv(request->bytes.slice(i).view()));
  const int queued = uv_write(&request->request, &stream_.get()->stream, pieces.data(),
                              static_cast<unsigned>(pieces.size()), on_write);
  if (queued != 0) return queued;
  is_writing_ = true;
  request->request.data = request.get();
  (void)request.release();  // Freed by on_write().
  return 0;
}

void TcpConnection::on_write(uv_write_t* request, int status) {
  const std::unique_ptr<WriteRequest> owned(static_cast<WriteRequest*>(request->data));
  auto* self = static_cast<TcpConnection*>(request->handle->data);
  if (self == nullptr) return;
  const Loop::Turn turn(self->loop_);
  self->is_writing_ = false;
  if (self->timer_ != nullptr) self->timer_->arm(kFlushStall);
  if (status < 0) return self->write_failed(status);
  self->flush();
}

// What the peer said before it hung up is still worth reading: most often it is the reason.
void TcpConnection::write_failed(int code) {
  out_.clear();
  if (input_ended_ || !is_reading_ || is_held() || state_ != State::kOpen)
    return finish(uv_status(code));
  write_error_ = uv_status(code);
}

void TcpConnection::shut_down() {
  state_ = State::kLingering;
  auto request = std::make_unique<uv_shutdown_t>();
  if (uv_shutdown(request.get(), &stream_.get()->stream, on_shutdown) != 0)
    return finish(absl::OkStatus());
  (void)request.release();  // Freed by on_shutdown().
}

void TcpConnection::on_shutdown(uv_shutdown_t* request, int) {
  const std::unique_ptr<uv_shutdown_t> owned(request);
  auto* self = static_cast<TcpConnection*>(request->handle->data);
  if (self == nullptr) return;
  const Loop::Turn turn(self->loop_);
  if (self->input_ended_) return self->finish(absl::OkStatus());
  self->timer_->arm(kLinger);
  self->start_reading();
}

void TcpConnection::finish(absl::Status why) {
  state_ = State::kClosed;
  send_last();
  withdraw();
  out_.clear();
  in_.clear();
  timer_.reset();
  late_.reset();
  leave_turn();
  offering_.leave_turn();
  stream_.close();
  events_->on_closed(std::move(why));
}

}  // namespace omni::net
