// Tells when the content of files changed, however it was changed: written in place, renamed over,
// swapped by a symbolic link (Kubernetes' `..data`), removed, or created after the watch began.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <vector>

#include "source/event/loop.h"

namespace omni {

// Directories are watched, because a watch on a file dies with the file; file attributes are polled
// too, because network and overlay file systems report nothing; contents are compared by hash, so
// that a touched file is no change. Files are read on the loop: keep them small.
class FileWatch {
 public:
  static constexpr absl::Duration kDebounce = absl::Milliseconds(200);
  static constexpr absl::Duration kPatience = absl::Seconds(1);
  static constexpr absl::Duration kPoll = absl::Seconds(2);

  // `on_change` is called once per burst of changes, `debounce` after its last sign (in a directory
  // that is never quiet: at most kPatience after its first), and once after the start whether or
  // not there was a change: the files may have changed since their owner read them. It may destroy
  // the watch.
  FileWatch(Loop& loop, std::vector<std::string> files, Dispatcher::Task on_change,
            absl::Duration debounce = kDebounce);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  struct File;
  struct Directory;

  void note_sign();
  void poll();
  void check();
  void watch(Directory& directory);

  Loop& loop_;
  Dispatcher::Task on_change_;
  absl::Duration debounce_;
  std::vector<File> files_;
  std::vector<std::unique_ptr<Directory>> directories_;
  std::unique_ptr<Timer> poll_timer_;
  std::unique_ptr<Timer> debounce_timer_;
  absl::Time first_sign_ = absl::InfiniteFuture();  // Since the last look.
  bool is_first_look_ = true;
  bool* gone_ = nullptr;  // Set while on_change_ runs.
};

}  // namespace omni
