#include "source/base/cell_map.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace omni {
namespace {

struct Cell {
  explicit Cell(int begun_with = 0) : value(begun_with) {}
  int value;
};

TEST(CellMapTest, ANameKeepsItsCellAsLongAsSomebodyHoldsIt) {
  CellMap<Cell> cells;
  std::shared_ptr<Cell> before = cells.at("ci", 1);
  before->value = 7;
  const std::shared_ptr<Cell> after = cells.at("ci", 1);
  EXPECT_EQ(before, after);
  before.reset();
  EXPECT_EQ(cells.at("ci", 1)->value, 7);
  EXPECT_EQ(cells.at("other", 2)->value, 2);
}

TEST(CellMapTest, VisitsThoseThatAreHeld) {
  CellMap<Cell> cells;
  const std::shared_ptr<Cell> held = cells.at("held", 3);
  cells.at("gone");
  std::vector<std::string> seen;
  cells.each([&](const std::string& name, const Cell& cell) {
    seen.push_back(name + std::to_string(cell.value));
  });
  EXPECT_EQ(seen, std::vector<std::string>{"held3"});
}

TEST(CellMapTest, NobodysCellBeginsAnew) {
  CellMap<Cell> cells;
  cells.at("ci")->value = 7;
  EXPECT_EQ(cells.at("ci")->value, 0);
}

TEST(CellMapTest, NamesThatNobodyHoldsAreForgotten) {
  CellMap<Cell> cells;
  std::vector<std::shared_ptr<Cell>> held;
  for (int i = 0; i < 10'000; ++i) {
    std::shared_ptr<Cell> cell = cells.at(std::to_string(i));
    if (i % 100 == 0) held.push_back(std::move(cell));
  }
  EXPECT_LT(cells.size(), 300u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(cells.at(std::to_string(i * 100)), held[static_cast<size_t>(i)]);
}

}  // namespace
}  // namespace omni
