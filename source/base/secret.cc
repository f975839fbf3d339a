#include "source/base/secret.h"

#include <cstring>

namespace omni {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

bool Secret::equals(std::string_view other) const { return equal_in_constant_time(text_, other); }

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe();
  text_ = other.text_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = std::move(other.text_);
  other.wipe();
  return *this;
}

void Secret::wipe() noexcept {
  // The capacity, not the size: a moved-from short string keeps its bytes in place.
  explicit_bzero(text_.data(), text_.capacity());
  text_.clear();
}

}  // namespace omni
