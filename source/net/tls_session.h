// TLS without sockets: ciphertext and plaintext go in and out of buffers.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/net/connection.h"

struct ssl_st;
struct ssl_session_st;

namespace omni::net {

struct TlsSessionFree {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_session_st* session) const;
};
// What a later handshake with the same peer can resume.
using TlsTicket = std::unique_ptr<ssl_session_st, TlsSessionFree>;

// Every verb takes what arrived (`in`, consumed as far as possible) and appends what must be sent
// to `out`, also when it fails: that is the alert. One thread.
class TlsSession {
 public:
  using OnTicket = absl::AnyInvocable<void(TlsTicket)>;

  // Takes `ssl` over, its role and checks already set. `peer_name` is for error texts.
  TlsSession(ssl_st* ssl, std::string peer_name);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void set_on_ticket(OnTicket on_ticket) { on_ticket_ = std::move(on_ticket); }
  void ticket_arrived(TlsTicket ticket);

  // Goes on with the handshake. is_established() says whether it is done.
  absl::Status handshake(Buffer& in, Buffer& out);
  bool is_established() const;
  // Decrypts to `into`; 0 means that more ciphertext is needed, or that the peer ended its side.
  absl::StatusOr<size_t> read(Buffer& in, Buffer& out, char* into, size_t capacity);
  bool input_ended() const;
  // Encrypts all of `plain`.
  absl::Status write(Buffer& plain, Buffer& out);
  void close_notify(Buffer& out);

  std::string_view alpn() const;
  PeerIdentity peer_identity() const;
  bool is_resumed() const;

  // Used by the BIO.
  int take_ciphertext(char* into, int capacity);
  void put_ciphertext(std::string_view bytes) { out_->append(bytes); }

 private:
  class Wiring;
  absl::Status failure(int result) const;

  std::unique_ptr<ssl_st, TlsSessionFree> ssl_;
  std::string peer_name_;
  OnTicket on_ticket_;
  Buffer* in_ = nullptr;  // During a call only.
  Buffer* out_ = nullptr;
};

}  // namespace omni::net
