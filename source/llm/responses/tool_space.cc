#include "source/llm/responses/tool_space.h"

#include <fmt/format.h>

#include <cstdint>

namespace omni::llm::responses {
namespace {

constexpr size_t kMaxName = 64;
constexpr std::string_view kBetween = "__";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

std::string name_in_space(std::string_view space, std::string_view name) {
  std::string out(space);
  if (!ends_with(space, kBetween)) out += kBetween;
  out += name;
  if (out.size() <= kMaxName) return out;
  // FNV-1a.
  uint32_t hash = 2166136261u;
  for (const char c : out) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  out.resize(kMaxName - 9);
  return out + fmt::format("_{:08x}", hash);
}

ToolSpaces::ToolSpaces(const Request* request) {
  if (request == nullptr) return;
  for (const Tool& tool : request->tools)
    if (tool.space.is_given())
      by_name_[std::string(tool.name.inside())] = {std::string(tool.space.inside()),
                                                   std::string(tool.bare.inside())};
}

const std::pair<std::string, std::string>* ToolSpaces::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

}  // namespace omni::llm::responses
