#include "source/server/ended_exchanges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/support/fake_dispatcher.h"

namespace omni {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeEnded final : public Ended {
 public:
  FakeEnded(std::string name, std::vector<std::string>& journal)
      : name_(std::move(name)), journal_(journal) {}
  ~FakeEnded() override { journal_.push_back("write " + name_); }
  void settle() override { journal_.push_back("settle " + name_); }

 private:
  const std::string name_;
  std::vector<std::string>& journal_;
};

class EndedExchangesTest : public testing::Test {
 protected:
  ~EndedExchangesTest() override { ended.close(); }
  void add(const std::string& name) { ended.add(std::make_unique<FakeEnded>(name, journal)); }
  std::vector<std::string> heard() { return std::exchange(journal, {}); }

  test::FakeDispatcher dispatcher;
  std::vector<std::string> journal;
  EndedExchanges ended{dispatcher};
};

TEST_F(EndedExchangesTest, WhatOthersWaitForIsLetGoAtTheEndOfTheTurn) {
  add("a");
  add("b");
  EXPECT_THAT(heard(), IsEmpty());
  dispatcher.end_turn();
  EXPECT_THAT(heard(), ElementsAre("settle a", "settle b"));
}

TEST_F(EndedExchangesTest, TheRestIsWrittenSoonWhenNothingElseComes) {
  add("a");
  dispatcher.end_turn();
  add("b");
  dispatcher.end_turn();
  heard();
  dispatcher.advance(EndedExchanges::kLongest);
  EXPECT_THAT(heard(), ElementsAre("write a", "write b"));
  add("c");
  dispatcher.end_turn();
  dispatcher.advance(EndedExchanges::kLongest);
  EXPECT_THAT(heard(), ElementsAre("settle c", "write c"));
}

TEST_F(EndedExchangesTest, EnoughOfThemAreWrittenAtOnce) {
  for (size_t i = 0; i < EndedExchanges::kBatch; ++i) {
    EXPECT_EQ(journal.size(), i);
    add(std::to_string(i));
    dispatcher.end_turn();
  }
  EXPECT_EQ(journal.size(), 2 * EndedExchanges::kBatch);
  EXPECT_EQ(journal.back(), "write 7");
}

TEST_F(EndedExchangesTest, ThoseOfOneTurnAreWrittenWithIt) {
  add("a");
  dispatcher.end_turn();
  heard();
  for (const char* name : {"b", "c", "d"}) add(name);
  dispatcher.end_turn();
  EXPECT_THAT(heard(), ElementsAre("settle b", "settle c", "settle d", "write a", "write b",
                                   "write c", "write d"));
}

TEST_F(EndedExchangesTest, WhoReadsNowWaitsForNone) {
  add("a");
  dispatcher.end_turn();
  add("b");
  heard();
  ended.write();
  EXPECT_THAT(heard(), ElementsAre("write a")) << "b is on the stack";
  dispatcher.end_turn();
  ended.close();
  EXPECT_THAT(heard(), ElementsAre("settle b", "write b"));
}

}  // namespace
}  // namespace omni
