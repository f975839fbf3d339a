#include "source/routing/handoff_book.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace omni::routing {
namespace {

TEST(HandoffBookTest, AConversationFindsItsOwnAndNobodyElses) {
  auto book = std::make_unique<HandoffBook>();
  EXPECT_EQ(book->find("one"), nullptr);
  book->put({.session = "one", .server = "a/main/m", .note = "so far"});
  ASSERT_NE(book->find("one"), nullptr);
  EXPECT_EQ(book->find("one")->server, "a/main/m");
  EXPECT_EQ(book->find("one")->note, "so far");
  EXPECT_EQ(book->find("two"), nullptr);
  book->put({.session = "one", .server = "b/main/m", .note = ""});
  EXPECT_EQ(book->find("one")->server, "b/main/m");
}

TEST(HandoffBookTest, WhatIsKeptIsBounded) {
  auto book = std::make_unique<HandoffBook>();
  for (int i = 0; i < 10'000; ++i)
    book->put({.session = std::to_string(i), .server = "a", .note = "x"});
  size_t kept = 0;
  for (int i = 0; i < 10'000; ++i) kept += book->find(std::to_string(i)) != nullptr ? 1 : 0;
  EXPECT_LE(kept, HandoffBook::kPlaces);
  EXPECT_GT(kept, HandoffBook::kPlaces / 2);
  book->put({.session = "long",
             .server = "a",
             .note = std::string(HandoffBook::kMostNoteBytes + 1, 'x')});
  EXPECT_EQ(book->find("long")->note, "");
}

TEST(HandoffBookTest, WhatHasChangedIsToldOnce) {
  auto book = std::make_unique<HandoffBook>();
  EXPECT_TRUE(book->take_changes().empty());
  book->put({.session = "one", .server = "a", .note = "", .next = "soon"});
  book->put({.session = "one", .server = "b", .note = "soon", .next = ""});
  book->put({.session = "two", .server = "a", .note = "", .next = ""});
  const auto changes = book->take_changes();
  ASSERT_EQ(changes.size(), 2u) << "the last of each";
  for (const HandoffBook::Change& each : changes) {
    EXPECT_EQ(each.place, HandoffBook::place_of(each.entry->session));
    EXPECT_EQ(each.entry->server, each.entry->session == "one" ? "b" : "a");
  }
  EXPECT_TRUE(book->take_changes().empty());
}

TEST(HandoffBookTest, ThreadsNeverSeeHalfOfAnEntry) {
  auto book = std::make_unique<HandoffBook>();
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker)
    threads.emplace_back([&book, worker] {
      for (int i = 0; i < 5'000; ++i) {
        const std::string word(64, static_cast<char>('a' + worker));
        book->put({.session = "s", .server = word, .note = word});
        const auto found = book->find("s");
        EXPECT_TRUE(found == nullptr || found->server == found->note);
      }
    });
  for (std::thread& each : threads) each.join();
}

}  // namespace
}  // namespace omni::routing
