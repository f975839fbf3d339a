#include "source/log/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "source/log/log_line.h"
#include "source/log/log_ring.h"
#include "test/support/json.h"

namespace omni {
namespace {

// A file that the log writes to, gone from the disk already.
class LogFile {
 public:
  LogFile() {
    char name[] = "/tmp/omni-log-XXXXXX";
    descriptor_ = mkstemp(name);
    unlink(name);
  }
  ~LogFile() { close(descriptor_); }
  int descriptor() const { return descriptor_; }
  std::string text() const {
    std::string out(static_cast<size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(descriptor_, out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
    return out;
  }

 private:
  int descriptor_ = -1;
};

TEST(LogRingTest, WrapsAroundWithoutLosingAByte) {
  LogRing ring;
  std::string in, out;
  const std::string line(100'003, 'x');
  for (int i = 0; i < 50; ++i) {
    const std::string text = std::to_string(i) + line;
    ASSERT_TRUE(ring.push(text));
    in += text;
    if (i % 3 != 0) continue;
    const LogRing::Ready ready = ring.ready();
    out.append(ready.first).append(ready.second);
    ring.release(ready.size());
  }
  const LogRing::Ready rest = ring.ready();
  out.append(rest.first).append(rest.second);
  EXPECT_TRUE(in == out);
}

TEST(LogRingTest, AFullRingDropsWholeLinesAndCountsThem) {
  LogRing ring;
  const std::string half(LogRing::kBytes / 2, 'a');
  EXPECT_TRUE(ring.push(half));
  EXPECT_TRUE(ring.push(half)) << "to the last byte";
  EXPECT_FALSE(ring.push("b"));
  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_EQ(ring.ready().size(), LogRing::kBytes);
  ring.release(half.size());
  EXPECT_TRUE(ring.push("c"));
  EXPECT_FALSE(ring.push(std::string(LogRing::kBytes + 1, 'x')));
  EXPECT_EQ(ring.dropped(), 2u);
}

TEST(LogTest, FlushMeansWritten) {
  LogFile file;
  Log log(file.descriptor());
  LogWriter& writer = log.attach();
  for (int i = 0; i < 20; ++i) {
    writer.line("line " + std::to_string(i) + "\n");
    log.flush();
    EXPECT_NE(file.text().find("line " + std::to_string(i) + "\n"), std::string::npos);
  }
}

TEST(LogTest, WhatIsQueuedIsWrittenAtTheEnd) {
  LogFile file;
  {
    Log log(file.descriptor());
    log.attach().line("last words\n");
  }
  EXPECT_EQ(file.text(), "last words\n");
}

TEST(LogTest, LinesOfManyThreadsAllArriveWholeAndInOrder) {
  constexpr int kThreads = 4, kLines = 2000;
  LogFile file;
  {
    Log log(file.descriptor());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        LogWriter& writer = log.attach();
        for (int i = 0; i < kLines; ++i) {
          writer.line(std::to_string(t) + " " + std::to_string(i) + "\n");
          if (i % 500 == 0) log.flush();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log.dropped(), 0u);
  }
  std::map<int, int> next;
  size_t lines = 0;
  const std::string text = file.text();
  for (size_t at = 0; at < text.size(); ++lines) {
    const size_t end = text.find('\n', at);
    int t = 0, i = 0;
    ASSERT_EQ(std::sscanf(text.substr(at, end - at).c_str(), "%d %d", &t, &i), 2);
    ASSERT_EQ(i, next[t]++);
    at = end + 1;
  }
  EXPECT_EQ(lines, size_t{kThreads} * kLines);
}

// Nobody may wait for a flush that the log thread has forgotten.
TEST(LogTest, ManyFlushesAtOnceAllReturn) {
  LogFile file;
  Log log(file.descriptor());
  LogWriter& writer = log.attach();
  writer.line("x\n");
  std::vector<std::thread> threads;
  std::atomic<int> returned{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) log.flush();
      ++returned;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(returned, 4);
}

TEST(LogTest, MessagesObeyTheLevelAndTheFormat) {
  LogFile file;
  {
    Log log(file.descriptor());
    LogWriter& writer = log.attach();
    log.set_level(LogLevel::kWarning);
    writer.message(LogLevel::kInfo, "not seen");
    writer.message(LogLevel::kError, "say \"x\"\n");
    log.set_format(LogFormat::kText);
    writer.message(LogLevel::kWarning, "two\nlines");
  }
  const std::string text = file.text();
  const auto json = test::parse_json(text.substr(0, text.find('\n')));
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json["message"], "say \"x\"\n");
  EXPECT_NE(text.find(" warning two lines\n"), std::string::npos);
  EXPECT_EQ(text.find("not seen"), std::string::npos);
}

TEST(LogLineTest, TimesAreUtcWithMicroseconds) {
  std::string out;
  append_time(out, absl::FromUnixMicros(1'767'323'045'000'009));
  append_time(out, absl::FromUnixMicros(1'767'323'045'678'901));
  append_time(out, absl::FromUnixMicros(951'782'400'000'000));
  EXPECT_EQ(out,
            "2026-01-02T03:04:05.000009Z"
            "2026-01-02T03:04:05.678901Z"
            "2000-02-29T00:00:00.000000Z");
}

}  // namespace
}  // namespace omni
