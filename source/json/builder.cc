#include "source/json/builder.h"

#include <charconv>

#include "source/json/writer.h"

namespace omni::json {

void Builder::comma() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

Builder& Builder::key(std::string_view key) {
  comma();
  out_.push_back('"');
  out_.append(key);
  out_.append("\":");
  needs_comma_ = false;
  return *this;
}

Builder& Builder::open(char bracket) {
  comma();
  out_.push_back(bracket);
  needs_comma_ = false;
  return *this;
}

Builder& Builder::close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
  return *this;
}

Builder& Builder::item(std::string_view raw) {
  comma();
  out_.append(raw);
  return *this;
}

Builder& Builder::text_item(std::string_view inside) {
  comma();
  out_.push_back('"');
  out_.append(inside);
  out_.push_back('"');
  return *this;
}

Builder& Builder::string_item(std::string_view plain) {
  comma();
  append_quoted(out_, plain);
  return *this;
}

Builder& Builder::begin_text(std::string_view name) {
  key(name);
  comma();
  out_.push_back('"');
  return *this;
}

Builder& Builder::end_text() {
  out_.push_back('"');
  return *this;
}

Builder& Builder::number(std::string_view name, int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return member(name, {digits, static_cast<size_t>(end - digits)});
}

}  // namespace omni::json
