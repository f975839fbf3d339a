// kill -9 at any moment: what was acknowledged is there, and the store opens.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "source/base/record_codec.h"
#include "source/base/strings.h"
#include "source/base/system_clock.h"
#include "source/store/tables.h"
#include "source/store/usage_log.h"
#include "test/source/store/store_fixture.h"

namespace omni::store {
namespace {

// The value of --crash=FOLDER,FD,FIRST that the parent test gave.
struct Order {
  std::string folder;
  int out = -1;
  uint64_t first = 0;
};

Order read_order() {
  for (const std::string& each : ::testing::internal::GetArgvs()) {
    if (!each.starts_with("--crash=")) continue;
    const std::string rest = each.substr(8);
    const std::vector<std::string_view> parts = split(rest, ',');
    if (parts.size() != 3) break;
    return {std::string(parts[0]), static_cast<int>(*parse_int(parts[1])),
            static_cast<uint64_t>(*parse_int(parts[2]))};
  }
  return {};
}

std::string number_key(uint64_t number) {
  std::string out;
  append_big64(out, number);
  return out;
}

void say(int out, uint64_t number) {
  if (::write(out, &number, sizeof number) != sizeof number) ::_exit(1);
}

// Writes numbered updates, eight in flight, and says each number that was acknowledged.
TEST(CrashChild, DISABLED_WritesUpdates) {
  const Order order = read_order();
  ASSERT_GE(order.out, 0);
  LmdbStore::Options options;
  options.path = order.folder;
  auto store = LmdbStore::open(std::move(options));
  ASSERT_TRUE(store.ok()) << message(store.status());
  QueueLoop loop;
  std::vector<std::unique_ptr<Pending>> pending(8);
  uint64_t next = order.first;
  std::function<void(size_t)> send = [&](size_t slot) {
    const uint64_t number = next++;
    pending[slot] = (*store)->update(
        loop,
        [number](Update& u) -> absl::Status {
          const std::string value(number % 7 == 0 ? 70'000 : 50 + number % 4000, 'v');
          OMNI_RETURN_IF_ERROR(u.put(kStateTable, number_key(number), std::to_string(number)));
          // Kept small by overwriting, so that pages are freed and used again.
          OMNI_RETURN_IF_ERROR(u.put(kStateTable, "churn" + std::to_string(number % 50), value));
          return u.append(kBulkTable, number_key(number), std::to_string(number));
        },
        [&, number, slot](const absl::Status& status) {
          if (!status.ok()) ::_exit(1);
          say(order.out, number);
          send(slot);
        });
  };
  for (size_t slot = 0; slot < pending.size(); ++slot) send(slot);
  loop.run_until([] { return false; }, std::chrono::seconds(30));
}

// Appends usage records and says the moment of each.
TEST(CrashChild, DISABLED_WritesUsage) {
  const Order order = read_order();
  ASSERT_GE(order.out, 0);
  LmdbStore::Options options;
  options.path = order.folder;
  auto store = LmdbStore::open(std::move(options));
  ASSERT_TRUE(store.ok());
  QueueLoop loop;
  UsageLog log(**store, loop, {});
  for (int i = 1; i < 20'000; ++i) {
    UsageRecord record;
    record.time_us = absl::ToInt64Microseconds(monotonic_now());
    log.append(record);
    say(order.out, static_cast<uint64_t>(record.time_us));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (i % 80 == 0) loop.fire_timers();
  }
}

class CrashTest : public StoreTest {
 protected:
  struct Child {
    pid_t pid;
    int in;
  };
  Child start(const std::string& test, uint64_t first) {
    int ends[2];
    OMNI_CHECK(::pipe(ends) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      const int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(quiet, STDOUT_FILENO);
      const std::string order =
          "--crash=" + path_ + "," + std::to_string(ends[1]) + "," + std::to_string(first);
      ::execl("/proc/self/exe", "omni_store_test", ("--gtest_filter=CrashChild." + test).c_str(),
              "--gtest_also_run_disabled_tests", order.c_str(), nullptr);
      ::_exit(3);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
  }
  // Everything the child said; kills it `after` its first word.
  std::vector<uint64_t> kill_after(Child child, std::chrono::milliseconds after) {
    std::vector<uint64_t> said;
    uint64_t number;
    if (::read(child.in, &number, sizeof number) == sizeof number) {
      said.push_back(number);
      std::thread killer([&] {
        std::this_thread::sleep_for(after);
        ::kill(child.pid, SIGKILL);
      });
      while (::read(child.in, &number, sizeof number) == sizeof number) said.push_back(number);
      killer.join();
    }
    ::kill(child.pid, SIGKILL);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    ::close(child.in);
    return said;
  }
};

TEST_F(CrashTest, NothingAcknowledgedIsLostInFiftyKills) {
  std::mt19937 random(20260101);
  uint64_t first = 1;
  size_t acknowledged = 0;
  for (int round = 0; round < 50; ++round) {
    const std::chrono::milliseconds after(random() % 60);
    const std::vector<uint64_t> said = kill_after(start("DISABLED_WritesUpdates", first), after);
    ASSERT_FALSE(said.empty());
    acknowledged += said.size();
    const absl::Status opened = open();
    ASSERT_TRUE(opened.ok()) << message(opened);
    ASSERT_TRUE(store_->warnings().empty()) << store_->warnings()[0];
    for (const uint64_t number : said) {
      ASSERT_EQ(get(kStateTable, number_key(number)), std::to_string(number));
      ASSERT_EQ(get(kBulkTable, number_key(number)), std::to_string(number));
      first = std::max(first, number + 1);
    }
    first += 100;  // Past what was written and not acknowledged.
    store_.reset();
  }
  EXPECT_GT(acknowledged, 200u);
}

TEST_F(CrashTest, UsageOlderThanASecondSurvivesAKill) {
  const std::vector<uint64_t> said =
      kill_after(start("DISABLED_WritesUsage", 0), std::chrono::milliseconds(2200));
  ASSERT_GT(said.size(), 100u);
  ASSERT_TRUE(open().ok());
  std::set<uint64_t> found;
  for (const auto& [key, value] : rows(kUsageTable)) {
    found.insert(static_cast<uint64_t>(UsageRecord::decode(value)->time_us));
  }
  size_t old = 0;
  for (const uint64_t moment : said) {
    if (moment + 1'000'000 > said.back()) continue;
    ++old;
    EXPECT_TRUE(found.contains(moment)) << said.back() - moment;
  }
  EXPECT_GT(old, 50u);
}

}  // namespace
}  // namespace omni::store
