#include "source/json/skim.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::json {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool ends_scalar(char c) {
  return is_blank(c) || c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || c == '{' ||
         c == '[';
}

// Four hexadecimal digits; -1 when they are not.
int32_t unit(std::string_view text) {
  if (text.size() < 4) return -1;
  int32_t out = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(text[static_cast<size_t>(i)]);
    if (digit < 0) return -1;
    out = out * 16 + digit;
  }
  return out;
}

void append_utf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// Takes what follows `\u`; surrogates come in pairs (RFC 8259 section 7).
bool take_unicode(std::string_view& rest, std::string& out) {
  const int32_t first = unit(rest);
  if (first < 0) return false;
  rest.remove_prefix(4);
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, static_cast<uint32_t>(first));
    return true;
  }
  if (first > 0xDBFF || rest.substr(0, 2) != "\\u") return false;
  const int32_t second = unit(rest.substr(2));
  if (second < 0xDC00 || second > 0xDFFF) return false;
  rest.remove_prefix(6);
  append_utf8(out, 0x10000u + ((static_cast<uint32_t>(first) - 0xD800u) << 10) +
                       (static_cast<uint32_t>(second) - 0xDC00u));
  return true;
}

bool take_escape(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  const char c = rest.front();
  rest.remove_prefix(1);
  if (c == 'u') return take_unicode(rest, out);
  constexpr std::string_view kNames = "\"\\/bfnrt", kBytes = "\"\\/\b\f\n\r\t";
  const size_t at = kNames.find(c);
  if (at == std::string_view::npos) return false;
  out += kBytes[at];
  return true;
}

// `inside` without its quotes.
bool unescape(std::string_view inside, std::string& out) {
  out.clear();
  while (!inside.empty()) {
    const size_t slash = inside.find('\\');
    out += inside.substr(0, slash);
    if (slash == std::string_view::npos) return true;
    inside.remove_prefix(slash + 1);
    if (!take_escape(inside, out)) return false;
  }
  return true;
}

bool has_control(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20) return true;
  return false;
}

// The grammar of RFC 8259 section 6; from_chars alone would take "inf" and "1.".
bool is_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const size_t first = at, whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// Bytes that neither end a string nor mean anything in it.
constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlainByte = make_plain_bytes();

// Walks one object or array.
class Skimmer {
 public:
  explicit Skimmer(std::string_view document) : text_(document) {}

  absl::Status walk(char open, char close, VisitSkimmed visit);

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  absl::Status take_key(Skimmed& member);
  absl::Status take_value(Skimmed& member);
  // The string that begins here, quotes included; empty when it does not end.
  std::string_view take_string();
  std::string_view take_scalar();

  static constexpr size_t kShort = 48;

  std::string_view text_;
  size_t at_ = 0;
  bool is_plain_ = false;  // The last string was short and holds neither escapes nor controls.
  std::string key_;
};

std::string_view Skimmer::take_string() {
  const size_t begin = at_++;
  // Names and words are short: one look at each byte finds all there is to know.
  const size_t near = std::min(text_.size(), at_ + kShort);
  is_plain_ = true;
  while (at_ < near && kPlainByte[static_cast<uint8_t>(text_[at_])]) ++at_;
  if (at_ < near && text_[at_] == '"') return text_.substr(begin, ++at_ - begin);
  is_plain_ = false;
  while (at_ < text_.size()) {
    const void* quote = std::memchr(text_.data() + at_, '"', text_.size() - at_);
    if (quote == nullptr) break;
    const auto end = static_cast<size_t>(static_cast<const char*>(quote) - text_.data());
    size_t slashes = 0;
    while (end - slashes > at_ && text_[end - slashes - 1] == '\\') ++slashes;
    at_ = end + 1;
    if (slashes % 2 == 0) return text_.substr(begin, at_ - begin);
  }
  return {};
}

