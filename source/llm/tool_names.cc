#include "source/llm/tool_names.h"

#include <algorithm>
#include <cstdint>

#include "source/base/fnv.h"
#include "source/base/format.h"

namespace omni::llm {
namespace {

// Of the hash and the `_` in front of it.
constexpr size_t kHashSize = 9;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_taken(char c, const NameRule& rule) {
  return is_letter(c) || (c >= '0' && c <= '9') || rule.marks.find(c) != std::string_view::npos;
}

bool fits(std::string_view name, const NameRule& rule) {
  if (rule.limit == 0) return true;
  return !name.empty() && name.size() <= rule.limit &&
         (!rule.begins_with_letter || is_letter(name.front())) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_taken(c, rule); });
}

uint32_t hash(std::string_view text) { return static_cast<uint32_t>(fnv1a(text)); }

}  // namespace

void append_wire_name(std::string& out, Text name, const NameRule& rule) {
  if (fits(name.inside(), rule)) {
    out += name.inside();
    return;
  }
  const std::string whole = name.decoded();
  if (fits(whole, rule)) {
    out += whole;
    return;
  }
  // One character more may come in front.
  std::string wire = whole.substr(0, rule.limit - kHashSize - 1);
  std::replace_if(
      wire.begin(), wire.end(), [&](char c) { return !is_taken(c, rule); }, '_');
  if (wire.empty() || (rule.begins_with_letter && !is_letter(wire.front()))) wire.insert(0, 1, '_');
  out += wire;
  append_format(out, "_{:08x}", hash(whole));
}

RenamedTools::RenamedTools(const Request* request, const NameRule& rule) {
  if (request == nullptr) return;
  for (const Tool& tool : request->tools) {
    if (fits(tool.name.inside(), rule)) continue;
    std::string sent;
    append_wire_name(sent, tool.name, rule);
    by_wire_name_[std::move(sent)] = tool.name.inside();
  }
}

Text RenamedTools::client_name(Text sent) const {
  if (by_wire_name_.empty()) return sent;
  const auto found = by_wire_name_.find(sent.inside());
  return found == by_wire_name_.end() ? sent : Text(found->second);
}

}  // namespace omni::llm
