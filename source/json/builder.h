// Writing a document of our own, member by member; commas are its business, and order is the
// caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace omni::json {

// Appends to a string that the caller owns. Keys are ours and need no escape. `raw` is JSON that
// stands as it is, `inside` what stands between a string's quotes, `plain` text to be escaped.
class Builder {
 public:
  explicit Builder(std::string& out) : out_(out) {}

  Builder& object() { return open('{'); }
  Builder& object(std::string_view key) { return this->key(key).open('{'); }
  Builder& end_object() { return close('}'); }
  Builder& array() { return open('['); }
  Builder& array(std::string_view key) { return this->key(key).open('['); }
  Builder& end_array() { return close(']'); }

  Builder& member(std::string_view key, std::string_view raw) { return this->key(key).item(raw); }
  Builder& text(std::string_view key, std::string_view inside) {
    return this->key(key).text_item(inside);
  }
  Builder& string(std::string_view key, std::string_view plain) {
    return this->key(key).string_item(plain);
  }
  Builder& number(std::string_view key, int64_t value);
  Builder& boolean(std::string_view key, bool value) {
    return member(key, value ? "true" : "false");
  }
  Builder& null(std::string_view key) { return member(key, "null"); }

  Builder& item(std::string_view raw);
  Builder& text_item(std::string_view inside);
  Builder& string_item(std::string_view plain);

  // For a value that is written piece by piece: the key and its colon, the value's begin.
  Builder& key(std::string_view key);
  // Behind key() when the value was appended to out().
  void after_value() { needs_comma_ = true; }
  // A string whose pieces are appended to out() before end_text().
  Builder& begin_text(std::string_view key);
  Builder& end_text();
  std::string& out() { return out_; }

 private:
  Builder& open(char bracket);
  Builder& close(char bracket);
  void comma();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace omni::json
