#include "source/llm/member_value.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace omni::llm {
namespace {

// A character that is no ASCII, and so nothing but content.
constexpr char kOther = 'x';

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The character that `token`, an escape or a byte, stands for.
char character_of(std::string_view token) {
  if (token.size() == 1) return token.front();
  switch (token[1]) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
    case 'f':
      return kOther;
    case 'u': {
      unsigned code = 0;
      std::from_chars(token.data() + 2, token.data() + token.size(), code, 16);
      return code < 0x80 ? static_cast<char>(code) : kOther;
    }
    default:
      return token[1];
  }
}

size_t token_size(std::string_view text) {
  const size_t size = text.front() != '\\' ? 1 : text.substr(1, 1) == "u" ? 6 : 2;
  return std::min(size, text.size());
}

}  // namespace

MemberValue::MemberValue(std::string_view key) : head_("{\"") {
  head_ += key;
  head_ += "\":";
}

void MemberValue::put(std::string_view inside, std::string& out) {
  while (!inside.empty()) {
    if (state_ == State::kTail) return;
    if (state_ == State::kOther) {
      out += inside;
      return;
    }
    const std::string_view token = inside.substr(0, token_size(inside));
    inside.remove_prefix(token.size());
    step(character_of(token), token, out);
  }
}

void MemberValue::step(char c, std::string_view token, std::string& out) {
  if (state_ == State::kValue) return value(c, token, out);
  held_ += token;
  head(c);
  if (state_ == State::kValue) held_.clear();
  if (state_ == State::kOther) out += std::exchange(held_, {});
}

void MemberValue::head(char c) {
  // Between the quotes of the key.
  const bool in_key = seen_ >= 2 && seen_ + 2 < head_.size();
  if (is_blank(c) && !in_key) return;
  if (c != head_[seen_]) {
    state_ = State::kOther;
  } else if (++seen_ == head_.size()) {
    state_ = State::kValue;
  }
}

void MemberValue::value(char c, std::string_view token, std::string& out) {
  if (ends_value(c)) {
    state_ = State::kTail;
    held_.clear();
    return;
  }
  if (depth_ == 0 && !in_string_ && is_blank(c)) {
    held_ += token;
    return;
  }
  if (!std::exchange(has_begun_, true)) held_.clear();
  out += std::exchange(held_, {});
  out += token;
}

bool MemberValue::ends_value(char c) {
  if (in_string_) {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return false;
  }
  if (depth_ == 0 && (c == '}' || c == ',')) return true;
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if (c == '}' || c == ']') --depth_;
  return false;
}

void MemberValue::finish(std::string& out) {
  if (state_ == State::kHead) out += std::exchange(held_, {});
}

}  // namespace omni::llm
