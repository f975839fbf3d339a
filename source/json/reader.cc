#include "source/json/reader.h"

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::json {

namespace sj = simdjson;
namespace od = simdjson::ondemand;

namespace {

// A parser keeps about six times its largest document; one that grew past this is given back.
constexpr size_t kKeepCapacity = 2 * 1024 * 1024;

od::parser& parser(bool forget_large) {
  thread_local std::unique_ptr<od::parser> mine;
  if (!mine || (forget_large && mine->capacity() > kKeepCapacity))
    mine = std::make_unique<od::parser>();
  return *mine;
}

absl::Status refused(sj::error_code code) {
  switch (code) {
    case sj::UTF8_ERROR:
      return invalid("not valid UTF-8");
    case sj::EMPTY:
      return invalid("empty");
    case sj::UNCLOSED_STRING:
      return invalid("a string is not closed");
    case sj::INCORRECT_TYPE:
      return invalid("wrong type");
    case sj::TRAILING_CONTENT:
      return invalid("something follows the document");
    case sj::NUMBER_OUT_OF_RANGE:
      return invalid("a number is out of range");
    default:
      return invalid("malformed JSON");
  }
}

Kind kind_of(od::json_type type) {
  switch (type) {
    case od::json_type::object:
      return Kind::kObject;
    case od::json_type::array:
      return Kind::kArray;
    case od::json_type::string:
      return Kind::kString;
    case od::json_type::number:
      return Kind::kNumber;
    case od::json_type::boolean:
      return Kind::kBoolean;
    default:
      return Kind::kNull;
  }
}

}  // namespace

struct Access {
  static od::value& value(Value& v) { return *static_cast<od::value*>(v.value_); }
  static const od::value& value(const Value& v) { return *static_cast<const od::value*>(v.value_); }

  static absl::StatusOr<Value> wrap(od::value& value, int depth) {
    if (depth > kMaxDepth) return invalid("nested too deeply");
    od::json_type type;
    if (const auto code = value.type().get(type)) return refused(code);
    return Value(&value, kind_of(type), value.raw_json_token().data(), depth);
  }

  // The key as it stands, when it holds no escape; stage one has seen its closing quote.
  static std::string_view plain_key(const char* text) {
    const char* at = text;
    while (*at != '"') {
      if (*at++ == '\\') return {};
    }
    return {text, static_cast<size_t>(at - text)};
  }

  static absl::Status walk(od::object& object, int depth, VisitMember visit) {
    for (auto result : object) {
      od::field field;
      if (const auto code = std::move(result).get(field)) return refused(code);
      const char* key_begin = field.key().raw() - 1;
      std::string_view key = plain_key(key_begin + 1);
      if (key.data() == nullptr) {
        if (const auto code = field.unescaped_key().get(key)) return refused(code);
      }
      absl::StatusOr<Value> member = wrap(field.value(), depth + 1);
      if (!member.ok()) return member.status();
      member->key_begin_ = key_begin;
      OMNI_RETURN_IF_ERROR(visit(key, *member));
    }
    return absl::OkStatus();
  }
};

std::string_view Value::raw() const {
  std::string_view token = const_cast<od::value&>(Access::value(*this)).raw_json_token();
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                            token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

absl::StatusOr<std::string_view> Value::text() {
  std::string_view out;
  if (const auto code = Access::value(*this).get_string().get(out)) return refused(code);
  return out;
}

absl::StatusOr<double> Value::number() {
  double out = 0;
  if (const auto code = Access::value(*this).get_double().get(out)) return refused(code);
  return out;
}

absl::StatusOr<int64_t> Value::integer() {
  if (const std::optional<int64_t> plain = parse_int(raw())) return *plain;
  OMNI_ASSIGN_OR_RETURN(const double real, number());
  // Beyond 2^53 a double is no longer exact; nothing we read is that large.
  if (!(real >= -9007199254740992.0 && real <= 9007199254740992.0)) return invalid("out of range");
  const auto whole = static_cast<int64_t>(real);
  if (static_cast<double>(whole) != real) return invalid("not an integer");
  return whole;
}

absl::StatusOr<bool> Value::boolean() {
  bool out = false;
  if (const auto code = Access::value(*this).get_bool().get(out)) return refused(code);
  return out;
}

absl::Status Value::members(VisitMember visit) {
  od::object object;
  if (const auto code = Access::value(*this).get_object().get(object)) return refused(code);
  return Access::walk(object, depth_, visit);
}

absl::Status Value::items(VisitItem visit) {
  od::array array;
  if (const auto code = Access::value(*this).get_array().get(array)) return refused(code);
  for (auto result : array) {
    od::value item;
    if (const auto code = std::move(result).get(item)) return refused(code);
    absl::StatusOr<Value> wrapped = Access::wrap(item, depth_ + 1);
    if (!wrapped.ok()) return wrapped.status();
    OMNI_RETURN_IF_ERROR(visit(*wrapped));
  }
  return absl::OkStatus();
}

absl::Status read_object(std::string_view document, VisitMember visit) {
  od::parser& reader = parser(document.size() < kKeepCapacity / 2);
  od::document parsed;
  const auto code =
      reader.iterate(document.data(), document.size(), document.size() + kPadding).get(parsed);
  if (code) return refused(code);
  od::object object;
  if (const auto not_object = parsed.get_object().get(object)) {
    return not_object == sj::INCORRECT_TYPE ? invalid("not an object") : refused(not_object);
  }
  OMNI_RETURN_IF_ERROR(Access::walk(object, 1, visit));
  // At the end there is no location left to name.
  const char* rest = nullptr;
  if (parsed.current_location().get(rest) == sj::OUT_OF_BOUNDS) return absl::OkStatus();
  return refused(sj::TRAILING_CONTENT);
}

}  // namespace omni::json
