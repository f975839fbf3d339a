// A buffer that is nearly always empty, a pointer's size: for what every connection and every stage
// of a lane may have to put aside and few ever do.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "source/buffer/buffer.h"

namespace omni {

// Belongs to one thread, as a Buffer does.
class RareBuffer {
 public:
  bool empty() const { return box_ == nullptr; }
  size_t size() const { return box_ == nullptr ? 0 : box_->size(); }
  void clear() { box_.reset(); }
  // To the end.
  void append(Buffer&& bytes) {
    if (bytes.empty()) return;
    if (box_ == nullptr) box_ = std::make_unique<Buffer>();
    box_->append(std::move(bytes));
  }
  // A share of everything.
  Buffer share() const { return box_ == nullptr ? Buffer() : box_->share(); }
  // Everything, which leaves nothing here.
  Buffer take() {
    if (box_ == nullptr) return {};
    Buffer out = std::move(*box_);
    box_.reset();
    return out;
  }
  // As Buffer's.
  void own() {
    if (box_ != nullptr) box_->own();
  }

 private:
  std::unique_ptr<Buffer> box_;  // Not empty.
};

}  // namespace omni
