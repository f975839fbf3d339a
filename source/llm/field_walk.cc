#include "source/llm/field_walk.h"

#include <fmt/format.h>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/valid.h"

namespace omni::llm {

std::string Place::text() const {
  std::string out = up != nullptr ? up->text() : std::string();
  if (index >= 0) return fmt::format("{}[{}]", out, index);
  if (key.empty()) return out;
  return out.empty() ? std::string(key) : fmt::format("{}.{}", out, key);
}

bool FieldWalk::fail(const Place& place, std::string_view message) {
  if (error_) return false;
  const std::string where = place.text();
  error_ = CallError{400, "bad_request",
                     where.empty() ? std::string(message) : fmt::format("{}: {}", where, message),
                     where};
  return false;
}

bool FieldWalk::document(std::string_view body, Member visit) {
  json::Skimmer skimmer(body, json::Kind::kObject);
  return walk(skimmer, {}, false, visit);
}

bool FieldWalk::members(const json::Skimmed& object, const Place& place, Member visit) {
  if (object.kind == json::Kind::kNull) return true;
  if (object.kind != json::Kind::kObject) return fail(place, "must be an object");
  json::Skimmer skimmer(object);
  return walk(skimmer, place, false, visit);
}

bool FieldWalk::items(const json::Skimmed& array, const Place& place, Member visit) {
  if (array.kind == json::Kind::kNull) return true;
  if (array.kind != json::Kind::kArray) return fail(place, "must be an array");
  json::Skimmer skimmer(array);
  return walk(skimmer, place, true, visit);
}

bool FieldWalk::walk(json::Skimmer& skimmer, const Place& place, bool is_array, Member visit) {
  json::Skimmed value;
  for (int index = 0; skimmer.next(value); ++index) {
    const Place inner{&place, value.key, is_array ? index : -1};
    if (value.kind == json::Kind::kNull && !is_array) continue;
    if (!visit(value, inner)) return false;
  }
  return skimmer.ok() || fail(place, fmt::format("{}", message(skimmer.status())));
}

bool FieldWalk::text(const json::Skimmed& value, const Place& place, Text& out) {
  if (value.kind == json::Kind::kNull) return true;
  const absl::Status status = Text::of(value, out);
  return status.ok() || fail(place, message(status));
}

bool FieldWalk::required(const Text& text, const Place& object, std::string_view key) {
  if (text.is_given() && !text.is_empty()) return true;
  return fail(Place{&object, key}, text.is_given() ? "must not be empty" : "is missing");
}

bool FieldWalk::boolean(const json::Skimmed& value, const Place& place, std::optional<bool>& out) {
  if (value.kind == json::Kind::kNull) return true;
  if (value.kind != json::Kind::kBoolean) return fail(place, "must be a boolean");
  out = value.is_true();
  return true;
}

bool FieldWalk::integer(const json::Skimmed& value, const Place& place,
                        std::optional<int64_t>& out) {
  if (value.kind == json::Kind::kNull) return true;
  if (value.kind == json::Kind::kNumber) {
    const absl::StatusOr<int64_t> number = value.integer();
    if (number.ok()) return out = *number, true;
  }
  return fail(place, "must be an integer");
}

bool FieldWalk::number(const json::Skimmed& value, const Place& place, std::string_view& out) {
  if (value.kind == json::Kind::kNull) return true;
  if (value.kind != json::Kind::kNumber || !value.number().ok())
    return fail(place, "must be a number");
  out = value.raw;
  return true;
}

bool FieldWalk::raw(const json::Skimmed& value, const Place& place, std::string_view& out) {
  if (!json::is_valid(value.raw)) return fail(place, "is not well-formed JSON");
  out = value.raw;
  return true;
}

bool FieldWalk::raw_object(const json::Skimmed& value, const Place& place, std::string_view& out) {
  if (value.kind == json::Kind::kNull) return true;
  if (value.kind != json::Kind::kObject) return fail(place, "must be an object");
  return raw(value, place, out);
}

bool FieldWalk::word(const json::Skimmed& value, const Place& place,
                     std::initializer_list<std::string_view> words, int& out) {
  out = 0;
  for (const std::string_view word : words) {
    if (value.kind == json::Kind::kString && value.inside() == word) return true;
    ++out;
  }
  return fail(place, fmt::format("must be one of '{}'", fmt::join(words, "', '")));
}

bool split_data_url(std::string_view url, std::string_view& type, std::string_view& data) {
  constexpr std::string_view kScheme = "data:", kCoding = ";base64,";
  if (url.substr(0, kScheme.size()) != kScheme) return false;
  const size_t comma = url.find(kCoding);
  if (comma == std::string_view::npos) return false;
  type = url.substr(kScheme.size(), comma - kScheme.size());
  type = type.substr(0, type.find(';'));
  data = url.substr(comma + kCoding.size());
  return !type.empty() && !data.empty();
}

}  // namespace omni::llm
