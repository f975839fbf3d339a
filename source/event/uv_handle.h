// Owns a libuv handle. The rule that memory belongs to libuv until the close callback has run is
// obeyed in this one file and nowhere else.
#pragma once

#include <uv.h>

#include <utility>

namespace omni {

// The destructor starts the close and the close callback frees the memory, so the handle outlives
// this object by a loop iteration. `data` is null from then on: a callback that finds it so knows
// that its owner is gone, even when that happened inside the callback itself.
template <class Handle>
class UvHandle {
 public:
  UvHandle() : handle_(new Handle{}) {}
  UvHandle(UvHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  UvHandle& operator=(UvHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  UvHandle(const UvHandle&) = delete;
  UvHandle& operator=(const UvHandle&) = delete;
  ~UvHandle() { close(); }

  // Closes early. get() is null afterwards.
  void close() {
    Handle* handle = std::exchange(handle_, nullptr);
    if (handle == nullptr) return;
    auto* common = reinterpret_cast<uv_handle_t*>(handle);
    if (common->loop == nullptr) {  // Never initialised.
      delete handle;
      return;
    }
    common->data = nullptr;
    uv_close(common, [](uv_handle_t* h) { delete reinterpret_cast<Handle*>(h); });
  }

  Handle* get() const { return handle_; }
  uv_handle_t* base() const { return reinterpret_cast<uv_handle_t*>(handle_); }

 private:
  Handle* handle_;
};

}  // namespace omni
