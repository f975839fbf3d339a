// Accepts connections on one worker. Several workers share an address through SO_REUSEPORT.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/net/connection.h"

namespace omni::net {

// host:port, [v6]:port or unix:/path.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
  std::string unix_path;

  bool is_unix() const { return !unix_path.empty(); }
  bool is_loopback() const;  // A unix socket counts as loopback.
  std::string text() const;
  // Some connections could be meant for either: one is all addresses of a family, the ports agree.
  bool overlaps(const ListenAddress& other) const;
  static absl::StatusOr<ListenAddress> parse(std::string_view text);
};

// A bound socket that no worker has yet. Bound on main, so that a failure is one clear line before
// anything depends on it; inherited ones come from the parent of an in-place restart.
class BoundSocket {
 public:
  // `reuse_port` lets every worker bind its own socket to the same address. Port 0 takes any.
  static absl::StatusOr<BoundSocket> bind(const ListenAddress& address, bool reuse_port);
  // One socket for each of `count` workers. Unlike bind() with `reuse_port` this refuses an address
  // that another process of ours has already, which the kernel would quietly share. Workers share
  // the queue of a Unix socket. `beside_ours`: sockets of this process that overlap the address are
  // about to close; then the kernel cannot be asked.
  static absl::StatusOr<std::vector<BoundSocket>> bind_all(const ListenAddress& address,
                                                           size_t count, bool beside_ours = false);
  static BoundSocket adopt(int fd, ListenAddress address);
  BoundSocket(BoundSocket&& other) noexcept;
  BoundSocket& operator=(BoundSocket&& other) noexcept;
  ~BoundSocket();  // Closes the socket unless release()d.

  int fd() const { return fd_; }
  int release();
  // Clients may connect from here on and wait in the queue. Fails when another program came first.
  absl::Status listen() const;
  // Another handle of the same socket, with the same queue: it listens until all are closed.
  absl::StatusOr<BoundSocket> duplicate() const;
  const ListenAddress& address() const { return address_; }  // With the real port.

  static constexpr int kBacklog = 4096;

 private:
  BoundSocket(int fd, ListenAddress address) : fd_(fd), address_(std::move(address)) {}
  int fd_ = -1;
  ListenAddress address_;
};

class TlsServer;  // tls_context.h

class Listener {
 public:
  using OnAccept = absl::AnyInvocable<void(std::unique_ptr<Connection> connection)>;

  virtual ~Listener() = default;
  // Accepts who waits in the kernel's queue, which would be reset, and closes the listening socket;
  // connections live on. A listener that is destroyed instead leaves the queue to other handles of
  // the socket, if there are any.
  virtual void stop_accepting() = 0;
  // For connections accepted from now on; those in the kernel's queue are not accepted yet.
  virtual void set_tls(std::shared_ptr<TlsServer> tls) = 0;
};

}  // namespace omni::net
