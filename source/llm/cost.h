// What an answer cost, from its tokens and its model's price. Integers all the way: sums of costs
// are exact.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/catalog/provider.h"
#include "source/llm/usage.h"

namespace omni::llm {

// In billionths of a US dollar, rounded to the nearest. Counts that were not said are 0. The order
// of rules is that of the vendors' bills: cached reads and writes are parts of `input`, audio is a
// part of its side, reasoning a part of `output` unless there is more of it than output. The
// rates are those of the tier that `usage` names, where it has its own.
int64_t cost_of(const Price& price, const Usage& usage);
// What the provider says it cost, else what `price` says, which may be null. Nullopt: nobody does.
std::optional<int64_t> cost_of(const Price* price, const Usage& usage);

// The price of `model` at `provider`: of that very id, else of what follows its last slash. Null
// when there is none, which is not the same as a price of 0.
const Price* find_price(const Provider& provider, std::string_view model);

// Dollars: with 9 decimals, and with 10 as in the header.
std::string dollars(int64_t nanos);
std::string header_dollars(int64_t nanos);

}  // namespace omni::llm
