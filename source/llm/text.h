// A piece of text on its way from one JSON document into another.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "source/json/skim.h"

namespace omni::llm {

// What stands between the quotes of a JSON string, escapes and all. Most text only moves, and so is
// neither decoded nor encoded; two halves of an escape pair that arrive apart stay what they were.
// Not given is not the same as empty. A view: its owner is named where one is handed out.
class Text {
 public:
  Text() = default;
  // `inside` is valid between quotes: from of(), or escaped by us.
  explicit Text(std::string_view inside) : inside_(inside) {}
  // A string of a document, refused when it holds a broken escape or a control character.
  static absl::Status of(const json::Skimmed& value, Text& out);

  bool is_given() const { return inside_.data() != nullptr; }
  bool is_empty() const { return inside_.empty(); }
  std::string_view inside() const { return inside_; }
  // Escapes resolved; a lone surrogate becomes U+FFFD.
  std::string decoded() const;
  // Compares with text that needs no escape.
  bool is(std::string_view plain) const { return is_given() && inside_ == plain; }

 private:
  std::string_view inside_;
};

// A string; anything else is not given, which is what readers of answers make of it.
inline absl::Status take_text(const json::Skimmed& value, Text& out) {
  return value.kind == json::Kind::kString ? Text::of(value, out) : absl::OkStatus();
}

// Appends `plain` as it stands between quotes.
void append_escaped(std::string& out, std::string_view plain);

// Follows JSON text that arrives in fragments and tells whether it is a whole value by now.
class JsonProgress {
 public:
  void feed(std::string_view decoded);
  // An object or array was opened, and all that was opened is closed.
  bool is_whole() const { return begun_ && depth_ <= 0 && !in_string_; }

 private:
  int depth_ = 0;
  bool begun_ = false, in_string_ = false, escaped_ = false;
};

}  // namespace omni::llm