std::string_view Skimmer::take_scalar() {
  const size_t begin = at_;
  while (at_ < text_.size() && !ends_scalar(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

absl::Status Skimmer::take_key(Skimmed& member) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != '"') return invalid("a member has no name");
  member.key_begin = text_.data() + at_;
  const std::string_view quoted = take_string();
  if (quoted.empty()) return invalid("a string is not closed");
  member.key = quoted.substr(1, quoted.size() - 2);
  if (!is_plain_) {
    if (has_control(member.key)) return invalid("a control character stands in a string");
    if (!unescape(member.key, key_)) return invalid("a string holds a broken escape");
    member.key = key_;
  }
  skip_blanks();
  return take(':') ? absl::OkStatus() : invalid("a member has no value");
}

absl::Status Skimmer::take_value(Skimmed& member) {
  skip_blanks();
  if (at_ >= text_.size()) return invalid("the document ends too early");
  const char first = text_[at_];
  if (first == '{' || first == '[') {
    const size_t size = nested_size(text_.substr(at_));
    if (size == 0) return invalid("the document ends too early");
    member.kind = first == '{' ? Kind::kObject : Kind::kArray;
    member.raw = text_.substr(at_, size);
    at_ += size;
    return absl::OkStatus();
  }
  if (first == '"') {
    member.kind = Kind::kString;
    member.raw = take_string();
    return member.raw.empty() ? invalid("a string is not closed") : absl::OkStatus();
  }
  member.raw = take_scalar();
  if (member.raw == "true" || member.raw == "false") {
    member.kind = Kind::kBoolean;
  } else if (member.raw == "null") {
    member.kind = Kind::kNull;
  } else {
    member.kind = Kind::kNumber;
    if (!is_number(member.raw)) return invalid("malformed JSON");
  }
  return absl::OkStatus();
}

absl::Status Skimmer::walk(char open, char close, VisitSkimmed visit) {
  skip_blanks();
  if (at_ == text_.size()) return invalid("empty");
  if (!take(open)) return invalid(open == '{' ? "not an object" : "not an array");
  skip_blanks();
  bool more = !take(close);
  while (more) {
    Skimmed member;
    if (open == '{') OMNI_RETURN_IF_ERROR(take_key(member));
    OMNI_RETURN_IF_ERROR(take_value(member));
    OMNI_RETURN_IF_ERROR(visit(member));
    skip_blanks();
    more = take(',');
    if (!more && !take(close)) return invalid("malformed JSON");
  }
  skip_blanks();
  return at_ == text_.size() ? absl::OkStatus() : invalid("something follows the document");
}

}  // namespace

absl::StatusOr<std::string> Skimmed::text() const {
  if (kind != Kind::kString) return invalid("wrong type");
  const std::string_view inside = raw.substr(1, raw.size() - 2);
  if (has_control(inside)) return invalid("a control character stands in a string");
  std::string out;
  if (!unescape(inside, out)) return invalid("a string holds a broken escape");
  return out;
}

absl::StatusOr<double> Skimmed::number() const {
  double out = 0;
  if (!is_number(raw)) return invalid("malformed JSON");
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), out);
  if (error == std::errc::result_out_of_range) return raw.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  return out;
}

absl::StatusOr<int64_t> Skimmed::integer() const {
  if (const std::optional<int64_t> plain = parse_int(raw)) return *plain;
  OMNI_ASSIGN_OR_RETURN(const double real, number());
  // Beyond 2^53 a double is no longer exact; nothing we read is that large.
  if (!(std::fabs(real) <= 9007199254740992.0)) return invalid("out of range");
  const auto whole = static_cast<int64_t>(real);
  if (static_cast<double>(whole) != real) return invalid("not an integer");
  return whole;
}

absl::Status skim_object(std::string_view document, VisitSkimmed visit) {
  return Skimmer(document).walk('{', '}', visit);
}

absl::Status skim_array(std::string_view document, VisitSkimmed visit) {
  return Skimmer(document).walk('[', ']', visit);
}

}  // namespace omni::json
