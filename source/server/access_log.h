// What is kept of a finished exchange: one log line and one usage record, both built from the
// facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "source/http/exchange_host.h"
#include "source/log/log.h"
#include "source/store/tables.h"

namespace omni {

// Appends one access-log line, newline included. No secret can get into it: facts hold none that
// print.
void append_access_line(std::string& out, LogFormat format, const Finished& finished);

// What the exchange has cost, in billionths of a US dollar, by the prices that it began under.
// nullopt: the model has no price, or no tokens are known.
std::optional<int64_t> cost_of(const Facts& facts);
// The same, by a price that was looked for already: price_of() the answer.
std::optional<int64_t> cost_of(const Facts& facts, const Price* price);

// As records have it: what is not known is none.
inline uint64_t count_of(int64_t number) { return number < 0 ? 0 : static_cast<uint64_t>(number); }

// The exchange used a model, so it is recorded.
bool is_recorded(const Finished& finished);
// The record of the exchange; views of it and of its snapshot.
UsageView usage_view(const Finished& finished, const Price* price);

}  // namespace omni
