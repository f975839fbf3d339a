#include "source/net/tcp_listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

#include <utility>

#include "source/base/status.h"
#include "source/event/uv_handle.h"
#include "source/net/tcp_connection.h"
#include "source/net/tls_connection.h"
#include "source/net/tls_context.h"

namespace omni::net {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(100);

uint64_t file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur;
}

// The kernel gives out the lowest free number, so a number tells how many are taken.
bool is_scarce(int fd) {
  static const uint64_t most = file_limit() / 10 * 9;
  return fd < 0 || static_cast<uint64_t>(fd) >= most;
}

bool files_are_scarce() {
  const int probe = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  const bool scarce = is_scarce(probe);
  if (probe >= 0) ::close(probe);
  return scarce;
}

// Accepted sockets inherit these, which saves a system call for each.
void set_inherited_options(int fd) {
  const int on = 1;
  const int seconds = 60;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
}

class StreamListener final : public Listener {
 public:
  StreamListener(Loop& loop, bool is_unix, std::shared_ptr<TlsServer> tls, OnAccept on_accept)
      : loop_(loop), is_unix_(is_unix), tls_(std::move(tls)), on_accept_(std::move(on_accept)) {}

  ~StreamListener() override {
    if (gone_ != nullptr) *gone_ = true;
  }

  // A libuv error code, or 0. Takes `fd` over when it succeeds.
  int open(int fd) {
    if (const int error = init(socket_)) return error;
    socket_.get()->stream.data = this;
    if (const int error = open_stream(socket_, fd)) return error;
    return uv_listen(&socket_.get()->stream, BoundSocket::kBacklog,
                     [](uv_stream_t* stream, int status) {
                       auto* self = static_cast<StreamListener*>(stream->data);
                       if (self == nullptr || status != 0)
                         return;  // The client went, or libuv turned it away.
                       const Loop::Turn turn(self->loop_);
                       self->on_connection();
                     });
  }

  void stop_accepting() override {
    retry_.reset();
    if (socket_.get() != nullptr && !accept_waiting()) return;
    socket_.close();
  }

  void set_tls(std::shared_ptr<TlsServer> tls) override { tls_ = std::move(tls); }

 private:
  int init(const UvHandle<AnyStream>& stream) {
    return is_unix_ ? uv_pipe_init(loop_.uv(), &stream.get()->pipe, 0)
                    : uv_tcp_init(loop_.uv(), &stream.get()->tcp);
  }

  // libuv stops polling the socket while a connection it has announced is not taken.
  void on_connection() {
    if (is_scarce(last_fd_) && files_are_scarce()) {
      if (retry_ == nullptr) retry_ = loop_.make_timer([this] { on_connection(); });
      retry_->arm(kPause);
      return;
    }
    accept_announced();
  }

  // False when the listener is gone; so for the next three.
  bool accept_announced() {
    UvHandle<AnyStream> stream;
    if (init(stream) != 0) return true;
    if (uv_accept(&socket_.get()->stream, &stream.get()->stream) != 0) return true;
    uv_fileno(stream.base(), &last_fd_);
    return admit(std::move(stream));
  }

  // libuv announces one at a time, after a poll; this needs them all now. Bounded, because who
  // comes quickly could keep us here.
  bool accept_waiting() {
    if (!accept_announced()) return false;
    int listening = -1;
    if (uv_fileno(socket_.base(), &listening) != 0) return true;
    for (int i = 0; i < BoundSocket::kBacklog; ++i) {
      const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (fd < 0) return true;
      UvHandle<AnyStream> stream;
      if (init(stream) != 0 || open_stream(stream, fd) != 0) {
        ::close(fd);
        return true;
      }
      if (!admit(std::move(stream))) return false;
    }
    return true;
  }

  int open_stream(const UvHandle<AnyStream>& stream, int fd) {
    return is_unix_ ? uv_pipe_open(&stream.get()->pipe, fd) : uv_tcp_open(&stream.get()->tcp, fd);
  }

  bool admit(UvHandle<AnyStream> stream) {
    std::unique_ptr<Connection> plain = std::make_unique<TcpConnection>(loop_, std::move(stream));
    if (tls_ == nullptr) return hand_over(std::move(plain));
    return hand_over(std::make_unique<TlsConnection>(loop_, std::move(plain), tls_->new_session()));
  }

  bool hand_over(std::unique_ptr<Connection> connection) {
    bool gone = false;
    gone_ = &gone;
    OnAccept task = std::move(on_accept_);
    task(std::move(connection));
    if (gone) return false;
    on_accept_ = std::move(task);
    gone_ = nullptr;
    return true;
  }

  Loop& loop_;
  bool is_unix_;
  std::shared_ptr<TlsServer> tls_;
  OnAccept on_accept_;
  UvHandle<AnyStream> socket_;
  std::unique_ptr<Timer> retry_;
  int last_fd_ = 0;
  bool* gone_ = nullptr;  // Set while on_accept_ runs.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> listen(Loop& loop, BoundSocket socket,
                                                 std::shared_ptr<TlsServer> tls,
                                                 Listener::OnAccept on_accept) {
  const ListenAddress address = socket.address();
  if (!address.is_unix()) set_inherited_options(socket.fd());
  auto listener = std::make_unique<StreamListener>(loop, address.is_unix(), std::move(tls),
                                                   std::move(on_accept));
  const int error = listener->open(socket.fd());
  // From here on the handle closes it, whether listening worked or not.
  (void)socket.release();
  if (error != 0)
    return failed(fmt::format("cannot listen on {}: {}", address.text(), uv_text(error)));
  return listener;
}

uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return file_limit();
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return file_limit();
}

}  // namespace omni::net
