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

struct Version {
  std::string_view family;  // Empty: none of the vendor's, or of a generation before the fourth.
  int major = -1, minor = -1;

  bool is_from(int wanted_major, int wanted_minor) const {
    return major > wanted_major || (major == wanted_major && minor >= wanted_minor);
  }
};

// claude-FAMILY-MAJOR[-MINOR][-DATE]; the generations before had the family behind the version.
Version version_of(std::string_view model) {
  constexpr std::string_view kVendor = "claude-";
  const size_t at = model.find(kVendor);
  if (at == std::string_view::npos) return {};
  std::string_view rest = model.substr(at + kVendor.size());
  const std::string_view family = rest.substr(0, rest.find('-'));
  rest.remove_prefix(std::min(family.size() + 1, rest.size()));
  if (family.empty() || (family[0] >= '0' && family[0] <= '9')) return {};
  Version out{family, take_version(rest), -1};
  if (rest.empty()) return out;
  rest.remove_prefix(1);
  out.minor = take_version(rest);
  return out;
}

}  // namespace

bool takes_effort_only(std::string_view model) {
  const Version version = version_of(model);
  return version.major >= 5 || (version.family == "opus" && version.is_from(4, 7));
}

bool takes_one_sampling(std::string_view model) {
  const Version version = version_of(model);
  return version.is_from(4, version.family == "opus" ? 1 : 5);
}

}  // namespace omni::llm::anthropic
