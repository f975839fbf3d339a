#include "source/store/ownership.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/store/lmdb_glue.h"

namespace omni::store {
namespace {

constexpr int kWaitMs = 5000;
constexpr int kRetryMs = 50;

std::string own_pid() { return fmt::format("{}\n", ::getpid()); }

bool write_all(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<size_t>(wrote);
  }
  return true;
}

}  // namespace

absl::Status system_status(int code, const std::string& what) { return lmdb_status(code, what); }

absl::Status write_file(const std::string& path, const std::string& text, bool must_last) {
  const std::string next = path + ".next";
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return system_status(errno, path);
  const bool is_written = write_all(fd, text) && (!must_last || ::fsync(fd) == 0);
  const int code = errno;
  ::close(fd);
  if (!is_written) return system_status(code, path);
  return ::rename(next.c_str(), path.c_str()) == 0 ? absl::OkStatus() : system_status(errno, path);
}

std::string read_file(const std::string& path) {
  std::string out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char piece[256];
  ssize_t got;
  while ((got = ::read(fd, piece, sizeof piece)) > 0) out.append(piece, static_cast<size_t>(got));
  ::close(fd);
  return out;
}

absl::StatusOr<std::unique_ptr<Ownership>> Ownership::take(const std::string& folder,
                                                           bool inherit) {
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return system_status(errno, path);
  std::unique_ptr<Ownership> out(new Ownership(folder, fd));
  for (int waited_ms = 0; !out->lock_now(); waited_ms += kRetryMs) {
    if (errno != EWOULDBLOCK) return system_status(errno, path);
    const std::string holder(trim(read_file(path)));
    if (inherit && holder == fmt::to_string(::getppid())) {
      out->is_shared_ = true;
      break;
    }
    if (!inherit || waited_ms >= kWaitMs) {
      return failed(fmt::format("is in use by process {}", holder));
    }
    ::poll(nullptr, 0, kRetryMs);
  }
  // While it is shared the marker is the other process's, which is alive.
  out->was_left_running_ = !out->is_shared_ && ::access((folder + "/running").c_str(), F_OK) == 0;
  return out;
}

bool Ownership::lock_now() {
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) return false;
  is_shared_ = false;
  // For the message of whoever finds it locked, and for a process that inherits.
  const std::string pid = own_pid();
  if (::ftruncate(lock_, 0) == 0) {
    [[maybe_unused]] const ssize_t wrote = ::pwrite(lock_, pid.data(), pid.size(), 0);
  }
  return true;
}

void Ownership::try_own() {
  if (is_shared_) lock_now();
}

absl::Status Ownership::mark_running() {
  OMNI_RETURN_IF_ERROR(write_file(folder_ + "/running", own_pid(), false));
  is_marked_ = true;
  return absl::OkStatus();
}

void Ownership::sync_folder() const {
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Ownership::~Ownership() {
  const std::string marker = folder_ + "/running";
  if (is_marked_ && read_file(marker) == own_pid()) ::unlink(marker.c_str());
  ::close(lock_);
}

}  // namespace omni::store
