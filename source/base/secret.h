// Text that must not be shown: keys, passwords, tokens. It has no stream operator, no formatter and
// no implicit conversion, and it overwrites its bytes when it dies.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace omni {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  bool empty() const { return text_.empty(); }
  size_t size() const { return text_.size(); }

  // The one way to the bytes. Call it where they go to the wire or into a digest, nowhere else.
  // Valid until this object changes or dies.
  std::string_view reveal() const { return text_; }

  // Compares in time that depends on the lengths only.
  bool equals(std::string_view other) const;

 private:
  void wipe() noexcept;

  std::string text_;
};

// Compares in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace omni
