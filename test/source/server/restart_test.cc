#include "source/server/restart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace omni {
namespace {

using testing::ElementsAre;

TEST(InheritanceTest, WhatIsWrittenIsReadBack) {
  Inheritance handed;
  handed.ready_fd = 70;
  handed.ticket_key = std::string("\x00\xff;=,key\n", 9);
  handed.sockets = {{64, 0, "127.0.0.1:20128", "main"},
                    {65, 1, "[::1]:443", "of a; b=c, d"},
                    {66, 2, "unix:/run/omni,route/a=b.sock", ""}};
  const Inheritance read = Inheritance::parse(handed.text());
  EXPECT_EQ(read.ready_fd, 70);
  EXPECT_EQ(read.ticket_key, handed.ticket_key);
  ASSERT_EQ(read.sockets.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.sockets[i].fd, handed.sockets[i].fd);
    EXPECT_EQ(read.sockets[i].listener, handed.sockets[i].listener);
    EXPECT_EQ(read.sockets[i].address, handed.sockets[i].address);
    EXPECT_EQ(read.sockets[i].name, handed.sockets[i].name);
  }
}

TEST(InheritanceTest, NothingAndNonsenseAreNoInheritance) {
  EXPECT_TRUE(Inheritance::parse("").is_empty());
  EXPECT_EQ(Inheritance::parse("").ready_fd, -1);
  for (const char* text : {";;;", "=", "ready", "ready=x;64", "64=nocomma", "ticket=abc", "x=1,a"})
    EXPECT_TRUE(Inheritance::parse(text).is_empty()) << text;
  EXPECT_TRUE(Inheritance::parse(Inheritance().text()).is_empty());
}

// Descriptors of the sockets that a listener takes.
std::vector<int> taken(Inheritance& from, const char* address, size_t listener,
                       const std::string& name) {
  std::vector<int> out;
  for (const HandedSocket& socket : from.take(*net::ListenAddress::parse(address), listener, name))
    out.push_back(socket.fd);
  return out;
}

TEST(InheritanceTest, AListenerTakesTheSocketsOfItsAddressWhereverItStood) {
  Inheritance from;
  from.sockets = {{64, 0, "127.0.0.1:1", "a"},
                  {65, 0, "127.0.0.1:1", "a"},
                  {66, 1, "127.0.0.1:2", "b"},
                  {67, 2, "unix:/run/x", "c"}};
  EXPECT_THAT(taken(from, "127.0.0.1:2", 0, "renamed"), ElementsAre(66));
  EXPECT_THAT(taken(from, "127.0.0.2:1", 0, "a"), ElementsAre());
  EXPECT_THAT(taken(from, "unix:/run/x", 0, "c"), ElementsAre(67));
  EXPECT_THAT(taken(from, "localhost:1", 5, "a"), ElementsAre(64, 65));
  EXPECT_TRUE(from.is_empty());
}

TEST(InheritanceTest, AChosenPortGoesWithTheNameAndFromOldVersionsWithThePlace) {
  Inheritance from;
  from.sockets = {{64, 0, "127.0.0.1:4711", "a"}, {65, 1, "127.0.0.1:4712", "b"}};
  EXPECT_THAT(taken(from, "127.0.0.1:0", 0, "c"), ElementsAre());
  EXPECT_THAT(taken(from, "127.0.0.1:0", 0, "b"), ElementsAre(65));
  Inheritance old = Inheritance::parse("ready=70;64=0,127.0.0.1:4711;65=1,127.0.0.1:4712");
  EXPECT_THAT(taken(old, "127.0.0.1:0", 1, "b"), ElementsAre(65));
}

}  // namespace
}  // namespace omni
