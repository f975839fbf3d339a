// Takes the value of one member out of an object that arrives in pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace omni::llm {

// The object is text inside a JSON string, and its escapes stay as they came: a piece never ends
// within one. What is no such object passes as it is.
class MemberValue {
 public:
  // Of the object's only member; `key` needs no escapes.
  explicit MemberValue(std::string_view key);

  // Appends what of the value `inside` brings.
  void put(std::string_view inside, std::string& out);
  // The text has ended: what was held back is no value.
  void finish(std::string& out);
  // The value has begun and goes on.
  bool is_open() const { return state_ == State::kValue; }

 private:
  enum class State : unsigned char { kHead, kValue, kTail, kOther };

  void step(char c, std::string_view token, std::string& out);
  void head(char c);
  void value(char c, std::string_view token, std::string& out);
  bool ends_value(char c);

  std::string head_;  // {"KEY":
  State state_ = State::kHead;
  size_t seen_ = 0;         // Of head_; blanks do not count.
  std::string held_;        // Of the head, or blanks that may stand behind the value.
  bool has_begun_ = false;  // The value: blanks in front of it are not of it either.
  int depth_ = 0;           // Within the value.
  bool in_string_ = false, is_escaped_ = false;
};

}  // namespace omni::llm
