#include "source/buffer/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace omni {
namespace {

// A slice of a block that its reader will overwrite.
Slice lend(std::string_view bytes, Block*& block) {
  block = Block::create(bytes.size());
  std::memcpy(block->data(), bytes.data(), bytes.size());
  block->set_used(bytes.size());
  block->lend();
  block->ref();
  return Slice(block->data(), bytes.size(), block);
}

TEST(BufferTest, OwnCopiesWhatWasLent) {
  Block* block = nullptr;
  Buffer buffer("before ");
  buffer.append(lend("lent", block));
  Buffer shared = buffer.share();
  buffer.own();
  shared.own();
  std::memset(block->data(), '#', 4);
  block->unref();
  EXPECT_EQ(buffer.to_string(), "before lent");
  EXPECT_EQ(shared.to_string(), "before lent");
}

TEST(BufferTest, OwnKeepsLargeLoansWithoutCopying) {
  Block* block = nullptr;
  const std::string large(Buffer::kLargeLoan, 'x');
  Buffer buffer;
  buffer.append(lend(large, block));
  buffer.own();
  EXPECT_EQ(buffer.front().data(), block->data());
  EXPECT_TRUE(block->is_shared()) << "which tells the reader to take another block";
  block->give();
  block->unref();
  EXPECT_EQ(buffer.to_string(), large);
}

TEST(BufferTest, FlattenGivesPaddingThatLaterAppendsLeaveAlone) {
  Buffer buffer("abc");
  buffer.append_static("def");
  const std::string_view flat = buffer.flatten(64);
  EXPECT_EQ(flat, "abcdef");
  EXPECT_GE(buffer.slice(0).readable_after(), 64u);
  buffer.append("later");
  EXPECT_EQ(flat.data()[flat.size()], '\0');
  EXPECT_EQ(buffer.to_string(), "abcdeflater");
  EXPECT_EQ(Buffer().flatten(64), "");
}

TEST(BufferTest, AppendingToOneShareLeavesTheOtherAsItWas) {
  Buffer first("one");
  Buffer second = first.share();
  first.append(" more");
  second.append(" other");
  EXPECT_EQ(first.to_string(), "one more");
  EXPECT_EQ(second.to_string(), "one other");
}

TEST(BufferTest, AMovedBufferIsEmptyAndUsable) {
  Buffer from("bytes");
  Buffer to = std::move(from);
  EXPECT_TRUE(from.empty());  // NOLINT: the state after a move is part of the contract.
  from.append("again");
  EXPECT_EQ(from.to_string() + to.to_string(), "againbytes");
}

// Many random operations against a plain string; a second buffer takes part in the exchanges.
TEST(BufferTest, AgreesWithAString) {
  std::mt19937 random(42);
  for (int round = 0; round < 60; ++round) {
    Buffer buffer, other;
    std::string text, other_text;
    for (int step = 0; step < 200; ++step) {
      const size_t count = random() % 700;
      const std::string bytes(random() % 600, static_cast<char>('a' + random() % 26));
      if (text.size() > 8000) {
        buffer.clear();
        text.clear();
      }
      switch (random() % 10) {
        case 0:
        case 1:
          buffer.append(bytes);
          text += bytes;
          break;
        case 2:
          buffer.append_static("static");
          text += "static";
          break;
        case 3: {
          Buffer taken = buffer.take(count);
          ASSERT_EQ(taken.to_string(), text.substr(0, count));
          text.erase(0, count);
          other.append(std::move(taken));
          ASSERT_TRUE(taken.empty());  // NOLINT: moved from.
          other_text = other.to_string();
          break;
        }
        case 4:
          buffer.drop(count);
          text.erase(0, count);
          break;
        case 5:
          buffer.append(std::move(other));
          text += std::exchange(other_text, {});
          other = Buffer();
          break;
        case 6:
          ASSERT_EQ(buffer.flatten(random() % 2 == 0 ? 64 : 0), text);
          break;
        case 7: {
          Block* block = nullptr;
          buffer.append(lend("lent!", block));
          buffer.own();
          std::memset(block->data(), '#', 5);
          block->unref();
          text += "lent!";
          break;
        }
        case 8:
          other = buffer.share();
          other_text = text;
          break;
        default: {
          Buffer moved = std::move(buffer);
          buffer = std::move(moved);
        }
      }
      ASSERT_EQ(buffer.size(), text.size());
      ASSERT_EQ(buffer.to_string(), text);
      ASSERT_EQ(other.to_string(), other_text);
      ASSERT_EQ(buffer.empty(), text.empty());
    }
  }
}

}  // namespace
}  // namespace omni
