#include "source/base/format.h"

#include <fmt/format.h>

#include <iterator>

namespace omni {

void append_formatted(std::string& out, fmt::string_view text, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out), text, args);
}

}  // namespace omni
