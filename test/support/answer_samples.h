// One rich answer as each vendor streams it: thoughts with their proof, text, two calls side by
// side, counts. What it says is the same in each, but for what a dialect has no word for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/dialect.h"

namespace omni::test {

struct AnswerSample {
  Dialect dialect = Dialect::kOpenai;
  std::string stream;
  // From so many bytes on the answer is complete by the rule of its dialect.
  size_t complete_from = 0;
  bool has_call_ids = true;
  bool has_cached_count = true;
};

// In the order of kDialects.
const std::vector<AnswerSample>& answer_samples();
const AnswerSample& answer_sample(Dialect dialect);

// What all of them say.
inline constexpr std::string_view kSampleText = "Ol\u00e1, \"\U0001f600\"\n[DONE] 50\u20ac.";
inline constexpr std::string_view kSampleThought = "h\u00e9, \U0001f914 well";

// The same stream with other line ends; not for lines of JSON.
std::string with_line_ends(std::string_view stream, std::string_view line_end);
// The same stream with what means nothing between its events: comments, empty events, pings.
std::string with_pings(Dialect dialect, std::string_view stream);

}  // namespace omni::test
