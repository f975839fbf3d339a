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
  static absl::StatusOr<ListenAddress> parse(std::string_view text);
};

// A bound, not yet listening socket. Bound on main before any worker starts, so that a start
// failure is one clear line; inherited ones come from the parent of an in-place restart.
class BoundSocket {
 public:
  // `reuse_port` lets every worker bind its own socket to the same address. Port 0 takes any.
  static absl::StatusOr<BoundSocket> bind(const ListenAddress& address, bool reuse_port);
  // One socket for each of `count` workers. Unlike bind() with `reuse_port` this refuses an address
  // that another process of ours has already, which the kernel would quietly share. Workers share
  // the queue of a Unix socket.
  static absl::StatusOr<std::vector<BoundSocket>> bind_all(const ListenAddress& address,
                                                           size_t count);
  static BoundSocket adopt(int fd, ListenAddress address);
  BoundSocket(BoundSocket&& other) noexcept;
  BoundSocket& operator=(BoundSocket&& other) noexcept;
  ~BoundSocket();  // Closes the socket unless release()d.

  int fd() const { return fd_; }
  int release();
  const ListenAddress& address() const { return address_; }  // With the real port.

 private:
  BoundSocket(int fd, ListenAddress address) : fd_(fd), address_(std::move(address)) {}
  int fd_ = -1;
  ListenAddress address_;
};

class Listener {
 public:
  using OnAccept = absl::AnyInvocable<void(std::unique_ptr<Connection> connection)>;

  virtual ~Listener() = default;
  // Closes the listening socket; connections live on.
  virtual void stop_accepting() = 0;
};

}  // namespace omni::net
