// The command line of `replay`.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/dialect.h"

namespace omni::replay {

enum class Form { kPlain, kStream };

struct Options {
  bool asks_for_help = false;
  bool is_request = false;
  Dialect from = Dialect::kOpenai, to = Dialect::kOpenai;
  std::optional<Form>
      wanted;                 // What the client of `to` asks for; not given: the form of the input.
  std::optional<Form> given;  // Of the input; not given: it is looked at.
  bool is_json_array = false;
  size_t piece_bytes = 0;  // 0: whole.
  std::string model;
  std::string file;  // "-": standard input.
};

// What is printed for --help.
std::string_view usage();

// Not OK: what is wrong with the words, for a person.
absl::StatusOr<Options> parse_options(const std::vector<std::string_view>& words);

}  // namespace omni::replay
