// Writing into room that was reserved: no bound is looked at and nothing is allocated, so whoever
// starts a pen knows how much it can write at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace omni::json {

// What a text can grow to inside a string, quotes included.
constexpr size_t quoted_bound(size_t size) { return 6 * size + 2; }
// Digits of a 64-bit number and its sign.
inline constexpr size_t kMostDigits = 20;

class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}

  // Behind what was written.
  char* at() const { return at_; }

  // The next `size` bytes, for the caller to fill.
  char* room(size_t size) {
    char* from = at_;
    at_ += size;
    return from;
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // The size is known where this is compiled, so that the copy is a few moves.
  template <size_t kSize>
  void literal(const char (&text)[kSize]) {
    std::memcpy(at_, text, kSize - 1);
    at_ += kSize - 1;
  }
  // Writes up to kMostDigits bytes, whatever the value.
  void number(int64_t value) {
    if (value >= 0 && value < 10) {
      put(static_cast<char>('0' + value));
    } else {
      long_number(value);
    }
  }
  // Six digits, zeros in front; `value` is below a million.
  void six_digits(uint32_t value);
  // A JSON string, as append_quoted() writes it. Writes up to quoted_bound() bytes.
  void quoted(std::string_view text) {
    put('"');
    inside(text);
    put('"');
  }
  // The same without the quotes.
  void inside(std::string_view text) {
    if (!plain(text)) escaped(text);
  }

 private:
  void long_number(int64_t value);
  // Copies a text that stands for itself; false, and nothing written, for others.
  bool plain(std::string_view text);
  void escaped(std::string_view text);

  char* at_;
};

}  // namespace omni::json
