// The doors of the process: sockets, certificates and terms of every listener. What a configuration
// needs is bound and loaded before it is in force, so that it can be refused while the one before
// serves on; what both have in common is never bound anew, for a socket that closes takes the
// clients in its queue with it.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/config/gateway_config.h"
#include "source/net/listener.h"
#include "source/net/tls_context.h"
#include "source/server/doorway.h"
#include "source/server/restart.h"

namespace omni {

// Main thread.
class Doors {
 public:
  // Takes what fits out of `inheritance`, which outlives this object.
  explicit Doors(Inheritance& inheritance) : inheritance_(inheritance) {}

  // Makes ready what `next` needs that is not there: certificates are loaded, sockets bound.
  // Clients may connect and wait from then on. After an error, which says where in the file,
  // nothing is left of the attempt.
  std::optional<ConfigError> prepare(const GatewayConfig& next, size_t workers);
  // Takes over what was prepared last, once. Each worker has to make its change.
  std::vector<DoorChange> open();
  // An open copy would keep a socket listening: clients would connect and wait for no one.
  void close_copies();

  // "http://127.0.0.1:20128" of each that open() took over.
  std::vector<std::string> urls() const;
  // For the next process. The descriptors stay ours.
  std::vector<HandedSocket> handed() const;
  const std::string& ticket_key() const { return ticket_key_; }

  std::vector<std::shared_ptr<net::TlsServer>> certificates() const;
  // Every file that they come from.
  std::vector<std::string> certificate_files() const;

 private:
  struct Listening {
    ListenerConfig config;       // Without its routes.
    net::ListenAddress address;  // With the real port.
    std::shared_ptr<const Doorway> doorway;
    std::vector<net::BoundSocket> copies;  // The workers have the others.
    std::optional<size_t> before;          // Whose sockets these are, in now_, while prepared.
    std::vector<net::BoundSocket> fresh;   // Bound and on their way to the workers.

    std::string url() const;
  };

  void find_predecessors();
  std::optional<ConfigError> prepare_all(size_t workers);
  absl::Status make_doorway(Listening& next);
  absl::StatusOr<std::shared_ptr<net::TlsServer>> load_tls(const TlsConfig& config);
  absl::Status bind(Listening& next, size_t workers);
  std::vector<net::BoundSocket> take_inherited(const Listening& next);
  const Listening* predecessor(const Listening& next) const;
  bool has_successor(size_t index) const;
  bool overlaps_what_closes(const net::ListenAddress& address) const;

  Inheritance& inheritance_;
  std::string ticket_key_;
  std::vector<Listening> now_;   // In file order, as the next.
  std::vector<Listening> next_;  // Prepared.
  size_t workers_ = 0;
  absl::Duration drain_;
};

}  // namespace omni
