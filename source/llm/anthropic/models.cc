#include "source/llm/anthropic/models.h"

#include <algorithm>
#include <cstddef>

namespace omni::llm::anthropic {
namespace {

// The number at the head of `text`, which it leaves; -1 when there is none. A date is no version.
int take_version(std::string_view& text) {
  const size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  int out = size == 1 || size == 2 ? 0 : -1;
  for (const char digit : text.substr(0, out < 0 ? 0 : size)) out = out * 10 + (digit - '0');
  text.remove_prefix(size);
  return out;
}

}  // namespace

// claude-FAMILY-MAJOR[-MINOR][-DATE]; the generations before had the family behind the version.
bool takes_effort_only(std::string_view model) {
  constexpr std::string_view kVendor = "claude-";
  const size_t at = model.find(kVendor);
  if (at == std::string_view::npos) return false;
  std::string_view rest = model.substr(at + kVendor.size());
  const std::string_view family = rest.substr(0, rest.find('-'));
  rest.remove_prefix(std::min(family.size() + 1, rest.size()));
  if (family.empty() || (family[0] >= '0' && family[0] <= '9')) return false;
  const int major = take_version(rest);
  if (major >= 5) return true;
  if (major != 4 || family != "opus" || rest.empty()) return false;
  rest.remove_prefix(1);
  return take_version(rest) >= 7;
}

}  // namespace omni::llm::anthropic
