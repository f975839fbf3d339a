// Listeners that come, go and change while the gateway runs, as the reloader sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "source/config/reloader.h"
#include "test/source/config/fake_world.h"

namespace omni {
namespace {

using testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr char kA[] = "  - { name: a, address: \"127.0.0.1:1\" }\n";
constexpr char kB[] = "  - { name: b, address: \"127.0.0.1:2\", management: false }\n";

class ListenerReloadTest : public testing::Test {
 protected:
  ListenerReloadTest() {
    world_.files["ca.pem"] = world_.files["cert.pem"] = "-----BEGIN CERTIFICATE-----";
    world_.files["key.pem"] = "-----BEGIN PRIVATE KEY-----";
  }

  ReloadResult load(const std::string& listeners) {
    world_.files["gateway.yaml"] = "listeners:\n" + listeners;
    ReloadResult result = reloader_.reload(kNow);
    EXPECT_THAT(result.warnings, ElementsAre());
    return result;
  }
  // Id by name; the snapshot and the configuration agree on it.
  std::map<std::string, size_t> ids(const std::string& listeners) {
    const ReloadResult result = load(listeners);
    EXPECT_NE(result.snapshot, nullptr);
    std::map<std::string, size_t> out;
    for (const ListenerConfig& listener : reloader_.config().listeners) {
      out[listener.name] = listener.id;
      const ListenerRoutes* routes = reloader_.snapshot()->find_listener(listener.id);
      EXPECT_NE(routes, nullptr);
      if (routes == nullptr) continue;
      EXPECT_EQ(routes->name, listener.name);
    }
    EXPECT_EQ(out.size(), reloader_.config().listeners.size());
    return out;
  }
  static std::string tls(const std::string& more = "") {
    return "  - { name: a, address: \"127.0.0.1:1\", tls: { certificate: cert.pem, private_key: "
           "key.pem" +
           more + " } }\n";
  }

