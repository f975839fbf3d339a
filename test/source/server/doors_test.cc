// What the doors ask of each worker when a configuration replaces another.
#include "source/server/doors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace omni {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kWorkers = 2;

ListenerConfig listener(size_t id, const std::string& name, const std::string& address) {
  ListenerConfig out;
  out.id = id;
  out.name = name;
  out.address = out.plain_address = address;
  out.takes_any_port = address.ends_with(":0");
  out.address_at = {"gateway.yaml", static_cast<int>(id), 7, "address of " + name};
  out.tls_at = {"gateway.yaml", static_cast<int>(id), 9, "tls of " + name};
  return out;
}

class DoorsTest : public testing::Test {
 protected:
  static GatewayConfig config(std::vector<ListenerConfig> listeners) {
    GatewayConfig out;
    out.listeners = std::move(listeners);
    return out;
  }
  // Puts them in force; the workers' changes keep the sockets open.
  const DoorChange& open(std::vector<ListenerConfig> listeners) {
    const auto error = doors_.prepare(config(std::move(listeners)), kWorkers);
    EXPECT_FALSE(error.has_value()) << error->text();
    changes_.push_back(doors_.open());
    EXPECT_THAT(changes_.back(), SizeIs(kWorkers));
    return changes_.back()[0];
  }
  // The address of the listener at `index`, with its port.
  std::string address(size_t index = 0) const {
    return doors_.handed().at(index * kWorkers).address;
  }
  static std::vector<size_t> replaced(const DoorChange& change) {
    std::vector<size_t> out;
    for (const DoorChange::Replaced& one : change.replaced) out.push_back(one.listener);
    return out;
  }

  Inheritance inheritance_;
  Doors doors_{inheritance_};
  std::vector<std::vector<DoorChange>> changes_;
};

TEST_F(DoorsTest, EachWorkerGetsASocketOfEachListener) {
  open({listener(1, "a", "127.0.0.1:0"), listener(2, "b", "127.0.0.1:0")});
  for (const DoorChange& change : changes_.back()) {
    ASSERT_THAT(change.opened, SizeIs(2));
    EXPECT_EQ(change.opened[0].doorway->listener, 1u);
    EXPECT_EQ(change.opened[1].socket.address().text(), address(1));
    EXPECT_THAT(change.retired, IsEmpty());
  }
  EXPECT_THAT(doors_.urls(), ElementsAre("http://" + address(0), "http://" + address(1)));
  EXPECT_THAT(doors_.handed(), SizeIs(2 * kWorkers));
}

TEST_F(DoorsTest, NothingIsAskedForWhatStaysAsItIs) {
  open({listener(1, "a", "127.0.0.1:0"), listener(2, "b", "127.0.0.1:0")});
  const auto urls = doors_.urls();
  const DoorChange& change =
      open({listener(2, "b", "127.0.0.1:0"), listener(1, "a", "127.0.0.1:0")});
  EXPECT_THAT(change.opened, IsEmpty());
  EXPECT_THAT(change.retired, IsEmpty());
  EXPECT_THAT(replaced(change), IsEmpty());
  EXPECT_THAT(doors_.urls(), ElementsAre(urls[1], urls[0]));
  EXPECT_EQ(doors_.handed()[0].name, "b");
}

TEST_F(DoorsTest, NewTermsAreForTheSameSocketsAndTheSameCount) {
  open({listener(1, "a", "127.0.0.1:0")});
  const auto before = changes_.back()[0].opened[0].doorway;
  ListenerConfig stricter = listener(1, "a", "127.0.0.1:0");
  stricter.limits.max_connections = 3;
  const DoorChange& change = open({stricter});
  EXPECT_THAT(change.opened, IsEmpty());
  EXPECT_THAT(change.retired, IsEmpty());
  EXPECT_THAT(replaced(change), ElementsAre(1));
  EXPECT_EQ(change.replaced[0].doorway->max_connections, 3u);
  EXPECT_EQ(change.replaced[0].doorway->connections, before->connections);
}

TEST_F(DoorsTest, WhoIsKnownAnewKeepsTheSocketsAndRetiresTheOldId) {
  open({listener(1, "a", "127.0.0.1:0")});
  const std::string where = address();
  // Another id for the port that was chosen, now written down.
  const DoorChange& change = open({listener(2, "a", where)});
  EXPECT_THAT(change.opened, IsEmpty());
  EXPECT_THAT(replaced(change), ElementsAre(1));
  EXPECT_EQ(change.replaced[0].doorway->listener, 2u);
  EXPECT_THAT(change.retired, ElementsAre(1));
  EXPECT_EQ(address(), where);
}

TEST_F(DoorsTest, AFailureLeavesNothingOpenAndSaysWhere) {
  open({listener(1, "a", "127.0.0.1:0")});
  const std::string free = [] {
    return net::BoundSocket::bind(*net::ListenAddress::parse("127.0.0.1:0"), false)
        ->address()
        .text();
  }();
  const auto taken = net::BoundSocket::bind(*net::ListenAddress::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(taken->listen().ok());
  const std::string where = taken->address().text();
  auto error = doors_.prepare(
      config({listener(1, "a", "127.0.0.1:0"), listener(2, "b", free), listener(3, "c", where)}),
      kWorkers);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->text(), "gateway.yaml:3:7: address of c: cannot listen on " + where +
                               ": address already in use");
  EXPECT_TRUE(net::BoundSocket::bind(*net::ListenAddress::parse(free), false)->listen().ok());
  EXPECT_THAT(doors_.handed(), SizeIs(kWorkers));

  ListenerConfig secure = listener(4, "d", "127.0.0.1:0");
  secure.tls = {"/none.pem", "/none.key", ""};
  error = doors_.prepare(config({secure}), kWorkers);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->text(),
            "gateway.yaml:4:9: tls of d: cannot load the certificate '/none.pem': No such file or "
            "directory");
}

TEST_F(DoorsTest, InheritedSocketsAreTakenByAddressAndTheRestIsClosed) {
  const auto bound = [](size_t place, const std::string& name) {
    auto socket = *net::BoundSocket::bind(*net::ListenAddress::parse("127.0.0.1:0"), true);
    const std::string text = socket.address().text();
    return HandedSocket{socket.release(), place, text, name};
  };
  const HandedSocket gone = bound(0, "gone"), kept = bound(1, "old name");
  inheritance_.sockets = {gone, kept};
  const DoorChange& change = open({listener(1, "new name", kept.address)});
  ASSERT_THAT(change.opened, SizeIs(1));
  EXPECT_EQ(change.opened[0].socket.fd(), kept.fd);
  EXPECT_THAT(changes_.back()[1].opened, SizeIs(1));  // The other worker's was bound beside it.
  EXPECT_EQ(::close(gone.fd), -1);
  EXPECT_TRUE(inheritance_.is_empty());
}

}  // namespace
}  // namespace omni
