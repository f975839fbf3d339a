// Where TLS sessions come from: certificates on the server's side, trust on the client's.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "source/base/strings.h"
#include "source/catalog/origin.h"
#include "source/catalog/proxy.h"
#include "source/net/tls_session.h"

struct ssl_ctx_st;

namespace omni::net {

struct TlsContextFree {
  void operator()(ssl_ctx_st* context) const;
};
// Counted by OpenSSL: sessions keep their context alive.
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextFree>;

struct TlsServerFiles {
  std::string certificate;  // PEM, the chain after it.
  std::string private_key;  // PEM.
  std::string client_ca;    // PEM. Not empty: clients must prove who they are (mutual TLS).
};

// The identity of one listener, shared by all workers. Any thread. ALPN offers h2 and http/1.1,
// the oldest version is TLS 1.2.
class TlsServer {
 public:
  // `ticket_key`: secret that makes session tickets valid on every worker and after a restart;
  // random_bytes(kTicketKeyBytes).
  static absl::StatusOr<std::shared_ptr<TlsServer>> load(TlsServerFiles files,
                                                         std::string ticket_key);
  static constexpr size_t kTicketKeyBytes = 80;

  // Reads the files again. New sessions use them; when they are bad, the old ones stay in force
  // and the status says why.
  absl::Status reload();
  const TlsServerFiles& files() const { return files_; }

  std::unique_ptr<TlsSession> new_session() const;

 private:
  TlsServer(TlsServerFiles files, std::string ticket_key, TlsContext context);

  const TlsServerFiles files_;
  const std::string ticket_key_;
  mutable std::mutex mutex_;  // Guards context_; held for a pointer copy only.
  TlsContext context_;
};

// Trust stores, one per CA file, shared by all workers. Any thread.
class TlsTrust {
 public:
  // Loads at first use: the system's store costs 25 ms and 4 MB. Call it early, from a thread that
  // may block, to spare the first request that. An empty path is the system's store.
  absl::StatusOr<TlsContext> context(const std::string& ca_file);

 private:
  std::mutex mutex_;
  StringMap<TlsContext> contexts_;
};

// Client sessions of one worker, resuming earlier ones with the same origin. One thread; outlives
// the sessions it makes.
class TlsClients {
 public:
  explicit TlsClients(TlsTrust& trust) : trust_(trust) {}
  TlsClients(const TlsClients&) = delete;
  TlsClients& operator=(const TlsClients&) = delete;

  // The peer must show a certificate for `origin`'s host, a name or an address.
  absl::StatusOr<std::unique_ptr<TlsSession>> new_session(const Origin& origin);
  // The same for a proxy of type kHttps. Offers http/1.1 alone: a CONNECT over HTTP/2 would be a
  // stream, and the tunnel is to be the connection.
  absl::StatusOr<std::unique_ptr<TlsSession>> new_session(const Proxy& proxy);
  void forget() { tickets_.clear(); }
  size_t kept() const { return tickets_.size(); }

  static constexpr size_t kMaxKept = 512;

 private:
  struct Wanted;
  absl::StatusOr<std::unique_ptr<TlsSession>> new_session(const Wanted& wanted);
  void keep(const std::string& origin_key, TlsTicket ticket);

  TlsTrust& trust_;
  StringMap<TlsTicket> tickets_;  // The latest of each origin.
};

}  // namespace omni::net
