// Where connections go: scheme, host, port, the proxy on the way and the rules that bind them.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/catalog/proxy.h"

namespace omni {

// What decides which connections may serve a request: two requests share a pool when these are
// equal. Made from a provider's base_url when a snapshot is built; immutable afterwards.
struct Origin {
  bool tls = false;
  std::string host;  // Name, IPv4 or IPv6 literal without brackets; lower case.
  uint16_t port = 80;
  // A name may resolve to private addresses, and a literal may be one: contract "Private
  // addresses".
  bool allow_private = false;
  bool http2_prior_knowledge = false;  // h2c. With TLS, ALPN chooses.
  std::string ca_file;                 // PEM; empty: the system's trust store.
  std::optional<Proxy> proxy;          // None: directly.
  std::string key;  // Canonical text of all of the above; what pools are keyed by.

  // "host:port" without a default port, for Host and :authority.
  std::string authority() const;
  // Fills `key` after a field was set.
  void seal();
};

// The two halves of a base_url.
struct BaseUrl {
  Origin origin;     // Sealed, allow_private false.
  std::string path;  // "/v1" or empty; never ends in "/".
};

// http or https, a host, an optional port and path. User info, query, fragment, dot segments,
// control characters and percent-encoded slashes are refused with a sentence that says which.
absl::StatusOr<BaseUrl> parse_base_url(std::string_view url);

// The host is a loopback, private or link-local address literal, or "localhost".
bool is_private_literal(std::string_view host);

}  // namespace omni
