#include "source/event/file_watch.h"

#include <sys/stat.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "source/base/digest.h"
#include "source/event/uv_handle.h"

namespace omni {
namespace {

// What stat() shows of a file; all zero when there is none. Follows symbolic links.
using Attributes = std::array<uint64_t, 6>;

Attributes attributes_of(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return {};
  return {s.st_dev,
          s.st_ino,
          static_cast<uint64_t>(s.st_size),
          static_cast<uint64_t>(s.st_mtim.tv_sec),
          static_cast<uint64_t>(s.st_mtim.tv_nsec),
          static_cast<uint64_t>(s.st_ctim.tv_nsec)};
}

std::optional<Digest> digest_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return sha256(bytes);
}

std::string directory_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<size_t>(slash, 1)));
}

// Two writes within one tick of the file system's clock leave the same time stamp.
bool is_fresh(const Attributes& attributes, absl::Time now) {
  return now - absl::FromUnixSeconds(static_cast<int64_t>(attributes[3])) < absl::Seconds(5);
}

}  // namespace

struct FileWatch::File {
  std::string path;
  Attributes attributes{};
  std::optional<Digest> digest;
};

struct FileWatch::Directory {
  explicit Directory(std::string where) : path(std::move(where)) {}
  std::string path;
  uint64_t device = 0;  // Of the directory under watch; it may be replaced by another.
  uint64_t inode = 0;
  std::optional<UvHandle<uv_fs_event_t>> handle;
};

FileWatch::FileWatch(Loop& loop, std::vector<std::string> files, Dispatcher::Task on_change,
                     absl::Duration debounce)
    : loop_(loop),
      on_change_(std::move(on_change)),
      debounce_(debounce),
      poll_timer_(loop.make_timer([this] { poll(); })),
      debounce_timer_(loop.make_timer([this] { check(); })) {
  for (std::string& path : files) {
    const std::string directory = directory_of(path);
    if (std::none_of(directories_.begin(), directories_.end(),
                     [&](const auto& known) { return known->path == directory; }))
      directories_.push_back(std::make_unique<Directory>(directory));
    files_.push_back({.path = path});
  }
  for (const auto& directory : directories_) watch(*directory);
  poll_timer_->arm(kPoll);
  note_sign();
}

FileWatch::~FileWatch() {
  if (gone_ != nullptr) *gone_ = true;
}

// Starts or renews the watch. Where that is impossible (no directory yet, no watches left) polling
// has to do.
void FileWatch::watch(Directory& directory) {
  const Attributes now = attributes_of(directory.path);
  if (directory.handle && now[0] == directory.device && now[1] == directory.inode) return;
  directory.handle.reset();
  if (now == Attributes{}) return;
  UvHandle<uv_fs_event_t> handle;
  if (uv_fs_event_init(loop_.uv(), handle.get()) != 0) return;
  handle.get()->data = this;
  const int started = uv_fs_event_start(
      handle.get(),
      [](uv_fs_event_t* event, const char*, int, int) {
        auto* self = static_cast<FileWatch*>(event->data);
        if (self == nullptr) return;
        const Loop::Turn turn(self->loop_);
        self->note_sign();
      },
      directory.path.c_str(), 0);
  if (started != 0) return;
  directory.handle.emplace(std::move(handle));
  directory.device = now[0];
  directory.inode = now[1];
}

void FileWatch::note_sign() {
  const absl::Time now = loop_.clock().now();
  first_sign_ = std::min(first_sign_, now);
  const absl::Duration patience = first_sign_ + std::max(debounce_, kPatience) - now;
  debounce_timer_->arm(std::clamp(patience, absl::ZeroDuration(), debounce_));
}

void FileWatch::poll() {
  poll_timer_->arm(kPoll);
  for (const auto& directory : directories_) watch(*directory);
  const bool looks_changed = std::any_of(files_.begin(), files_.end(), [](const File& file) {
    return attributes_of(file.path) != file.attributes;
  });
  if (looks_changed && !debounce_timer_->is_armed()) note_sign();
}

void FileWatch::check() {
  first_sign_ = absl::InfiniteFuture();
  bool changed = std::exchange(is_first_look_, false);
  for (File& file : files_) {
    // Taken before reading: a write in between shows at the next look.
    const Attributes attributes = attributes_of(file.path);
    if (attributes == file.attributes && !is_fresh(attributes, loop_.clock().now())) continue;
    file.attributes = attributes;
    std::optional<Digest> digest = digest_of(file.path);
    if (digest == file.digest) continue;
    file.digest = digest;
    changed = true;
  }
  if (!changed) return;
  // On the stack while it runs: it may destroy this watch.
  bool gone = false;
  gone_ = &gone;
  Dispatcher::Task task = std::move(on_change_);
  task();
  if (gone) return;
  gone_ = nullptr;
  on_change_ = std::move(task);
}

}  // namespace omni
