// Proxies on the way to providers: what one is, and how it is written.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/secret.h"

namespace omni {

// Immutable once it is part of a snapshot.
struct Proxy {
  enum class Type : uint8_t {
    kHttp,    // CONNECT (RFC 9110 section 9.3.6).
    kHttps,   // The same inside TLS.
    kSocks5,  // RFC 1928; the proxy resolves names.
  };
  Type type = Type::kHttp;
  std::string host;  // Name, IPv4 or IPv6 literal without brackets; lower case.
  uint16_t port = 0;
  std::string username;  // Empty: no credentials.
  Secret password;
  // Its own address may be private: it is a literal, or the operator allows it.
  bool allow_private = false;
  std::string ca_file;      // kHttps: PEM; empty: the system's trust store.
  bool fails_open = false;  // When it is dead, requests go without it.

  // "socks5://proxy.example:1080", without credentials: for people.
  std::string name() const;
  // Differs when any field does, and holds no secret; part of Origin::key.
  std::string key() const;
  bool has_credentials() const { return !username.empty() || !password.empty(); }
  // What the protocol cannot carry: RFC 7617 section 2, RFC 1929 section 2.
  absl::Status check_credentials() const;
};

// http, https, socks5 or socks5h, with optional user info and port; without a scheme it is http.
// Default ports are 8080, 443 and 1080. allow_private is set for a literal. No error quotes what
// stands before the last '@'.
absl::StatusOr<Proxy> parse_proxy(std::string_view url);

// A sentence about a proxy that is of no use: what clients and the log are told.
std::string proxy_failure(const Proxy& proxy, std::string_view why);

}  // namespace omni
