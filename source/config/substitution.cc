#include "source/config/substitution.h"

#include <fmt/format.h>

#include <optional>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

constexpr size_t kMaxResultBytes = 1024 * 1024;

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool is_letter = lower(c) >= 'a' && lower(c) <= 'z';
    if (!is_letter && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  return true;
}

absl::StatusOr<std::string> file_content(std::string_view path, const ConfigInput& input) {
  if (path.empty()) return invalid("${file:} needs a path");
  absl::StatusOr<std::string> content = input.read_file(std::string(path));
  if (!content.ok())
    return invalid(fmt::format("cannot read {}: {}", path, message(content.status())));
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  if (content->find('\0') != std::string::npos)
    return invalid(fmt::format("{} holds a NUL character", path));
  return content;
}

// The text that `${inside}` stands for.
absl::StatusOr<std::string> value_of(std::string_view inside, const ConfigInput& input,
                                     bool& used_default) {
  constexpr std::string_view kFile = "file:";
  if (inside.substr(0, kFile.size()) == kFile)
    return file_content(inside.substr(kFile.size()), input);
  const size_t mark = inside.find(":-");
  const std::string_view name = inside.substr(0, mark);
  if (!is_variable_name(name))
    return invalid(fmt::format(
        "'${{{}}}' is not ${{NAME}}, ${{NAME:-default}} or ${{file:PATH}}; write $${{ for a plain "
        "${{",
        inside));
  const std::optional<std::string> found = input.environment(std::string(name));
  if (mark != std::string_view::npos && (!found || found->empty())) {
    used_default = true;
    return std::string(inside.substr(mark + 2));
  }
  if (!found)
    return invalid(
        fmt::format("the environment variable {} is not set; ${{{}:-default}} would give a default",
                    name, name));
  return *found;
}

}  // namespace

absl::StatusOr<Substituted> substitute(std::string_view text, const ConfigInput& input) {
  Substituted out;
  while (true) {
    const size_t at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      out.text.append(text.substr(0, at - 1)).append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    const size_t close = text.find('}', at);
    if (close == std::string_view::npos) return invalid("'${' has no closing '}'");
    out.text.append(text.substr(0, at));
    OMNI_ASSIGN_OR_RETURN(const std::string value,
                          value_of(text.substr(at + 2, close - at - 2), input, out.used_default));
    out.text += value;
    out.changed = true;
    if (out.text.size() > kMaxResultBytes) return invalid("the value is longer than 1 MiB");
    text.remove_prefix(close + 1);
  }
  out.text.append(text);
  return out;
}

}  // namespace omni
