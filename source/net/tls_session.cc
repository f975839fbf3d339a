#include "source/net/tls_session.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::net {
namespace {

constexpr size_t kRecord = 16 * 1024;  // RFC 8446 section 5.1.

int bio_read(BIO* bio, char* into, int capacity) {
  BIO_clear_retry_flags(bio);
  const int count = static_cast<TlsSession*>(BIO_get_data(bio))->take_ciphertext(into, capacity);
  if (count > 0) return count;
  BIO_set_retry_read(bio);
  return -1;
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<TlsSession*>(BIO_get_data(bio))
      ->put_ciphertext(std::string_view(bytes, static_cast<size_t>(size)));
  return size;
}

long bio_ctrl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// Not BIO_s_mem(): that copies twice, and keeps the memory of the largest burst while idle.
const BIO_METHOD* buffer_bio() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffer");
    OMNI_CHECK(made != nullptr);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made;
  }();
  return method;
}

std::string subject_of(const X509* certificate) {
  BIO* text = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text, &bytes);
  std::string out(bytes, static_cast<size_t>(size));
  BIO_free(text);
  return out;
}

}  // namespace

void TlsSessionFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void TlsSessionFree::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

// Lends the caller's buffers to the BIO for one call.
class TlsSession::Wiring {
 public:
  Wiring(TlsSession& session, Buffer& in, Buffer& out) : session_(session) {
    session_.in_ = &in;
    session_.out_ = &out;
    ERR_clear_error();
  }
  ~Wiring() { session_.in_ = session_.out_ = nullptr; }
  Wiring(const Wiring&) = delete;
  Wiring& operator=(const Wiring&) = delete;

 private:
  TlsSession& session_;
};

TlsSession::TlsSession(ssl_st* ssl, std::string peer_name)
    : ssl_(ssl), peer_name_(std::move(peer_name)) {
  BIO* bio = BIO_new(buffer_bio());
  OMNI_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, reinterpret_cast<char*>(this));
}

// Freed without a mark of an orderly end, OpenSSL would spoil the ticket that came with it. Fatal
// alerts have spoilt theirs already.
TlsSession::~TlsSession() {
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::ticket_arrived(TlsTicket ticket) {
  if (on_ticket_) on_ticket_(std::move(ticket));
}

int TlsSession::take_ciphertext(char* into, int capacity) {
  size_t taken = 0;
  const auto wanted = static_cast<size_t>(capacity);
  while (taken < wanted && !in_->empty()) {
    const std::string_view front = in_->front();
    const size_t count = std::min(front.size(), wanted - taken);
    std::memcpy(into + taken, front.data(), count);
    in_->drop(count);
    taken += count;
  }
  return static_cast<int>(taken);
}

bool TlsSession::is_established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
bool TlsSession::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

absl::Status TlsSession::handshake(Buffer& in, Buffer& out) {
  const Wiring wiring(*this, in, out);
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? absl::OkStatus() : failure(result);
}

absl::StatusOr<size_t> TlsSession::read(Buffer& in, Buffer& out, char* into, size_t capacity) {
  const Wiring wiring(*this, in, out);
  size_t count = 0;
  const int result = SSL_read_ex(ssl_.get(), into, capacity, &count);
  if (result == 1) return count;
  OMNI_RETURN_IF_ERROR(failure(result));
  return size_t{0};
}

bool TlsSession::input_ended() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

// Small slices (a head, an event's pieces) share a record: each costs 0.7 us and 22 bytes.
absl::Status TlsSession::write(Buffer& plain, Buffer& out) {
  Buffer nothing;
  const Wiring wiring(*this, nothing, out);
  std::array<char, kRecord> joined;
  while (!plain.empty()) {
    std::string_view piece = plain.front();
    if (piece.size() < kRecord && plain.slice_count() > 1) {
      size_t size = 0;
      for (size_t i = 0; i < plain.slice_count() && size < kRecord; ++i) {
        const std::string_view bytes = plain.slice(i).view();
        const size_t count = std::min(bytes.size(), kRecord - size);
        std::memcpy(joined.data() + size, bytes.data(), count);
        size += count;
      }
      piece = std::string_view(joined.data(), size);
    }
    size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written);
    if (result != 1) {
      OMNI_RETURN_IF_ERROR(failure(result));
      return failed("TLS wanted to read before it could write");  // Renegotiation is off.
    }
    plain.drop(written);
  }
  return absl::OkStatus();
}

void TlsSession::close_notify(Buffer& out) {
  Buffer nothing;
  const Wiring wiring(*this, nothing, out);
  SSL_shutdown(ssl_.get());
}

// OK when more ciphertext would help, or when the peer ended its side in order.
absl::Status TlsSession::failure(int result) const {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE || kind == SSL_ERROR_ZERO_RETURN)
    return absl::OkStatus();
  const long verified = SSL_get_verify_result(ssl_.get());
  const unsigned long code = ERR_peek_last_error();
  if (verified != X509_V_OK && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return failed(fmt::format("{} ({})", X509_verify_cert_error_string(verified), peer_name_));
  const char* reason = ERR_reason_error_string(code);
  return failed(fmt::format("TLS: {}", reason != nullptr ? reason : "unexpected end"));
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

PeerIdentity TlsSession::peer_identity() const {
  PeerIdentity out;
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return out;
  out.subject = subject_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1)
    out.fingerprint_sha256 =
        to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
  return out;
}

}  // namespace omni::net