  FakeWorld world_;
  std::optional<ConfigError> obstacle_;
  std::vector<std::string> prepared_;  // The addresses that were asked for last.
  Reloader reloader_{"gateway.yaml", world_.env(), Secret("pepper"),
                     [] { return std::vector<GatewayKey>(); },
                     [this](const GatewayConfig& next) {
                       prepared_.clear();
                       for (const ListenerConfig& listener : next.listeners)
                         prepared_.push_back(listener.address);
                       return obstacle_;
                     }};
};

TEST_F(ListenerReloadTest, TheyComeAndGoWithTheFile) {
  const auto before = ids(std::string(kA) + kB);
  const auto after = ids(std::string(kB) + "  - { name: c, address: \"127.0.0.1:3\" }\n");
  EXPECT_THAT(prepared_, ElementsAre("127.0.0.1:2", "127.0.0.1:3"));
  EXPECT_EQ(after.at("b"), before.at("b"));
  EXPECT_EQ(reloader_.snapshot()->find_listener(before.at("a")), nullptr);
  EXPECT_FALSE(reloader_.snapshot()->find_listener(after.at("b"))->management);
}

TEST_F(ListenerReloadTest, TheirOrderInTheFileMeansNothing) {
  const auto before = ids(std::string(kA) + kB);
  EXPECT_EQ(ids(std::string(kB) + kA), before);
  EXPECT_TRUE(reloader_.snapshot()->find_listener(before.at("a"))->management);
  EXPECT_FALSE(reloader_.snapshot()->find_listener(before.at("b"))->management);
}

TEST_F(ListenerReloadTest, AnIdIsNeverGivenTwice) {
  const size_t first = ids(kA).at("a");
  ids(kB);
  EXPECT_NE(ids(kA).at("a"), first);
}

// Whoever came in at the old address may be somebody whom the new rules are not for.
TEST_F(ListenerReloadTest, AnotherAddressIsAnotherListenerWhateverItsName) {
  const auto before = ids(std::string(kA) + kB);
  const auto moved = ids("  - { name: a, address: \"127.0.0.1:3\" }\n" + std::string(kB));
  EXPECT_NE(moved.at("a"), before.at("a"));
  const auto swapped =
      ids("  - { name: a, address: \"127.0.0.1:2\" }\n  - { name: b, address: \"127.0.0.1:3\" }\n");
  EXPECT_EQ(swapped.at("a"), before.at("b"));
  EXPECT_EQ(swapped.at("b"), moved.at("a"));
}

TEST_F(ListenerReloadTest, OneAddressWrittenInOtherWaysIsTheSame) {
  const size_t id = ids("  - { name: a, address: \"localhost:80\" }\n").at("a");
  EXPECT_EQ(ids("  - { name: a, address: \"127.0.0.1:080\" }\n").at("a"), id);
  const size_t v6 = ids("  - { name: a, address: \"[::1]:80\" }\n").at("a");
  EXPECT_EQ(ids("  - { name: a, address: \"[0:0:0::1]:80\" }\n").at("a"), v6);
  EXPECT_NE(v6, id);
}

TEST_F(ListenerReloadTest, APortThatTheKernelChoseGoesWithTheName) {
  const std::string c = "  - { name: c, address: \"127.0.0.1:0\" }\n";
  const std::string d = "  - { name: d, address: \"127.0.0.1:0\" }\n";
  const auto before = ids(c + d);
  EXPECT_NE(before.at("c"), before.at("d"));
  EXPECT_EQ(ids(d + c), before);
  EXPECT_NE(ids("  - { name: e, address: \"127.0.0.1:0\" }\n").at("e"), before.at("c"));
}

TEST_F(ListenerReloadTest, LimitsAndCertificatesChangeUnderTheSameId) {
  const size_t id = ids(tls()).at("a");
  world_.files["new.pem"] = world_.files["cert.pem"];
  EXPECT_EQ(ids("  - { name: a, address: \"127.0.0.1:1\", limits: { header_bytes: 8KiB }, tls: { "
                "certificate: new.pem, private_key: key.pem } }\n")
                .at("a"),
            id);
  EXPECT_EQ(reloader_.config().listeners[0].limits.header_bytes, 8u * 1024);
  EXPECT_EQ(reloader_.config().listeners[0].tls.certificate, "new.pem");
  EXPECT_EQ(ids(kA).at("a"), id);
}

// The routes may lean on it instead of keys.
TEST_F(ListenerReloadTest, WhoShowedNoCertificateStaysOutsideWhenOneIsAskedFor) {
  const size_t id = ids(tls()).at("a");
  const size_t asked = ids(tls(", client_ca: ca.pem")).at("a");
  EXPECT_NE(asked, id);
  world_.files["other.pem"] = world_.files["ca.pem"];
  const size_t other = ids(tls(", client_ca: other.pem")).at("a");
  EXPECT_NE(other, asked);
  EXPECT_EQ(ids(tls()).at("a"), other);
}

TEST_F(ListenerReloadTest, WhatCannotBePreparedChangesNothing) {
  const auto before = ids(kA);
  const auto snapshot = reloader_.snapshot();
  obstacle_ = ConfigError{"gateway.yaml", 3, 24, "listeners[1].address", "taken"};
  const ReloadResult refused = load(std::string(kA) + kB);
  EXPECT_EQ(refused.snapshot, nullptr);
  ASSERT_EQ(refused.errors.size(), 1u);
  EXPECT_EQ(refused.errors[0].text(), "gateway.yaml:3:24: listeners[1].address: taken");
  EXPECT_EQ(reloader_.snapshot(), snapshot);
  EXPECT_EQ(reloader_.config().listeners.size(), 1u);
  EXPECT_EQ(reloader_.status().generation, 1u);
  EXPECT_EQ(reloader_.status().reload_failures, 1u);
  EXPECT_EQ(reloader_.status().last_error->line, 3);
  obstacle_.reset();  // The same file is tried again.
  EXPECT_EQ(ids(std::string(kA) + kB).at("a"), before.at("a"));
  EXPECT_EQ(reloader_.status().generation, 2u);
  EXPECT_FALSE(reloader_.status().last_error.has_value());
}

TEST_F(ListenerReloadTest, KnowsWhereInTheFileEachStands) {
  load(std::string(kA) +
       "  - name: b\n    address: 127.0.0.1:2\n    tls: { certificate: cert.pem, "
       "private_key: key.pem }\n");
  const ListenerConfig& b = reloader_.config().listeners[1];
  EXPECT_EQ(b.address_at.file, "gateway.yaml");
  EXPECT_EQ(b.address_at.path, "listeners[1].address");
  EXPECT_EQ(b.address_at.line, 4);
  EXPECT_EQ(b.address_at.column, 14);
  EXPECT_EQ(b.tls_at.path, "listeners[1].tls");
  EXPECT_EQ(b.tls_at.line, 5);
  EXPECT_EQ(b.tls_at.column, 10);
}

}  // namespace
}  // namespace omni
