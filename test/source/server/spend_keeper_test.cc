// What keys have spent, over the lives of several processes with one store.
#include "source/server/spend_keeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "source/store/tables.h"
#include "test/source/server/keeper_fixture.h"
#include "test/support/test_snapshot.h"

namespace omni {
namespace {

constexpr MoneyBudget kBudget{
    .limit_nanos = 1000, .period = BudgetPeriod::kDaily, .warn_nanos = 800};

// One process: its cells, its snapshot, its keeper.
struct Life {
  Life(Store& store, test::FakeDispatcher& dispatcher) : keeper(store, dispatcher) {
    GatewayKey key{.id = "k1", .name = "ci"};
    key.rules.budget = kBudget;
    key.limits = cells.attach(key.id, key.rules);
    limits = key.limits;
    snapshot = test::SnapshotBuilder().key("sk", key).build();
    EXPECT_TRUE(keeper.adopt(*snapshot).ok());
  }

  KeyCells cells;
  KeyLimits limits;
  std::shared_ptr<const Snapshot> snapshot;
  SpendKeeper keeper;
};

class SpendKeeperTest : public test::KeeperTest {
 protected:
  int64_t today() { return period_number(kBudget.period, loop_.clock().now()); }
  int64_t spent(const Life& life) {
    return static_cast<int64_t>(life.limits.spend->spent.read(today()).count);
  }
  void spend(Life& life, uint64_t nanos) { life.limits.spend->spent.add(today(), nanos); }
  std::optional<SpendRecord> record() {
    return *Table<SpendRecord>(*store_, kSpendTable).get("k1 daily");
  }
  // A quarter of a second passes, and the disk has answered.
  void save() {
    loop_.advance(SpendKeeper::kSaveEvery);
    wait_until([&] { return loop_.posted() > 0; });
    loop_.run_until_idle();
  }
  template <class Condition>
  static void wait_until(Condition is_reached) {
    for (int i = 0; i < 2000 && !is_reached(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(is_reached());
  }
};

TEST_F(SpendKeeperTest, TheNextProcessKnowsWhatWasSpent) {
  {
    Life life(*store_, loop_);
    spend(life, 300);
    life.limits.spend->unpriced.add(today(), 2);
    EXPECT_TRUE(is_first_in(life.limits.spend->near_limit_told, today()));
    save();
    spend(life, 50);  // Saved by the keeper's end.
  }
  open();
  Life next(*store_, loop_);
  EXPECT_EQ(spent(next), 350);
  EXPECT_EQ(next.limits.spend->unpriced.read(today()).count, 2u);
  EXPECT_FALSE(is_first_in(next.limits.spend->near_limit_told, today()));
}

TEST_F(SpendKeeperTest, AQuarterOfASecondLaterItIsOnDisk) {
  Life life(*store_, loop_);
  spend(life, 300);
  save();
  ASSERT_TRUE(record());
  EXPECT_EQ(*record(), (SpendRecord{.number = today(), .nanos = 300}));
  life.limits.spend->spent.give_back(life.limits.spend->spent.read(today()).period, 100);
  save();
  EXPECT_EQ(record()->nanos, 200);
}

TEST_F(SpendKeeperTest, ANewPeriodBeginsAtNothing) {
  Life life(*store_, loop_);
  spend(life, 300);
  save();
  loop_.advance(absl::Hours(24));
  spend(life, 7);
  save();
  EXPECT_EQ(*record(), (SpendRecord{.number = today(), .nanos = 7}));
  loop_.advance(absl::Hours(24));
  Life next(*store_, loop_);
  EXPECT_EQ(spent(next), 0);
}

TEST_F(SpendKeeperTest, TwoProcessesWithOneStoreAddUp) {
  Life old(*store_, loop_);
  spend(old, 100);
  save();
  Life next(*store_, loop_);
  EXPECT_EQ(spent(next), 100);
  spend(old, 30);
  save();
  spend(next, 5);
  save();
  EXPECT_EQ(record()->nanos, 135);
  EXPECT_EQ(spent(next), 135);
}

TEST_F(SpendKeeperTest, AReloadKeepsTheCellAndReadsNothingAgain) {
  Life life(*store_, loop_);
  spend(life, 100);
  save();
  EXPECT_TRUE(life.keeper.adopt(*life.snapshot).ok());
  EXPECT_EQ(spent(life), 100);
}

}  // namespace
}  // namespace omni
