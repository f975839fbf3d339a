#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <string>
#include <vector>

#include "source/base/random.h"
#include "source/base/status.h"
#include "source/net/tls_connection.h"
#include "source/net/tls_context.h"
#include "test/source/net/net_fixture.h"

namespace omni::net {
namespace {

struct Certificate {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> x509;
};

// What a test certificate is made of.
struct Wanted {
  std::string name;
  std::string alternatives;  // "DNS:a,IP:127.0.0.1"
  long not_before = -3600;   // Seconds from now.
  long not_after = 3600;
  bool is_ca = false;
};

void add_extension(X509* x509, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  ASSERT_NE(extension, nullptr);
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, by itself when null.
Certificate make_certificate(const Wanted& wanted, const Certificate* issuer) {
  static long serial = 1;
  Certificate out;
  out.key.reset(EVP_EC_gen("P-256"), EVP_PKEY_free);
  out.x509.reset(X509_new(), X509_free);
  X509* x509 = out.x509.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), wanted.not_before);
  X509_gmtime_adj(X509_getm_notAfter(x509), wanted.not_after);
  X509_set_pubkey(x509, out.key.get());
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1,
                             0);
  X509* signer = issuer != nullptr ? issuer->x509.get() : x509;
  X509_set_issuer_name(x509, X509_get_subject_name(signer));
  if (wanted.is_ca) add_extension(x509, signer, NID_basic_constraints, "critical,CA:TRUE");
  if (!wanted.alternatives.empty())
    add_extension(x509, signer, NID_subject_alt_name, wanted.alternatives);
  X509_sign(x509, (issuer != nullptr ? issuer->key : out.key).get(), EVP_sha256());
  return out;
}

class TlsTest : public NetTest {
 protected:
  TlsTest() {
    std::string pattern = "/tmp/omni_tls_test_XXXXXX";
    folder = ::mkdtemp(pattern.data());
    ca = make_certificate({.name = "Test CA", .is_ca = true}, nullptr);
    save("ca", ca);
    use("server", {.name = "localhost", .alternatives = "DNS:localhost,IP:127.0.0.1"});
  }
  ~TlsTest() override { std::filesystem::remove_all(folder); }

