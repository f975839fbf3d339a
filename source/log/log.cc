#include "source/log/log.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "source/base/system_clock.h"
#include "source/log/log_line.h"

namespace omni {
namespace {

// Lines of a busy worker leave together: at most this late, at most so many wake-ups a second.
constexpr std::chrono::milliseconds kGather(50);

void write_all(int descriptor, std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    const iovec parts[] = {{const_cast<char*>(first.data()), first.size()},
                           {const_cast<char*>(second.data()), second.size()}};
    const ssize_t done = writev(descriptor, parts, 2);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;  // Nobody listens: the lines are lost, the program goes on.
    const size_t from_first = std::min(first.size(), static_cast<size_t>(done));
    first.remove_prefix(from_first);
    second.remove_prefix(static_cast<size_t>(done) - from_first);
  }
}

}  // namespace

void LogWriter::line(std::string_view text) {
  ring_.push(text);
  log_.wake();
}

bool LogWriter::wants(LogLevel level) const { return level >= log_.level(); }

void LogWriter::message(LogLevel level, std::string_view text) {
  if (wants(level)) line(message_line(log_.format(), wall_now(), level, text));
}

Log::Log(int descriptor) : descriptor_(descriptor) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "log");
}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_.notify_one();
  thread_.join();
}

LogWriter& Log::attach() {
  const std::lock_guard lock(mutex_);
  writers_.push_back(std::unique_ptr<LogWriter>(new LogWriter(*this)));
  return *writers_.back();
}

uint64_t Log::dropped() const {
  const std::lock_guard lock(mutex_);
  uint64_t total = 0;
  for (const auto& writer : writers_) total += writer->ring_.dropped();
  return total;
}

void Log::wake() {
  // Both sides exchange: either the sleeper comes second and sees the line, or we do and see him.
  if (!asleep_.exchange(false, std::memory_order_acq_rel)) return;
  // Taking the lock makes sure that the sleeper is either before its look or inside its wait.
  { const std::lock_guard lock(mutex_); }
  something_.notify_one();
}

void Log::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t target = rounds_ + 2;
  ++flushing_;
  asleep_.store(false);
  something_.notify_one();
  written_.wait(lock, [&] { return rounds_ >= target || stopping_; });
  --flushing_;
}

bool Log::drain() {
  std::vector<LogWriter*> writers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& writer : writers_) writers.push_back(writer.get());
  }
  bool wrote = false;
  for (LogWriter* writer : writers) {
    const LogRing::Ready ready = writer->ring_.ready();
    if (ready.size() == 0) continue;
    write_all(descriptor_, ready.first, ready.second);
    writer->ring_.release(ready.size());
    wrote = true;
  }
  return wrote;
}

void Log::run() {
  while (true) {
    const bool wrote = drain();
    std::unique_lock lock(mutex_);
    ++rounds_;
    written_.notify_all();
    if (flushing_ > 0) continue;
    if (wrote && !stopping_) {
      something_.wait_for(lock, kGather, [&] { return stopping_ || flushing_ > 0; });
      continue;
    }
    if (stopping_) {
      lock.unlock();
      drain();
      return;
    }
    asleep_.exchange(true, std::memory_order_acq_rel);
    lock.unlock();
    // A line may have come between the drain and the flag.
    if (drain()) {
      asleep_.store(false);
      continue;
    }
    lock.lock();
    something_.wait(lock, [&] { return stopping_ || flushing_ > 0 || !asleep_.load(); });
    asleep_.store(false);
  }
}

}  // namespace omni
