// Who has which conversation, over the lives of several processes with one store.
#include "source/server/handoff_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/source/server/keeper_fixture.h"

namespace omni {
namespace {

constexpr std::string_view kHandoffBook = "combo/relay#01";

// One process: its cells, its keeper, and the book that its configuration uses.
struct HandoffLife {
  HandoffLife(Store& store, test::FakeDispatcher& dispatcher, std::string_view used = kHandoffBook)
      : keeper(dispatcher, store, cells) {
    EXPECT_TRUE(keeper.load().ok());
    book = cells.handoffs(used);
    keeper.start();
  }
  ~HandoffLife() { keeper.save(); }

  std::string told(std::string_view session) const {
    const auto found = book->find(session);
    return found == nullptr ? "-" : found->server + "|" + found->note + "|" + found->next;
  }

  routing::CellRegistry cells;
  HandoffKeeper keeper;
  std::shared_ptr<routing::HandoffBook> book;
};

class HandoffKeeperTest : public test::KeeperTest {
 protected:
  size_t rows() {
    open();
    size_t count = 0;
    EXPECT_TRUE(store_
                    ->scan(kHandoffTable, "",
                           [&](std::string_view, std::string_view) {
                             ++count;
                             return true;
                           })
                    .ok());
    return count;
  }
};

TEST_F(HandoffKeeperTest, TheNextProcessKnowsWhoHasAConversation) {
  {
    HandoffLife process(*store_, loop_);
    process.book->put({.session = "one", .server = "a/main/m", .note = "n", .next = "x"});
    loop_.advance(absl::Seconds(1));
    process.book->put({.session = "two", .server = "b/main/m", .note = "", .next = ""});
  }
  open();
  HandoffLife next(*store_, loop_);
  EXPECT_EQ(next.told("one"), "a/main/m|n|x");
  EXPECT_EQ(next.told("two"), "b/main/m||");
  EXPECT_EQ(next.told("three"), "-");
}

TEST_F(HandoffKeeperTest, WhatIsPrivateIsNeverWritten) {
  {
    HandoffLife process(*store_, loop_);
    process.book->put({.session = "one", .server = "a/main/m", .note = "n", .next = ""});
    process.keeper.save();
    process.book->put(
        {.session = "one", .server = "b/main/m", .note = "n", .next = "", .is_private = true});
    process.book->put(
        {.session = "two", .server = "b/main/m", .note = "n", .next = "", .is_private = true});
  }
  EXPECT_EQ(rows(), 0u);
}

TEST_F(HandoffKeeperTest, RowsOfABookThatNobodyUsesAnyMoreAreErased) {
  {
    HandoffLife process(*store_, loop_);
    process.book->put({.session = "one", .server = "a/main/m", .note = "n", .next = ""});
  }
  EXPECT_EQ(rows(), 1u);
  { HandoffLife process(*store_, loop_, "combo/other#02"); }
  EXPECT_EQ(rows(), 0u);
}

TEST_F(HandoffKeeperTest, ABookThatIsGivenUpInTheMiddleIsErasedAsWell) {
  {
    HandoffLife process(*store_, loop_);
    process.book->put({.session = "one", .server = "a/main/m", .note = "n", .next = ""});
    loop_.advance(absl::Seconds(1));
    process.book.reset();
  }
  EXPECT_EQ(rows(), 0u);
}

TEST_F(HandoffKeeperTest, WhatIsOldOrMakesNoSenseIsErased) {
  {
    HandoffLife process(*store_, loop_);
    process.book->put({.session = "one", .server = "a/main/m", .note = "n", .next = ""});
  }
  open();
  store_->write([](Update& update) {
    OMNI_RETURN_IF_ERROR(update.put(kHandoffTable, "junk", "x"));
    return update.put(kHandoffTable, "combo/relay#01/0001", "");
  });
  EXPECT_EQ(rows(), 3u);
  loop_.advance(HandoffKeeper::kLongest + absl::Seconds(1));
  { HandoffLife process(*store_, loop_); }
  EXPECT_EQ(rows(), 0u);
}

TEST_F(HandoffKeeperTest, ThereAreNoMoreRowsThanPlaces) {
  {
    HandoffLife process(*store_, loop_);
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 1500; ++i)
        process.book->put({.session = std::to_string(round * 10'000 + i),
                           .server = "a/main/m",
                           .note = "n",
                           .next = ""});
      process.keeper.save();
    }
  }
  EXPECT_LE(rows(), routing::HandoffBook::kPlaces);
  EXPECT_GT(rows(), routing::HandoffBook::kPlaces / 2);
}

}  // namespace
}  // namespace omni
