// Stepping over a document finds what a strict parser finds in it: whatever simdjson takes is
// taken, with the same keys, kinds, texts and numbers, at every depth.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/json/skim.h"
#include "test/support/slow_nested_size.h"

namespace {

using omni::json::Kind;
using omni::json::Readable;
using omni::json::Skimmed;
using omni::json::Skimmer;
using omni::json::Value;

// What a walk saw, in one text.
void note(std::string& out, std::string_view key, Kind kind) {
  out.append(key).append("=").append(1, static_cast<char>('0' + static_cast<int>(kind)));
}

// simdjson 3.0 misreads numbers of more digits than a 64-bit integer holds.
constexpr size_t kComparedDigits = 18;

// False when the value itself is refused.
template <class Read>
bool note_scalar(std::string& out, Kind kind, std::string_view raw, Read& value) {
  if (kind == Kind::kString) {
    const auto text = value.text();
    if (text.ok()) out.append(*text);
    return text.ok();
  }
  if (kind != Kind::kNumber) return true;
  const auto number = value.number();
  if (number.ok() && raw.size() <= kComparedDigits) out.append(std::to_string(*number));
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
      if (!note_scalar(out, member.kind, member.raw, member)) out += '!';
    }
  }
  return skimmer.ok();
}

absl::Status strict(std::string_view key, Value& value, std::string& out) {
  note(out, key, value.kind());
  absl::Status status;
  if (value.kind() == Kind::kObject) {
    status = value.members(
        [&](std::string_view inner, Value& each) { return strict(inner, each, out); });
    out += ')';
  } else if (value.kind() == Kind::kArray) {
    status = value.items([&](Value& each) { return strict("", each, out); });
    out += ')';
  } else if (value.kind() == Kind::kBoolean) {
    status = value.boolean().status();  // Until it is read, any word with that first letter is one.
  } else if (value.kind() == Kind::kNull) {
    if (value.raw() != "null") status = omni::invalid("refused");
  } else {
    if (!note_scalar(out, value.kind(), value.raw(), value)) status = omni::invalid("refused");
  }
  return status;
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  // Exactly as many bytes as there are, so that a byte read behind them is seen.
  const auto exact = std::make_unique<char[]>(size);
  std::copy(data, data + size, exact.get());
  const std::string_view text(exact.get(), size);

  std::string found;
  Skimmer skimmer(text, Kind::kObject);
  const bool is_taken = walk(skimmer, found);
  std::string padded(text);
  padded.resize(size + omni::json::kPadding);
  std::string expected;
  const absl::Status status = omni::json::read_object(
      std::string_view(padded).substr(0, size),
      [&](std::string_view key, Value& value) { return strict(key, value, expected); });
  if (status.ok()) {
    OMNI_CHECK(is_taken);
    OMNI_CHECK(found == expected);
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
