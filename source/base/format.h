// fmt at the end of a string that is there already. fmt::format_to() would compile all of its
// formatting anew in each file that names it.
#pragma once

#include <fmt/core.h>

#include <string>

namespace omni {

void append_formatted(std::string& out, fmt::string_view text, fmt::format_args args);

template <class... Args>
void append_format(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  append_formatted(out, text, fmt::make_format_args(args...));
}

}  // namespace omni
