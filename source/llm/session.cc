#include "source/llm/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "source/base/stable_hash.h"
#include "source/base/strings.h"
#include "source/json/skim.h"

namespace omni::llm {
namespace {

using json::Kind;
using json::Skimmed;

constexpr size_t kMostNamed = 64;

constexpr size_t kEnd = 80;

struct Turn {
  std::string_view role, said;

  bool instructs() const { return role == "system" || role == "developer"; }
  bool is_users() const { return !instructs() && role != "assistant" && role != "model"; }
};

// The object that `text` begins with: its content, or Gemini's parts, as they stand. Behind its
// end; null when that was not looked for, because the turn is the user's, or not found.
const char* read_turn(std::string_view text, Turn& out) {
  json::Skimmer skimmer(text, Kind::kObject, json::Skimmer::Behind::kAnything);
  for (Skimmed member; skimmer.next(member);) {
    if (member.key == "role" && member.kind == Kind::kString) out.role = member.inside();
    if (member.key == "content" || member.key == "parts") out.said = member.raw;
    if (!out.role.empty() && !out.said.empty() && out.is_users()) return nullptr;
  }
  return skimmer.ok() ? skimmer.closing() + 1 : nullptr;
}

// The first instructing and the first user's; the walk ends at the latter. No turn is stepped over
// to find its end before it is read: the first ones are most of a short request.
void read_turns(std::string_view messages, std::string_view& system, std::string_view& user) {
  if (messages.empty() || messages.front() != '[') {
    user = messages;
    return;
  }
  const char* at = messages.data() + 1;
  const char* const end = messages.data() + messages.size();
  while (at != nullptr) {
    while (at != end && (*at == ',' || *at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
      ++at;
    if (at == end || *at != '{') return;
    Turn turn;
    at = read_turn({at, static_cast<size_t>(end - at)}, turn);
    if (turn.instructs() && system.empty()) system = turn.said;
    if (!turn.is_users()) continue;
    user = turn.said;
    return;
  }
}

void add_names(const Skimmed& value, std::vector<std::string_view>& out);

// {"name"}, {"function":{"name"}}, {"functionDeclarations":[{"name"}]}.
void add_tool(const Skimmed& tool, std::vector<std::string_view>& out) {
  if (tool.kind != Kind::kObject) return;
  json::Skimmer skimmer(tool);
  for (Skimmed member; skimmer.next(member);) {
    if (member.key == "name" && member.kind == Kind::kString) out.push_back(member.inside());
    if (member.key == "function") add_tool(member, out);
    if (member.key == "functionDeclarations" || member.key == "function_declarations")
      add_names(member, out);
  }
}

void add_names(const Skimmed& list, std::vector<std::string_view>& out) {
  if (list.kind != Kind::kArray) return;
  json::Skimmer skimmer(list);
  for (Skimmed tool; skimmer.next(tool);) add_tool(tool, out);
}

uint64_t tools_hash(std::string_view tools, uint64_t seed) {
  std::vector<std::string_view> names;
  json::Skimmer skimmer(tools, Kind::kArray);
  for (Skimmed tool; skimmer.next(tool);) add_tool(tool, names);
  std::sort(names.begin(), names.end());
  for (const std::string_view name : names) seed = stable_hash(name, seed);
  return seed;
}

// Of a long text both ends and the length count: every request asks for it.
uint64_t ends_hash(std::string_view text, uint64_t seed) {
  const std::string_view head = text.substr(0, kEnd);
  const std::string_view tail =
      text.substr(std::max(head.size(), text.size() - std::min(text.size(), kEnd)));
  return stable_hash(tail, stable_hash(head, seed) + text.size());
}

}  // namespace

std::string external_session(std::string_view named) {
  named = trim(named).substr(0, kMostNamed);
  if (named.empty()) return {};
  std::string out = "ext:";
  for (const char c : named) out.push_back(c > ' ' && c <= '~' ? c : '_');
  return out;
}

std::string fingerprint(std::string_view model, const SessionMarks& marks) {
  std::string_view system = marks.system, user;
  read_turns(marks.messages, system, user);
  uint64_t hash = stable_hash(model);
  // Each part starts from its own number, so that none is taken for another.
  if (!system.empty()) hash = ends_hash(system, hash + 1);
  if (!user.empty()) hash = ends_hash(user, hash + 2);
  if (!marks.tools.empty()) hash = tools_hash(marks.tools, hash + 3);
  std::array<char, sizeof hash> bytes;
  std::memcpy(bytes.data(), &hash, sizeof hash);
  return to_hex({bytes.data(), bytes.size()});
}

}  // namespace omni::llm
