// A member that few objects have: a pointer's size, and it reads as a default value where there is
// none.
#pragma once

#include <memory>

namespace omni {

template <class T>
class Seldom {
 public:
  const T& operator*() const {
    static const T nothing;
    return value_ ? *value_ : nothing;
  }
  const T* operator->() const { return &**this; }
  // To be written to.
  T& make() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace omni
