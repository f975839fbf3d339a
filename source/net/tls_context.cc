#include "source/net/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <system_error>
#include <utility>

#include "source/base/check.h"
#include "source/base/digest.h"
#include "source/base/status.h"
#include "source/net/socket_address.h"

namespace omni::net {
namespace {

// Protocol names with their lengths in front (RFC 7301 section 3.1), best first.
constexpr std::string_view kProtocols = "\x02h2\x08http/1.1";

const unsigned char* as_uchar(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The deepest error is the cause: "no start line" says less than "No such file or directory".
std::string last_error() {
  const unsigned long code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  std::string out = reason != nullptr ? reason : "unknown error";
  if (ERR_SYSTEM_ERROR(code)) out = std::generic_category().message(ERR_GET_REASON(code));
  ERR_clear_error();
  return out;
}

absl::Status bad_file(std::string_view what, std::string_view path) {
  return failed(fmt::format("cannot load {} '{}': {}", what, path, last_error()));
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, as_uchar(kProtocols),
                                           static_cast<unsigned>(kProtocols.size()), in, in_size);
  *out = chosen;
  // A client that offers only what we do not speak is told so (RFC 7301 section 3.2).
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int keep_ticket(SSL* ssl, SSL_SESSION* session) {
  auto* owner = reinterpret_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (owner == nullptr) return 0;
  owner->ticket_arrived(TlsTicket(session));
  return 1;  // The reference is ours.
}

absl::Status require_client_certificate(SSL_CTX* context, const std::string& file) {
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr) return bad_file("the client CA", file);
  SSL_CTX_set_client_CA_list(context, names);
  if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) return bad_file("the client CA", file);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
}

// OpenSSL asks for no certificate when it resumes a session, so a ticket is good under the terms it
// was given under only: not for who got it where no certificate, or that of another authority, was
// asked for. Every listener, before and after a change of its terms, has the same ticket key.
void set_ticket_terms(SSL_CTX* context) {
  std::string terms = "omni";
  const STACK_OF(X509_OBJECT)* trusted = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(trusted); ++i) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    const X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
    if (certificate == nullptr) continue;  // A list of revoked ones.
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    terms.append(digest.begin(), digest.begin() + size);
  }
  const Digest context_id = sha256(terms);
  SSL_CTX_set_session_id_context(context, context_id.data(),
                                 static_cast<unsigned>(context_id.size()));
}

absl::StatusOr<TlsContext> load_server(const TlsServerFiles& files, std::string ticket_key) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  OMNI_CHECK(context != nullptr);
  set_common_options(context.get());
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return bad_file("the certificate", files.certificate);
  const int has_key =
      SSL_CTX_use_PrivateKey_file(context.get(), files.private_key.c_str(), SSL_FILETYPE_PEM);
  const bool is_foreign =
      has_key != 1 && ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
  if (has_key != 1 && !is_foreign) return bad_file("the private key", files.private_key);
  if (is_foreign || SSL_CTX_check_private_key(context.get()) != 1)
    return failed(fmt::format("the private key '{}' does not belong to the certificate '{}'",
                              files.private_key, files.certificate));
  if (!files.client_ca.empty())
    OMNI_RETURN_IF_ERROR(require_client_certificate(context.get(), files.client_ca));
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  // Tickets only: a cache in memory would not be shared with the process after a restart.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  set_ticket_terms(context.get());
  if (SSL_CTX_set_tlsext_ticket_keys(context.get(), ticket_key.data(),
                                     static_cast<long>(ticket_key.size())) != 1)
    return failed("the ticket key has the wrong length");
  return context;
}

absl::StatusOr<TlsContext> load_client(const std::string& ca_file) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  OMNI_CHECK(context != nullptr);
  set_common_options(context.get());
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
      return bad_file("the trust store", "of the system");
  } else if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    return bad_file("the CA file", ca_file);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), as_uchar(kProtocols),
                          static_cast<unsigned>(kProtocols.size()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_ticket);
  return context;
}

