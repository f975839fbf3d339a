#include "source/event/send_batch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "source/event/loop.h"

namespace omni {
namespace {

// Sends what was given to it, in one piece or in two, and goes on until all is gone.
class Pair final : public Sender {
 public:
  explicit Pair(SendBatch& batch) : batch_(batch) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    here_ = ends[0];
    there_ = ends[1];
  }
  ~Pair() override {
    close(here_);
    if (there_ >= 0) close(there_);
  }

  void send(std::string bytes, bool in_pieces = false) {
    bytes_ += bytes;
    in_pieces_ = in_pieces;
    batch_.add(*this);
  }
  std::string received() const {
    std::string got(1 << 20, '\0');
    const ssize_t count = recv(there_, got.data(), got.size(), MSG_DONTWAIT);
    got.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    return got;
  }
  void hang_up() {
    close(there_);
    there_ = -1;
  }
  std::vector<int> results;
  std::function<void()> then = [] {};

 private:
  int socket() const override { return here_; }
  std::string_view to_send(absl::Span<char> scratch) override {
    if (!in_pieces_) return bytes_;
    std::copy(bytes_.begin(), bytes_.end(), scratch.data());
    return {scratch.data(), bytes_.size()};
  }
  void sent(int result) override {
    results.push_back(result);
    if (result > 0) bytes_.erase(0, static_cast<size_t>(result));
    then();
  }

  SendBatch& batch_;
  int here_ = -1, there_ = -1;
  std::string bytes_;
  bool in_pieces_ = false;
};

// Both ways must be indistinguishable; a machine without io_uring tests the second twice.
class SendBatchTest : public testing::TestWithParam<bool> {
 protected:
  std::vector<std::unique_ptr<Pair>> pairs(size_t count) {
    std::vector<std::unique_ptr<Pair>> all;
    for (size_t i = 0; i < count; ++i) all.push_back(std::make_unique<Pair>(batch_));
    return all;
  }

  Loop loop_;
  SendBatch batch_{loop_, GetParam()};
};

TEST_P(SendBatchTest, EachGetsItsBytes) {
  // One, a few, and more than fit into one submission or its scratch.
  for (const size_t count : {1u, 2u, 31u, 32u, 33u, 100u}) {
    const auto all = pairs(count);
    for (size_t i = 0; i < count; ++i)
      all[i]->send(std::string(1 + i * 40, static_cast<char>('a' + i % 26)), i % 2 == 0);
    loop_.run_once();
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(all[i]->received(), std::string(1 + i * 40, static_cast<char>('a' + i % 26)));
      EXPECT_EQ(all[i]->results, std::vector<int>{static_cast<int>(1 + i * 40)});
    }
  }
}

TEST_P(SendBatchTest, AFullSocketTakesWhatItCanAndThenNothing) {
  const auto all = pairs(3);
  all[1]->send(std::string(8 << 20, 'x'));
  all[0]->send("a");
  all[2]->send("b");
  loop_.run_once();
  ASSERT_EQ(all[1]->results.size(), 1u);
  EXPECT_GT(all[1]->results[0], 0);
  EXPECT_LT(all[1]->results[0], 8 << 20);
  batch_.add(*all[1]);
  all[0]->send("c");
  loop_.run_once();
  ASSERT_EQ(all[1]->results.size(), 2u);
  EXPECT_EQ(all[1]->results[1], -EAGAIN);
  EXPECT_EQ(all[0]->received(), "ac");
  EXPECT_EQ(all[2]->received(), "b");
}

TEST_P(SendBatchTest, APeerThatIsGoneHarmsNobodyElse) {
  const auto all = pairs(4);
  all[0]->hang_up();
  all[2]->hang_up();
  for (const auto& pair : all) pair->send("hello");
  loop_.run_once();
  EXPECT_EQ(all[0]->results, std::vector<int>{-EPIPE});
  EXPECT_EQ(all[1]->received(), "hello");
  EXPECT_EQ(all[2]->results, std::vector<int>{-EPIPE});
  EXPECT_EQ(all[3]->received(), "hello");
}

TEST_P(SendBatchTest, WhoIsGoneBeforeSendsNothing) {
  auto all = pairs(3);
  for (const auto& pair : all) pair->send("hello");
  all[0]->withdraw();
  all[2].reset();
  loop_.run_once();
  EXPECT_TRUE(all[0]->results.empty());
  EXPECT_EQ(all[0]->received(), "");
  EXPECT_EQ(all[1]->received(), "hello");
}

TEST_P(SendBatchTest, OneMayDestroyTheNextAndSendAgain) {
  auto all = pairs(70);  // So many that the row moves while it is gone through.
  for (const auto& pair : all) pair->send("1");
  bool is_again = false;
  all[0]->then = [&] {
    all[1].reset();
    if (!std::exchange(is_again, true)) all[0]->send("2");
  };
  loop_.run_once();
  EXPECT_EQ(all[0]->received(), "12");
  for (size_t i = 2; i < all.size(); ++i) EXPECT_EQ(all[i]->received(), "1");
}

// Whoever is destroyed by another's result sends what has not left, and not what has.
TEST_P(SendBatchTest, WhatHasLeftIsWaitingNoMore) {
  const auto all = pairs(2);
  bool is_waiting = false, has_left = false;
  all[0]->then = [&] {
    is_waiting = all[1]->is_waiting();
    has_left = !all[1]->received().empty();
  };
  for (const auto& pair : all) pair->send("x");
  EXPECT_TRUE(all[1]->is_waiting());
  loop_.run_once();
  EXPECT_EQ(is_waiting, !has_left);
  EXPECT_EQ(all[1]->results, std::vector<int>{1});
}

TEST_P(SendBatchTest, SendersMayOutliveIt) {
  Loop loop;
  auto batch = std::make_unique<SendBatch>(loop, GetParam());
  Pair pair(*batch);
  pair.send("x");
  batch.reset();
  loop.run_once();
  EXPECT_TRUE(pair.results.empty());
}

INSTANTIATE_TEST_SUITE_P(, SendBatchTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "ring" : "no_ring"; });

}  // namespace
}  // namespace omni
