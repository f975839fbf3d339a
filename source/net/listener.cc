#include "source/net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/net/socket_address.h"

namespace omni::net {
namespace {

absl::Status cannot_listen(const ListenAddress& address, std::string_view why) {
  return failed(fmt::format("cannot listen on {}: {}", address.text(), why));
}

absl::Status cannot_listen(const ListenAddress& address, int code) {
  return cannot_listen(address, uv_strerror(uv_translate_sys_error(code)));
}

bool set_flag(int fd, int level, int name) {
  const int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof on) == 0;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::memcpy(out.sun_path, path.data(), path.size());
  return out;
}

bool somebody_answers(const sockaddr_un& where) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const int connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  // A full queue is somebody too.
  const bool answers = connected == 0 || errno != ECONNREFUSED;
  ::close(fd);
  return answers;
}

// A socket file stays behind when its process ends; it is in the way of the next one.
absl::Status remove_stale(const ListenAddress& address, const sockaddr_un& where) {
  struct stat info {};
  if (::lstat(address.unix_path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) return cannot_listen(address, "the path exists and is not a socket");
  if (somebody_answers(where)) return cannot_listen(address, EADDRINUSE);
  if (::unlink(address.unix_path.c_str()) != 0) return cannot_listen(address, errno);
  return absl::OkStatus();
}

absl::StatusOr<BoundSocket> bind_unix(const ListenAddress& address) {
  if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path))
    return cannot_listen(address, "the path is longer than 107 bytes");
  const sockaddr_un where = unix_address(address.unix_path);
  OMNI_RETURN_IF_ERROR(remove_stale(address, where));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return cannot_listen(address, errno);
  BoundSocket out = BoundSocket::adopt(fd, address);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return cannot_listen(address, errno);
  // Nobody can connect before listen().
  if (::chmod(address.unix_path.c_str(), 0660) != 0) return cannot_listen(address, errno);
  return out;
}

// `share` sets SO_REUSEPORT before the bind, to join sockets that have it.
absl::StatusOr<BoundSocket> bind_ip(const ListenAddress& address, bool share) {
  const std::optional<SocketAddress> where = SocketAddress::parse(address.host, address.port);
  if (!where) return cannot_listen(address, "the host is not an IP address");
  const int family = where->is_v6() ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return cannot_listen(address, errno);
  BoundSocket out = BoundSocket::adopt(fd, address);
  if (!set_flag(fd, SOL_SOCKET, SO_REUSEADDR)) return cannot_listen(address, errno);
  if (where->is_v6() && !set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY))
    return cannot_listen(address, errno);
  if (share && !set_flag(fd, SOL_SOCKET, SO_REUSEPORT)) return cannot_listen(address, errno);
  if (::bind(fd, where->get(), where->size()) != 0) return cannot_listen(address, errno);
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, raw, &size) != 0) return cannot_listen(address, errno);
  ListenAddress real = address;
  real.port = SocketAddress::from(raw).port();
  return BoundSocket::adopt(out.release(), std::move(real));
}

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

bool is_v6(const std::string& host) { return host.find(':') != std::string::npos; }

absl::Status not_an_address(std::string_view text) {
  return invalid(
      fmt::format("'{}' is not a listen address; write host:port, [v6]:port or unix:/path", text));
}

}  // namespace

bool ListenAddress::is_loopback() const {
  if (is_unix()) return true;
  const std::optional<SocketAddress> literal = SocketAddress::parse(host, port);
  return literal && literal->is_loopback();
}

std::string ListenAddress::text() const {
  if (is_unix()) return "unix:" + unix_path;
  return is_v6(host) ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool ListenAddress::overlaps(const ListenAddress& other) const {
  return !is_unix() && !other.is_unix() && port == other.port && is_v6(host) == is_v6(other.host) &&
         (host == other.host || is_any(host) || is_any(other.host));
}

absl::StatusOr<ListenAddress> ListenAddress::parse(std::string_view text) {
  ListenAddress out;
  if (text.starts_with("unix:")) {
    out.unix_path = text.substr(5);
    if (out.unix_path.empty() || out.unix_path.find('\0') != std::string::npos)
      return not_an_address(text);
    return out;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_address(text);
  const std::optional<int64_t> port = parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535)
    return invalid(fmt::format("'{}': the port is not a number from 0 to 65535", text));
  out.port = static_cast<uint16_t>(*port);
  const std::string_view host = text.substr(0, colon);
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  // Without brackets nobody can tell where an IPv6 address ends and the port begins.
  if (!has_brackets && host.find(':') != std::string_view::npos) return not_an_address(text);
  const std::string_view bare = has_brackets ? host.substr(1, host.size() - 2) : host;
  const std::optional<SocketAddress> literal =
      SocketAddress::parse(bare == "localhost" ? "127.0.0.1" : bare, out.port);
  if (!literal || literal->is_v6() != has_brackets) return not_an_address(text);
  out.host = literal->host_text();
  return out;
}

absl::StatusOr<BoundSocket> BoundSocket::bind(const ListenAddress& address, bool reuse_port) {
  return address.is_unix() ? bind_unix(address) : bind_ip(address, reuse_port);
}

absl::StatusOr<std::vector<BoundSocket>> BoundSocket::bind_all(const ListenAddress& address,
                                                               size_t count, bool beside_ours) {
  std::vector<BoundSocket> out;
  // Bound without SO_REUSEPORT, so that the kernel reports whoever is there; set afterwards, so
  // that the others can join.
  OMNI_ASSIGN_OR_RETURN(BoundSocket first, bind(address, beside_ours));
  const ListenAddress real = first.address();
  if (!real.is_unix() && !set_flag(first.fd(), SOL_SOCKET, SO_REUSEPORT))
    return cannot_listen(real, errno);
  out.push_back(std::move(first));
  while (out.size() < count) {
    if (real.is_unix()) {
      OMNI_ASSIGN_OR_RETURN(BoundSocket next, out.front().duplicate());
      out.push_back(std::move(next));
    } else {
      OMNI_ASSIGN_OR_RETURN(BoundSocket next, bind(real, true));
      out.push_back(std::move(next));
    }
  }
  return out;
}

absl::Status BoundSocket::listen() const {
  if (::listen(fd_, kBacklog) != 0) return cannot_listen(address_, errno);
  return absl::OkStatus();
}

absl::StatusOr<BoundSocket> BoundSocket::duplicate() const {
  const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return cannot_listen(address_, errno);
  return adopt(fd, address_);
}

BoundSocket BoundSocket::adopt(int fd, ListenAddress address) {
  return BoundSocket(fd, std::move(address));
}

BoundSocket::BoundSocket(BoundSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

BoundSocket& BoundSocket::operator=(BoundSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

BoundSocket::~BoundSocket() {
  if (fd_ >= 0) ::close(fd_);
}

int BoundSocket::release() { return std::exchange(fd_, -1); }

}  // namespace omni::net
