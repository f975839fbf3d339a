// Who may use a store's folder, and how its last user left it: a lock on the file `lock`, and the
// file `running` that exists while a process has the store open.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

namespace omni::store {

class Ownership {
 public:
  // kFailedPrecondition when another process has the store. With `inherit`, the process that
  // started this one may still have it (an in-place restart): then both share it until it ends.
  // Waits up to 5 s for any other holder when `inherit` is set.
  static absl::StatusOr<std::unique_ptr<Ownership>> take(const std::string& folder, bool inherit);
  Ownership(const Ownership&) = delete;
  Ownership& operator=(const Ownership&) = delete;
  // Says that the end was clean, unless another process has taken over.
  ~Ownership();

  // The starting process still has the store. Ask try_own() now and then.
  bool is_shared() const { return is_shared_; }
  void try_own();

  // Whether the last process ended without closing the store.
  bool was_left_running() const { return was_left_running_; }
  absl::Status mark_running();
  // The marker outlasts a power cut from here on.
  void sync_folder() const;

 private:
  Ownership(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  bool lock_now();

  std::string folder_;
  int lock_;
  bool is_shared_ = false;
  bool was_left_running_ = false;
  bool is_marked_ = false;
};

// Replaces `path` by `text`; another process sees the old file or the new one. When it `must_last`
// the text is on disk, and after a power cut too it is one or the other; which, the next sync of
// the folder settles.
absl::Status write_file(const std::string& path, const std::string& text, bool must_last);
// Empty when there is no such file.
std::string read_file(const std::string& path);
// The error in errno, with `what` before it.
absl::Status system_status(int code, const std::string& what);

}  // namespace omni::store