  std::string path(const std::string& name) const { return folder / name; }
  void save(const std::string& name, const Certificate& certificate) {
    FILE* file = std::fopen(path(name + ".pem").c_str(), "w");
    PEM_write_X509(file, certificate.x509.get());
    std::fclose(file);
    file = std::fopen(path(name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, certificate.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
  void use(const std::string& name, const Wanted& wanted) {
    save(name, make_certificate(wanted, &ca));
  }
  TlsServerFiles files(bool mutual = false) const {
    return {path("server.pem"), path("server.key"), mutual ? path("ca.pem") : ""};
  }
  void serve(bool mutual = false) {
    auto loaded = TlsServer::load(files(mutual), random_bytes(TlsServer::kTicketKeyBytes));
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    identity = *loaded;
    listen(identity);
  }
  Origin secure(const std::string& host = "127.0.0.1") const {
    Origin out = origin();
    out.tls = true;
    out.host = host;
    out.ca_file = path("ca.pem");
    out.seal();
    return out;
  }
  void connect_secure(const std::string& host = "127.0.0.1") {
    server = Peer();
    client = Peer();
    DialResult result = dial(secure(host));
    ASSERT_NE(result.connection, nullptr) << result.why;
    client.adopt(std::move(result.connection));
    client.write("ping");
    ASSERT_TRUE(wait([&] { return server.received == "ping"; }));
    server.write("pong");
    ASSERT_TRUE(wait([&] { return client.received == "pong"; }));
  }
  bool is_resumed() const { return static_cast<TlsConnection&>(*client.connection).is_resumed(); }

  std::filesystem::path folder;
  Certificate ca;
  std::shared_ptr<TlsServer> identity;
};

// A client with a certificate of its own, as no upstream needs it.
std::unique_ptr<TlsSession> client_with(const std::string& ca_file, const std::string& certificate,
                                        const std::string& key) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (!certificate.empty()) {
    SSL_CTX_use_certificate_chain_file(context, certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM);
  }
  SSL* ssl = SSL_new(context);
  SSL_CTX_free(context);
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsSession>(ssl, "server");
}

TEST_F(TlsTest, CarriesBytesBothWaysAndAgreesOnHttp2) {
  serve();
  connect_secure();
  EXPECT_EQ(server.connection->alpn(), "h2");
  EXPECT_EQ(client.connection->alpn(), "h2");
  EXPECT_TRUE(server.connection->is_tls());
  EXPECT_EQ(server.connection->peer_identity().subject, "");
}

TEST_F(TlsTest, VerifiesANameAsWellAsAnAddress) {
  serve();
  connect_secure("localhost");
}

TEST_F(TlsTest, CarriesMegabytesWithBackPressureBothWays) {
  serve();
  connect_secure();
  std::string sent(8'000'000, 'x');
  for (size_t i = 0; i < sent.size(); i += 7) sent[i] = static_cast<char>(i);
  server.received.clear();
  client.received.clear();
  server.on_bytes_hook = [&](Buffer& in) {
    server.received += in.to_string();
    server.connection->write(std::move(in));
    if (server.reads % 8 == 0) {
      server.connection->hold(Hold::kLane);
      loop.post([&] { server.connection->release(Hold::kLane); });
    }
  };
  client.write(sent);
  ASSERT_TRUE(wait([&] { return client.received.size() == sent.size(); }));
  EXPECT_EQ(server.received, sent);
  EXPECT_EQ(client.received, sent);
  EXPECT_GE(client.writable, 1);
  EXPECT_EQ(client.connection->unsent(), 0u);
}

TEST_F(TlsTest, OffersWhatWasLeftWhenTheHoldIsReleased) {
  serve();
  connect_secure();
  int offers = 0;
  server.received.clear();
  server.on_bytes_hook = [&](Buffer& in) {
    if (++offers == 1) {
      in.drop(3);
      return server.connection->hold(Hold::kPipeline);
    }
    server.received += in.to_string();
    in.clear();
  };
  client.write("onetwo");
  ASSERT_TRUE(wait([&] { return offers == 1; }));
  client.write("three");
  settle();
  EXPECT_EQ(offers, 1);
  server.connection->release(Hold::kPipeline);
  EXPECT_TRUE(wait([&] { return server.received == "twothree"; }));
}

TEST_F(TlsTest, CloseAfterFlushEndsBothSidesInOrder) {
  serve();
  connect_secure();
  server.on_end_hook = [&] { server.connection->close_after_flush(); };
  client.write("last words");
  client.connection->close_after_flush();
  ASSERT_TRUE(wait([&] { return server.closed && client.closed; }));
  EXPECT_EQ(server.received, "pinglast words");
  EXPECT_TRUE(server.ended);
  EXPECT_TRUE(server.closed->ok()) << *server.closed;
  EXPECT_TRUE(client.closed->ok()) << *client.closed;
}

TEST_F(TlsTest, AnInputCutShortIsAnError) {
  serve();
  connect_secure();
  client.connection.reset();  // FIN without close_notify.
  ASSERT_TRUE(wait([&] { return server.closed.has_value(); }));
  EXPECT_FALSE(server.ended);
  EXPECT_FALSE(server.closed->ok());
}

TEST_F(TlsTest, MayBeDestroyedInEveryCallback) {
  serve();
  for (const std::string where : {"bytes", "end", "closed"}) {
    SCOPED_TRACE(where);
    connect_secure();
    bool destroyed = false;
    const auto destroy = [&] {
      server.connection.reset();
      destroyed = true;
    };
    server.on_bytes_hook = [&](Buffer&) { destroy(); };
    server.on_end_hook = destroy;
    server.on_closed_hook = destroy;
    if (where == "bytes") client.write("x");
    if (where == "end") client.connection->close_after_flush();
    if (where == "closed") client.connection.reset();
    EXPECT_TRUE(wait([&] { return destroyed; }));
  }
}

TEST_F(TlsTest, ResumesTheSessionOfAnEarlierConnection) {
  serve();
  connect_secure();
  EXPECT_FALSE(is_resumed());
  connect_secure();
  EXPECT_TRUE(is_resumed());
  EXPECT_EQ(tls_clients.kept(), 1u);
  // Tickets stay good when the files are read again.
  ASSERT_TRUE(identity->reload().ok());
  connect_secure();
  EXPECT_TRUE(is_resumed());
}

TEST_F(TlsTest, ATicketIsNoWayAroundTheClientCertificate) {
  const std::string ticket_key = random_bytes(TlsServer::kTicketKeyBytes);
  identity = *TlsServer::load(files(false), ticket_key);
  listen(identity);
  connect_secure();
  ASSERT_EQ(tls_clients.kept(), 1u);
  // The same sockets and the same key; clients are asked for a certificate from now on.
  listener->set_tls(*TlsServer::load(files(true), ticket_key));
  server = Peer();
  client = Peer();
  DialResult result = dial(secure());
  if (result.connection == nullptr) return;  // Refused within the handshake, as TLS 1.2 does.
  client.adopt(std::move(result.connection));
  client.write("ping");
  ASSERT_TRUE(wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(server.received, "");
}

TEST_F(TlsTest, RefusesACertificateForAnotherHost) {
  use("server", {.name = "example.com", .alternatives = "DNS:example.com"});
  serve();
  const DialResult by_address = dial(secure());
  EXPECT_EQ(by_address.failure, UpstreamFailure::kTls);
  EXPECT_EQ(by_address.why.message(), "IP address mismatch (127.0.0.1)");
  const DialResult by_name = dial(secure("localhost"));
  EXPECT_EQ(by_name.failure, UpstreamFailure::kTls);
  EXPECT_EQ(by_name.why.message(), "hostname mismatch (localhost)");
}

TEST_F(TlsTest, RefusesAnExpiredCertificateAndOneOfAnUnknownIssuer) {
  use("server", {.name = "localhost", .alternatives = "DNS:localhost", .not_after = -60});
  serve();
  EXPECT_EQ(dial(secure("localhost")).why.message(), "certificate has expired (localhost)");
  ASSERT_TRUE(wait([&] { return server.closed.has_value(); }));  // Got the alert.
  EXPECT_NE(server.closed->message().find("certificate expired"), absl::string_view::npos)
      << *server.closed;
  use("server", {.name = "localhost", .alternatives = "DNS:localhost"});
  ASSERT_TRUE(identity->reload().ok());
  Origin stranger = secure("localhost");
  stranger.ca_file.clear();  // The system does not know our CA.
  stranger.seal();
  const DialResult result = dial(stranger);
  EXPECT_EQ(result.failure, UpstreamFailure::kTls);
  EXPECT_EQ(result.why.message(), "unable to get local issuer certificate (localhost)");
}

TEST_F(TlsTest, SaysWhenThePeerDoesNotSpeakTls) {
  listen();  // Plain.
  server.on_bytes_hook = [&](Buffer& in) {
    in.clear();
    server.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  };
  const DialResult result = dial(secure());
  EXPECT_EQ(result.failure, UpstreamFailure::kTls);
  EXPECT_EQ(result.why.message(), "TLS: wrong version number");
}

TEST_F(TlsTest, APlainClientIsTurnedAway) {
  serve();
  DialResult result = dial(origin());
  client.adopt(std::move(result.connection));
  client.write("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(wait([&] { return server.closed.has_value(); }));
  EXPECT_EQ(server.closed->message(), "TLS: http request");
  EXPECT_EQ(server.received, "");
}

TEST_F(TlsTest, MutualTlsShowsWhoTheClientIs) {
  serve(true);
  use("alice", {.name = "alice"});
  DialResult result = dial(origin());
  client.adopt(std::make_unique<TlsConnection>(
      loop, std::move(result.connection),
      client_with(path("ca.pem"), path("alice.pem"), path("alice.key"))));
  client.write("hello");
  ASSERT_TRUE(wait([&] { return server.received == "hello"; }));
  EXPECT_EQ(server.connection->peer_identity().subject, "CN=alice");
  EXPECT_EQ(server.connection->peer_identity().fingerprint_sha256.size(), 64u);
  EXPECT_EQ(server.connection->alpn(), "");
}

TEST_F(TlsTest, MutualTlsRefusesClientsWithoutACertificateOrWithAForeignOne) {
  serve(true);
  const Certificate foreign_ca = make_certificate({.name = "Foreign CA", .is_ca = true}, nullptr);
  save("mallory", make_certificate({.name = "mallory"}, &foreign_ca));
  for (const bool has_certificate : {false, true}) {
    server = Peer();
    client = Peer();
    DialResult result = dial(origin());
    client.adopt(std::make_unique<TlsConnection>(
        loop, std::move(result.connection),
        client_with(path("ca.pem"), has_certificate ? path("mallory.pem") : "",
                    path("mallory.key"))));
    client.write("hello");
    ASSERT_TRUE(wait([&] { return server.closed && client.closed; }));
    EXPECT_EQ(server.received, "");
    EXPECT_FALSE(server.closed->ok());
    EXPECT_FALSE(client.closed->ok());
  }
}

TEST_F(TlsTest, ASilentClientIsGivenUpByTheHandshakeLimit) {
  serve();
  DialResult result = dial(origin());
  client.adopt(std::move(result.connection));
  ASSERT_TRUE(wait([&] { return server.closed.has_value(); }, absl::Seconds(12)));
  EXPECT_EQ(server.closed->message(), "the TLS handshake timed out");
}

TEST_F(TlsTest, ChangedFilesAreUsedForNewConnectionsAndBadOnesAreNot) {
  serve();
  connect_secure("localhost");
  use("server", {.name = "other", .alternatives = "DNS:other"});
  ASSERT_TRUE(identity->reload().ok());
  tls_clients.forget();  // A resumed session shows no certificate.
  EXPECT_EQ(dial(secure("localhost")).why.message(), "hostname mismatch (localhost)");

  std::FILE* file = std::fopen(path("server.pem").c_str(), "w");
  std::fputs("not a certificate", file);
  std::fclose(file);
  EXPECT_NE(message(identity->reload()).find(path("server.pem")), std::string_view::npos);
  EXPECT_EQ(dial(secure("localhost")).why.message(), "hostname mismatch (localhost)");
}

TEST_F(TlsTest, SaysWhichFileCannotBeLoaded) {
  const std::string key = random_bytes(TlsServer::kTicketKeyBytes);
  TlsServerFiles missing = files();
  missing.certificate = path("none.pem");
  EXPECT_EQ(message(TlsServer::load(missing, key).status()),
            "cannot load the certificate '" + path("none.pem") + "': No such file or directory");
  TlsServerFiles foreign = files();
  foreign.private_key = path("ca.key");
  EXPECT_NE(TlsServer::load(foreign, key).status().message().find("does not belong"),
            absl::string_view::npos)
      << TlsServer::load(foreign, key).status();
  EXPECT_FALSE(trust.context(path("none.pem")).ok());
}

}  // namespace
}  // namespace omni::net
