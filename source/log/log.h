// The log: lines from any thread to one descriptor, written by one thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "source/log/log_ring.h"

namespace omni {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : uint8_t { kJson, kText };

// One thread's way into the log. Cheap: a copy into a ring, and a wake-up when the log thread
// sleeps.
class LogWriter {
 public:
  // A complete line with its newline.
  void line(std::string_view text);
  // One message in the log's own format. Never pass a secret.
  void message(LogLevel level, std::string_view text);
  bool wants(LogLevel level) const;

 private:
  friend class Log;
  explicit LogWriter(class Log& log) : log_(log) {}

  class Log& log_;
  LogRing ring_;
};

class Log {
 public:
  // Writes to `descriptor`, which stays open.
  explicit Log(int descriptor);
  ~Log();  // Writes what is queued.
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // A writer for the calling thread's use; lives as long as the log. Any thread.
  LogWriter& attach();

  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void set_format(LogFormat format) { format_.store(format, std::memory_order_relaxed); }
  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  LogFormat format() const { return format_.load(std::memory_order_relaxed); }

  // Lines that found a full ring, over all writers.
  uint64_t dropped() const;
  // Returns when everything pushed before the call has been written. Not on a loop.
  void flush();

 private:
  friend class LogWriter;

  void run();
  void wake();
  bool drain();

  const int descriptor_;
  std::atomic<LogLevel> level_{LogLevel::kInfo};
  std::atomic<LogFormat> format_{LogFormat::kJson};
  mutable std::mutex mutex_;  // Guards writers_, stopping_ and the sleep; never taken to log a line
                              // while the thread is awake.
  std::condition_variable something_;
  std::condition_variable written_;
  std::vector<std::unique_ptr<LogWriter>> writers_;
  std::atomic<bool> asleep_{false};
  bool stopping_ = false;
  int flushing_ = 0;  // Threads that wait in flush().
  uint64_t rounds_ = 0;
  std::thread thread_;
};

}  // namespace omni
