#include "source/json/edit.h"

#include "source/json/writer.h"

namespace omni::json {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Of an object; where its key's quote and its value's end stand.
struct Bounds {
  size_t begin, end;
};

Bounds bounds_of(const std::string& document, const Skimmed& member) {
  return {static_cast<size_t>(member.key_begin - document.data()),
          static_cast<size_t>(member.raw.data() + member.raw.size() - document.data())};
}

// Puts `"key":value` first into the object that `document` holds at `open`.
void insert_first(std::string& document, size_t open, std::string_view key,
                  std::string_view value) {
  const size_t next = document.find_first_not_of(kBlanks, open + 1);
  const bool is_empty = next != std::string::npos && document[next] == '}';
  std::string text = quoted(key);
  text += ':';
  text += value;
  if (!is_empty) text += ',';
  document.insert(open + 1, text);
}

}  // namespace

std::optional<Skimmed> find_member(std::string_view document, Path path) {
  Skimmer skimmer(document, Kind::kObject);
  Skimmed member;
  while (skimmer.next(member)) {
    if (member.key != path.front()) continue;
    if (path.size() == 1) return member;
    if (member.kind != Kind::kObject) return std::nullopt;
    return find_member(member.raw, path.subspan(1));
  }
  return std::nullopt;
}

bool remove_member(std::string& document, Path path) {
  bool found = false;
  while (const std::optional<Skimmed> member = find_member(document, path)) {
    found = true;
    auto [begin, end] = bounds_of(document, *member);
    const size_t next = document.find_first_not_of(kBlanks, end);
    const size_t before = document.find_last_not_of(kBlanks, begin - 1);
    if (next != std::string::npos && document[next] == ',') {
      end = next + 1;
    } else if (before != std::string::npos && document[before] == ',') {
      begin = before;
    }
    document.erase(begin, end - begin);
  }
  return found;
}

void set_member(std::string& document, Path path, std::string_view value) {
  if (const std::optional<Skimmed> member = find_member(document, path)) {
    const auto at = static_cast<size_t>(member->raw.data() - document.data());
    document.replace(at, member->raw.size(), value);
    return;
  }
  const std::string_view key = path.back();
  const Path above = path.first(path.size() - 1);
  if (above.empty()) {
    const size_t open = document.find('{');
    if (open != std::string::npos) insert_first(document, open, key, value);
    return;
  }
  const std::optional<Skimmed> parent = find_member(document, above);
  if (!parent || parent->kind == Kind::kNull) {
    std::string made = "{";
    made += quoted(key);
    made += ':';
    made += value;
    made += '}';
    set_member(document, above, made);
  } else if (parent->kind == Kind::kObject) {
    insert_first(document, static_cast<size_t>(parent->raw.data() - document.data()), key, value);
  }
}

}  // namespace omni::json
