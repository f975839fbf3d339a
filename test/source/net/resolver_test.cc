#include "source/net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <vector>

#include "source/base/status.h"
#include "source/event/thread_loop.h"
#include "test/source/net/net_fixture.h"
#include "test/support/fake_dispatcher.h"

namespace omni::net {
namespace {

// Look-ups are answered by the test.
class ResolverTest : public testing::Test {
 protected:
  struct Asked {
    std::string name;
    Resolver::OnResult answer;
  };

  std::unique_ptr<Resolver::Query> ask(const std::string& name) {
    return resolver.resolve(dispatcher, name, [this](Resolver::Result result) {
      answers.push_back(result.ok() ? result->front().host_text()
                                    : std::string(result.status().message()));
    });
  }
  void answer(size_t index, const std::string& literal) {
    dispatcher.turn([&] {
      if (literal.empty()) return asked[index].answer(unavailable("no luck"));
      asked[index].answer(Resolver::Addresses{*SocketAddress::parse(literal, 0)});
    });
    dispatcher.run_until_idle();
  }
  std::unique_ptr<Resolver::Query> ask_now(const std::string& name) {
    auto query = ask(name);
    dispatcher.run_until_idle();
    return query;
  }

  test::FakeDispatcher dispatcher;
  std::vector<Asked> asked;
  std::vector<std::string> answers;
  Resolver resolver{dispatcher, [this](const std::string& name, Resolver::OnResult on_result) {
                      asked.push_back({name, std::move(on_result)});
                    }};
};

TEST_F(ResolverTest, AsksOnceForManyWaiters) {
  const auto first = ask_now("Example.com");
  const auto second = ask_now("example.com");
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].name, "example.com");
  EXPECT_TRUE(answers.empty());
  answer(0, "192.0.2.1");
  EXPECT_EQ(answers, (std::vector<std::string>{"192.0.2.1", "192.0.2.1"}));
}

TEST_F(ResolverTest, KeepsAnAnswerForThirtySecondsAndGivesAStaleOneWhileRefreshing) {
  auto query = ask_now("a");
  answer(0, "192.0.2.1");
  dispatcher.advance(absl::Seconds(29));
  query = ask_now("a");
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(answers.size(), 2u);
  dispatcher.advance(absl::Seconds(2));
  query = ask_now("a");
  EXPECT_EQ(asked.size(), 2u);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers.back(), "192.0.2.1");
  answer(1, "192.0.2.2");
  query = ask_now("a");
  EXPECT_EQ(answers.back(), "192.0.2.2");
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(ResolverTest, AFailedRefreshKeepsTheOldAnswerForTenMinutes) {
  auto query = ask_now("a");
  answer(0, "192.0.2.1");
  dispatcher.advance(absl::Minutes(5));
  query = ask_now("a");
  answer(1, "");
  EXPECT_EQ(answers.back(), "192.0.2.1");
  dispatcher.advance(absl::Minutes(4));
  query = ask_now("a");
  EXPECT_EQ(answers.back(), "192.0.2.1");
  answer(2, "");
  dispatcher.advance(absl::Minutes(2));
  query = ask_now("a");
  ASSERT_EQ(asked.size(), 4u);
  answer(3, "");
  EXPECT_EQ(answers.back(), "no luck");
}

TEST_F(ResolverTest, KeepsAnErrorForOneSecond) {
  auto query = ask_now("a");
  answer(0, "");
  query = ask_now("a");
  EXPECT_EQ(answers.size(), 2u);
  EXPECT_EQ(asked.size(), 1u);
  dispatcher.advance(absl::Seconds(1.1));
  query = ask_now("a");
  EXPECT_EQ(asked.size(), 2u);
  answer(1, "192.0.2.1");
  EXPECT_EQ(answers.back(), "192.0.2.1");
}

