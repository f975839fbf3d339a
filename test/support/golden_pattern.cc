#include "test/support/golden_pattern.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "source/base/strings.h"
#include "test/support/json.h"

namespace omni::test {
namespace {

using Json = nlohmann::json;

constexpr char kOneOf[] = "<one of>";
constexpr char kIfGiven[] = "<if given>";
constexpr std::string_view kId = "<id:";

bool is_form(const Json& value, const char* key) {
  return value.is_object() && value.size() == 1 && value.contains(key);
}

bool is_count(const Json& value) { return value.is_number_integer() && value.get<int64_t>() >= 0; }

bool is_time(const Json& value) {
  if (!value.is_string()) return is_count(value);
  absl::Time time;
  return absl::ParseTime(absl::RFC3339_full, value.get<std::string>(), &time, nullptr);
}

std::string difference(const std::string& at, const Json& expected, const Json* actual) {
  return fmt::format("{}\n    expected {}\n    got      {}", at, expected.dump(),
                     actual == nullptr ? "nothing" : actual->dump());
}

// An event: its type, where the stream names types, and its data.
struct Framed {
  std::string type, data;
};

std::vector<Framed> frames_of(std::string_view stream) {
  std::vector<Framed> out;
  bool is_open = false;
  while (!stream.empty()) {
    const size_t end = std::min(stream.find('\n'), stream.size());
    const std::string_view line = stream.substr(0, end);
    stream.remove_prefix(std::min(end + 1, stream.size()));
    if (line.empty()) {
      is_open = false;
      continue;
    }
    // A line of JSON is an event of its own.
    if (!is_open || line.front() == '{') out.emplace_back();
    is_open = true;
    if (line.substr(0, 7) == "event: ") {
      out.back().type = line.substr(7);
    } else {
      out.back().data += line.substr(0, 6) == "data: " ? line.substr(6) : line;
    }
  }
  return out;
}

std::string shown(const Framed& frame) {
  return frame.type.empty() ? frame.data : frame.type + ": " + frame.data;
}

}  // namespace

bool GoldenPattern::is_named(const std::string& name, const Json& actual) {
  if (!actual.is_string() || actual.get<std::string>().empty()) return false;
  const std::string value = actual;
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second == value;
  const bool is_taken = std::any_of(ids_.begin(), ids_.end(),
                                    [&](const auto& other) { return other.second == value; });
  if (!is_taken) ids_.emplace(name, value);
  return !is_taken;
}

void GoldenPattern::text(const std::string& expected, const Json& actual, const std::string& at,
                         Differences& out) {
  bool is_right = false;
  if (expected == "<any>") {
    is_right = true;
  } else if (expected == "<count>") {
    is_right = is_count(actual);
  } else if (expected == "<time>") {
    is_right = is_time(actual);
  } else if (std::string_view(expected).substr(0, kId.size()) == kId) {
    is_right = is_named(expected, actual);
    if (const auto known = ids_.find(expected); !is_right && known != ids_.end())
      return out.push_back(difference(at, expected + " = " + known->second, &actual));
  } else {
    is_right = actual == Json(expected);
  }
  if (!is_right) out.push_back(difference(at, expected, &actual));
}

// Of several that do not fit, the nearest is told.
void GoldenPattern::one_of(const Json& expected, const Json& actual, const std::string& at,
                           Differences& out) {
  std::optional<Differences> nearest;
  for (const Json& choice : expected) {
    const Ids before = ids_;
    Differences found;
    compare(choice, actual, at, found);
    if (found.empty()) return;
    ids_ = before;
    if (!nearest || found.size() < nearest->size()) nearest = std::move(found);
  }
  if (nearest) out.insert(out.end(), nearest->begin(), nearest->end());
}

void GoldenPattern::object(const Json& expected, const Json& actual, const std::string& at,
                           Differences& out) {
  if (!actual.is_object()) return out.push_back(difference(at, expected, &actual));
  for (const auto& [key, value] : expected.items()) {
    const bool may_lack = is_form(value, kIfGiven);
    const std::string place = fmt::format("{}.{}", at, key);
    if (actual.contains(key)) {
      compare(may_lack ? value[kIfGiven] : value, actual[key], place, out);
    } else if (!may_lack) {
      out.push_back(difference(place, value, nullptr));
    }
  }
  for (const auto& [key, value] : actual.items())
    if (!expected.contains(key))
      out.push_back(
          fmt::format("{}.{}\n    expected nothing\n    got      {}", at, key, value.dump()));
}

void GoldenPattern::array(const Json& expected, const Json& actual, const std::string& at,
                          Differences& out) {
  if (!actual.is_array() || actual.size() != expected.size())
    return out.push_back(difference(at, expected, &actual));
  for (size_t i = 0; i < expected.size(); ++i)
    compare(expected[i], actual[i], fmt::format("{}[{}]", at, i), out);
}

void GoldenPattern::compare(const Json& expected, const Json& actual, const std::string& at,
                            Differences& out) {
  if (is_form(expected, kOneOf)) return one_of(expected[kOneOf], actual, at, out);
  if (expected.is_string()) return text(expected, actual, at, out);
  if (expected.is_object()) return object(expected, actual, at, out);
  if (expected.is_array()) return array(expected, actual, at, out);
  if (expected != actual) out.push_back(difference(at, expected, &actual));
}

std::vector<std::string> GoldenPattern::document(std::string_view expected,
                                                 std::string_view actual) {
  const Json wanted = parse_json_if_valid(expected);
  const Json got = parse_json_if_valid(actual);
  if (wanted.is_discarded()) return {fmt::format("the expected side is not JSON: {}", expected)};
  if (got.is_discarded()) return {fmt::format("not JSON: {}", actual)};
  Differences out;
  compare(wanted, got, "$", out);
  return out;
}

std::vector<std::string> GoldenPattern::stream(std::string_view expected, std::string_view actual) {
  const std::vector<Framed> wanted = frames_of(expected), got = frames_of(actual);
  Differences out;
  for (size_t i = 0; i < std::max(wanted.size(), got.size()); ++i) {
    const std::string number = fmt::format("event {}", i + 1);
    if (i >= got.size()) {
      out.push_back(
          fmt::format("{}\n    expected {}\n    got      nothing", number, shown(wanted[i])));
    } else if (i >= wanted.size()) {
      out.push_back(
          fmt::format("{}\n    expected nothing\n    got      {}", number, shown(got[i])));
    } else if (wanted[i].type != got[i].type) {
      out.push_back(fmt::format("{}\n    expected {}\n    got      {}", number, shown(wanted[i]),
                                shown(got[i])));
    } else if (wanted[i].data != got[i].data) {
      for (const std::string& line : document(wanted[i].data, got[i].data))
        out.push_back(fmt::format("{} {}", number, line));
    }
  }
  return out;
}

}  // namespace omni::test
