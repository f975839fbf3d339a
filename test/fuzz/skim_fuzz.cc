// Stepping over a document finds what a strict parser finds in it: whatever nlohmann takes is
// taken, with the same keys, kinds, texts and numbers, at every depth.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/json/skim.h"
#include "source/json/valid.h"
#include "test/support/slow_nested_size.h"

namespace {

using omni::json::Kind;
using omni::json::Readable;
using omni::json::Skimmed;
using omni::json::Skimmer;

// What a walk saw, in one text.
void note(std::string& out, std::string_view key, Kind kind) {
  out.append(key).append("=").append(1, static_cast<char>('0' + static_cast<int>(kind)));
}

// False when the value itself is refused.
bool note_scalar(std::string& out, const Skimmed& value) {
  if (value.kind == Kind::kString) {
    const auto text = value.text();
    if (text.ok()) out.append(*text);
    return text.ok();
  }
  if (value.kind != Kind::kNumber) return true;
  const auto number = value.number();
  // The strict parser knows no `-0`: it is an integer to it.
  if (number.ok()) out.append(std::to_string(*number + 0.0));
  return number.ok();
}

bool walk(Skimmer& skimmer, std::string& out) {
  Skimmed member;
  while (skimmer.next(member)) {
    note(out, member.key, member.kind);
    if (member.kind == Kind::kObject || member.kind == Kind::kArray) {
      Skimmer inner(member);
      if (!walk(inner, out)) return false;
      out += ')';
    } else {
      if (!note_scalar(out, member)) out += '!';
    }
  }
  return skimmer.ok();
}

// The same notes, by a strict parser.
class Strict : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& notes() const { return notes_; }

  bool null() override { return take(Kind::kNull); }
  bool boolean(bool) override { return take(Kind::kBoolean); }
  bool number_integer(int64_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(uint64_t value) override { return number(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) override { return number(value); }
  bool string(std::string& text) override {
    if (!take(Kind::kString)) return false;
    notes_ += text;
    return true;
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Kind::kObject); }
  bool start_array(size_t) override { return open(Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& text) override {
    key_ = text;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  bool take(Kind kind) {
    if (depth_ > 0) note(notes_, key_, kind);
    key_.clear();
    return depth_ > 0;  // The document is an object.
  }
  bool number(double value) {
    if (!take(Kind::kNumber)) return false;
    notes_ += std::to_string(value + 0.0);
    return true;
  }
  bool open(Kind kind) {
    const bool is_good = depth_ == 0 ? kind == Kind::kObject : take(kind);
    ++depth_;
    return is_good;
  }
  bool close() {
    if (--depth_ > 0) notes_ += ')';
    return true;
  }

  std::string notes_;
  std::string key_;  // Of the next value; items have none.
  int depth_ = 0;
};

// It takes a byte order mark at the beginning, and a zero for the end.
bool is_strict_about(std::string_view text) {
  return text.substr(0, 1) != "\xEF" && text.find('\0') == std::string_view::npos;
}

// A backslash outside of a string is an error that nested_size() leaves to others.
bool has_stray_backslash(std::string_view text) {
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && !in_string) return true;
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      in_string = !in_string;
  }
  return false;
}

bool is_checked_object(std::string_view text) {
  Skimmer skimmer(text, Kind::kObject, Skimmer::Behind::kBlanks, Skimmer::Inner::kChecked);
  Skimmed member;
  while (skimmer.next(member)) {
  }
  return skimmer.ok();
}

bool is_valid_object(std::string_view text) {
  return omni::json::is_valid(text) && text[text.find_first_not_of(" \t\r\n")] == '{';
}

// A walk resolves its keys, and half of a surrogate pair is a fault there; it counts depth from its
// members.
bool is_plain_for_both(std::string_view text) {
  return text.find("\\u") == std::string_view::npos &&
         std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') <
             omni::json::kMaxDepth;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  // Exactly as many bytes as there are, so that a byte read behind them is seen.
  const auto exact = std::make_unique<char[]>(size);
  std::copy(data, data + size, exact.get());
  const std::string_view text(exact.get(), size);

  if (is_plain_for_both(text)) OMNI_CHECK(is_checked_object(text) == is_valid_object(text));

  std::string found;
  Skimmer skimmer(text, Kind::kObject);
  const bool is_taken = walk(skimmer, found);
  Strict strict;
  if (is_strict_about(text) && nlohmann::json::sax_parse(text, &strict)) {
    OMNI_CHECK(is_taken);
    OMNI_CHECK(found == strict.notes());
  }

  if ((text[0] == '{' || text[0] == '[') && !has_stray_backslash(text)) {
    OMNI_CHECK(omni::json::nested_size(text) == omni::test::slow_nested_size(text));
    // The bytes around a value change nothing.
    const size_t part = size / 2 + 1;
    OMNI_CHECK(omni::json::nested_size(text.substr(0, part), {text.data(), text.data() + size}) ==
               omni::test::slow_nested_size(text.substr(0, part)));
  }
  return 0;
}