TEST_F(ResolverTest, LooksUpAtMostEightNamesTogether) {
  std::vector<std::unique_ptr<Resolver::Query>> queries;
  for (int i = 0; i < 12; ++i) queries.push_back(ask_now("n" + std::to_string(i)));
  EXPECT_EQ(asked.size(), 8u);
  answer(0, "192.0.2.1");
  EXPECT_EQ(asked.size(), 9u);
  for (size_t i = 1; i < 12; ++i) answer(i, "192.0.2.1");
  EXPECT_EQ(answers.size(), 12u);
}

TEST_F(ResolverTest, NamesOfThisHostAreNotLookedUp) {
  const auto one = ask_now("LocalHost");
  const auto two = ask_now("my.app.localhost.");
  EXPECT_EQ(answers, (std::vector<std::string>{"127.0.0.1", "127.0.0.1"}));
  const auto other = ask_now("notlocalhost");
  EXPECT_EQ(asked.size(), 1u);
  auto cancelled = ask("localhost");
  cancelled.reset();
  dispatcher.run_until_idle();
  EXPECT_EQ(answers.size(), 2u);
}

TEST_F(ResolverTest, ACancelledQueryIsNotAnswered) {
  auto before_asking = ask("a");
  before_asking.reset();
  dispatcher.run_until_idle();
  auto waiting = ask_now("a");
  waiting.reset();
  const auto other = ask_now("a");
  answer(0, "192.0.2.1");
  EXPECT_EQ(answers.size(), 1u);
}

TEST(SystemResolverTest, AnswersOnTheThreadThatAsked) {
  ThreadLoop owner("owner");
  std::unique_ptr<Resolver> resolver;
  owner.run_and_wait([&] { resolver = std::make_unique<Resolver>(owner.loop()); });
  Loop asker;
  std::optional<Resolver::Result> good;
  std::optional<Resolver::Result> bad;
  const auto one = resolver->resolve(asker, "localhost",
                                     [&](Resolver::Result result) { good = std::move(result); });
  // Refused without a look-up: no name is longer than 253 bytes.
  const auto two = resolver->resolve(asker, std::string(300, 'x'),
                                     [&](Resolver::Result result) { bad = std::move(result); });
  ASSERT_TRUE(run_until(asker, [&] { return good && bad; }));
  ASSERT_TRUE(good->ok()) << good->status();
  for (const SocketAddress& address : **good) EXPECT_TRUE(address.is_loopback());
  EXPECT_FALSE(bad->ok());
  owner.run_and_wait([&] { resolver.reset(); });
}

TEST(SystemResolverTest, ManyThreadsMayAskAndCancel) {
  ThreadLoop owner("owner");
  std::unique_ptr<Resolver> resolver;
  owner.run_and_wait([&] {
    resolver = std::make_unique<Resolver>(
        owner.loop(), [](const std::string&, Resolver::OnResult on_result) {
          on_result(Resolver::Addresses{*SocketAddress::parse("192.0.2.1", 0)});
        });
  });
  std::atomic<int> answered{0};
  {
    std::vector<std::unique_ptr<ThreadLoop>> askers;
    for (int i = 0; i < 3; ++i) askers.push_back(std::make_unique<ThreadLoop>("asker"));
    std::vector<std::unique_ptr<Resolver::Query>> kept(300);
    for (size_t i = 0; i < kept.size(); ++i) {
      Loop& loop = askers[i % 3]->loop();
      loop.post([&, i] {
        kept[i] = resolver->resolve(loop, "n" + std::to_string(i % 7),
                                    [&](const Resolver::Result&) { ++answered; });
        if (i % 5 == 0) kept[i].reset();
      });
    }
    while (answered < 240) std::this_thread::yield();
    for (size_t i = 0; i < 3; ++i)
      askers[i]->run_and_wait([&, i] {
        for (size_t k = i; k < kept.size(); k += 3) kept[k].reset();
      });
    owner.run_and_wait([&] { resolver.reset(); });
  }
  EXPECT_EQ(answered, 240);
}

}  // namespace
}  // namespace omni::net
