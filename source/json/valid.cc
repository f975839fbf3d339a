#include "source/json/valid.h"

#include <bitset>

#include "source/json/escapes.h"

namespace omni::json {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  const char* at() const { return at_; }

  bool run() {
    for (;;) {
      if (!value()) return false;
      // Behind a value: the end, or the way on to the next one.
      for (;;) {
        blanks();
        if (depth_ == 0) return at_ == end_;
        if (at_ == end_) return false;
        const char c = *at_;
        if (c != ',' && c != (is_object_[depth_ - 1] ? '}' : ']')) return false;
        ++at_;
        if (c == ',') break;
        --depth_;
      }
      if (is_object_[depth_ - 1] && !key()) return false;
    }
  }

 private:
  // Opens containers down to the first scalar or empty container.
  bool value() {
    for (;;) {
      blanks();
      if (at_ == end_) return false;
      const char c = *at_;
      if (c != '{' && c != '[') return scalar();
      ++at_;
      blanks();
      if (at_ == end_) return false;
      if (*at_ == (c == '{' ? '}' : ']')) return ++at_, true;
      if (depth_ == kMaxDepth) return false;
      is_object_[static_cast<size_t>(depth_++)] = c == '{';
      if (c == '{' && !key()) return false;
    }
  }

  bool key() {
    blanks();
    if (at_ == end_ || *at_ != '"' || !string()) return false;
    blanks();
    return at_ != end_ && *at_ == ':' && (++at_, true);
  }

  bool scalar() {
    if (*at_ == '"') return string();
    const char* end = scalar_end(at_, end_);
    if (end == nullptr) return false;
    at_ = end;
    return true;
  }

  bool string() {
    for (++at_; at_ != end_; ++at_) {
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') return ++at_, true;
      if (c < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  // Leaves at_ on the escape's last byte.
  bool escape() {
    if (++at_ == end_) return false;
    if (*at_ != 'u') return std::string_view("\"\\/bfnrt").find(*at_) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      if (++at_ == end_) return false;
      const char c = *at_;
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
        return false;
    }
    return true;
  }

  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  const char* at_;
  const char* const end_;
  int depth_ = 0;
  std::bitset<kMaxDepth> is_object_;
};

}  // namespace

bool is_valid(std::string_view text) { return Checker(text).run(); }

size_t first_fault(std::string_view text) {
  Checker checker(text);
  (void)checker.run();
  return static_cast<size_t>(checker.at() - text.data());
}

}  // namespace omni::json