TlsContext share(const TlsContext& context) {
  SSL_CTX_up_ref(context.get());
  return TlsContext(context.get());
}

}  // namespace

void TlsContextFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsServer::TlsServer(TlsServerFiles files, std::string ticket_key, TlsContext context)
    : files_(std::move(files)), ticket_key_(std::move(ticket_key)), context_(std::move(context)) {}

absl::StatusOr<std::shared_ptr<TlsServer>> TlsServer::load(TlsServerFiles files,
                                                           std::string ticket_key) {
  OMNI_ASSIGN_OR_RETURN(TlsContext context, load_server(files, ticket_key));
  return std::shared_ptr<TlsServer>(
      new TlsServer(std::move(files), std::move(ticket_key), std::move(context)));
}

absl::Status TlsServer::reload() {
  OMNI_ASSIGN_OR_RETURN(TlsContext context, load_server(files_, ticket_key_));
  const std::lock_guard<std::mutex> lock(mutex_);
  context_.swap(context);
  return absl::OkStatus();
}

std::unique_ptr<TlsSession> TlsServer::new_session() const {
  TlsContext context;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    context = share(context_);
  }
  SSL* ssl = SSL_new(context.get());
  OMNI_CHECK(ssl != nullptr);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(ssl, "client");
}

absl::StatusOr<TlsContext> TlsTrust::context(const std::string& ca_file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto known = contexts_.find(ca_file);
  if (known == contexts_.end()) {
    OMNI_ASSIGN_OR_RETURN(TlsContext loaded, load_client(ca_file));
    known = contexts_.emplace(ca_file, std::move(loaded)).first;
  }
  return share(known->second);
}

// What a session is to prove and where its tickets go.
struct TlsClients::Wanted {
  const std::string& host;
  const std::string& ca_file;
  const std::string& key;
  std::string_view protocols;  // For ALPN; empty: those of the context.
};

absl::StatusOr<std::unique_ptr<TlsSession>> TlsClients::new_session(const Origin& origin) {
  return new_session(Wanted{origin.host, origin.ca_file, origin.key, {}});
}

absl::StatusOr<std::unique_ptr<TlsSession>> TlsClients::new_session(const Proxy& proxy) {
  const std::string key = "proxy " + proxy.key();
  return new_session(Wanted{proxy.host, proxy.ca_file, key, "\x08http/1.1"});
}

absl::StatusOr<std::unique_ptr<TlsSession>> TlsClients::new_session(const Wanted& wanted) {
  OMNI_ASSIGN_OR_RETURN(const TlsContext context, trust_.context(wanted.ca_file));
  SSL* ssl = SSL_new(context.get());
  OMNI_CHECK(ssl != nullptr);
  SSL_set_connect_state(ssl);
  if (!wanted.protocols.empty())
    SSL_set_alpn_protos(ssl, as_uchar(wanted.protocols),
                        static_cast<unsigned>(wanted.protocols.size()));
  if (SocketAddress::parse(wanted.host, 0)) {  // No SNI: RFC 6066 section 3.
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), wanted.host.c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, wanted.host.c_str());
    SSL_set_tlsext_host_name(ssl, wanted.host.c_str());
  }
  if (const auto ticket = tickets_.find(wanted.key); ticket != tickets_.end())
    SSL_set_session(ssl, ticket->second.get());
  auto session = std::make_unique<TlsSession>(ssl, wanted.host);
  session->set_on_ticket(
      [this, key = wanted.key](TlsTicket ticket) { keep(key, std::move(ticket)); });
  return session;
}

void TlsClients::keep(const std::string& origin_key, TlsTicket ticket) {
  if (tickets_.size() >= kMaxKept && !tickets_.contains(origin_key))
    tickets_.erase(tickets_.begin());  // Any: the hash order is as good as random.
  tickets_[origin_key] = std::move(ticket);
}

}  // namespace omni::net
