#include "source/llm/text.h"

#include "source/base/status.h"
#include "source/json/escapes.h"
#include "source/json/writer.h"

namespace omni::llm {

absl::Status Text::of(const json::Skimmed& value, Text& out) {
  if (value.kind != json::Kind::kString) return invalid("must be a string");
  if (!value.is_plain) {
    if (json::has_control(value.inside())) return invalid("a control character stands in a string");
    std::string resolved;
    // Halves of a pair may come in two events.
    if (value.raw.find('\\') != std::string_view::npos &&
        !json::unescape(value.inside(), resolved, json::Surrogates::kAny))
      return invalid("a string holds a broken escape");
  }
  out = Text(value.inside());
  return absl::OkStatus();
}

std::string Text::decoded() const {
  std::string out;
  if (inside_.find('\\') == std::string_view::npos ||
      !json::unescape(inside_, out, json::Surrogates::kAny))
    out.assign(inside_);
  return out;
}

void append_escaped(std::string& out, std::string_view plain) {
  const size_t before = out.size();
  json::append_quoted(out, plain);
  out.pop_back();
  out.erase(before, 1);
}

void JsonProgress::feed(std::string_view decoded) {
  for (const char c : decoded) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      begun_ = true;
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
  }
}

}  // namespace omni::llm
