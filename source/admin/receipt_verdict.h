// What each filter decided, in a word for programs and a sentence for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/store/receipt.h"

namespace omni {

struct ReceiptVerdict {
  std::string_view filter, verdict;  // Stable words.
  std::string reason;
  uint64_t spent_ns = 0;
};

// In the order of the request's way; the first is of what stands in front of the filters.
std::vector<ReceiptVerdict> verdicts_of(const Receipt& receipt);
// Why a target was passed over, as a sentence.
std::string_view explain_skip(std::string_view why);

}  // namespace omni
