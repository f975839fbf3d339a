#include "source/server/restart.h"

#include <gtest/gtest.h>

#include <string>

namespace omni {
namespace {

TEST(InheritanceTest, WhatIsWrittenIsReadBack) {
  Inheritance handed;
  handed.ready_fd = 70;
  handed.ticket_key = std::string("\x00\xff;=,key\n", 9);
  handed.sockets = {
      {64, 0, "127.0.0.1:20128"}, {65, 1, "[::1]:443"}, {66, 2, "unix:/run/omni,route/a=b.sock"}};
  const Inheritance read = Inheritance::parse(handed.text());
  EXPECT_EQ(read.ready_fd, 70);
  EXPECT_EQ(read.ticket_key, handed.ticket_key);
  ASSERT_EQ(read.sockets.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.sockets[i].fd, handed.sockets[i].fd);
    EXPECT_EQ(read.sockets[i].listener, handed.sockets[i].listener);
    EXPECT_EQ(read.sockets[i].address, handed.sockets[i].address);
  }
}

TEST(InheritanceTest, NothingAndNonsenseAreNoInheritance) {
  EXPECT_TRUE(Inheritance::parse("").is_empty());
  EXPECT_EQ(Inheritance::parse("").ready_fd, -1);
  for (const char* text : {";;;", "=", "ready", "ready=x;64", "64=nocomma", "ticket=abc", "x=1,a"})
    EXPECT_TRUE(Inheritance::parse(text).is_empty()) << text;
  EXPECT_TRUE(Inheritance::parse(Inheritance().text()).is_empty());
}

}  // namespace
}  // namespace omni
