#include "source/llm/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace omni::llm {
namespace {

// Wide enough for any product of the two below.
using Picos = __int128;

// Dollars per million tokens are a million picodollars per token. Vendors' prices have at most six
// decimals, so this is exact.
Picos picos(double per_million) { return std::llround(std::min(per_million, 1e9) * 1e6); }

// What a provider says may be any number.
int64_t count(int64_t tokens) { return std::clamp<int64_t>(tokens, 0, 1'000'000'000'000); }

// Tokens that are part of others cost what they cost beyond those.
Picos premium(int64_t tokens, const std::optional<double>& own, Picos others) {
  return own ? count(tokens) * (picos(*own) - others) : Picos{0};
}

Picos reasoning_cost(const Price& price, const Usage& usage, Picos output_price) {
  // A vendor that counts them apart from the output.
  const bool is_apart = count(usage.reasoning) > count(usage.output);
  return premium(usage.reasoning, price.reasoning, is_apart ? Picos{0} : output_price);
}

}  // namespace

int64_t cost_of(const Price& standard, const Usage& usage) {
  const Price& price = price_in(standard, usage.tier);
  const Picos input = picos(price.input), output = picos(price.output);
  const Picos cached = price.cached ? picos(*price.cached) : input;
  const Picos write = price.cache_write ? picos(*price.cache_write) : input;
  const int64_t fresh = count(count(usage.input) - count(usage.cached) - count(usage.cache_write));
  Picos sum = fresh * input + count(usage.cached) * cached + count(usage.cache_write) * write +
              count(usage.output) * output;
  sum += premium(usage.cache_write_1h, price.cache_write_1h, write);
  sum += premium(usage.audio_input, price.audio_input, input);
  sum += premium(usage.audio_output, price.audio_output, output);
  sum += reasoning_cost(price, usage, output);
  return static_cast<int64_t>(std::clamp<Picos>((sum + 500) / 1000, 0, INT64_MAX));
}

std::optional<int64_t> cost_of(const Price* price, const Usage& usage) {
  if (usage.cost_nanos >= 0) return usage.cost_nanos;
  return price != nullptr ? std::optional(cost_of(*price, usage)) : std::nullopt;
}

const Price* find_price(const Provider& provider, std::string_view model) {
  const Model* found = provider.find_model(model);
  const size_t slash = model.rfind('/');
  if (found == nullptr && slash != std::string_view::npos)
    found = provider.find_model(model.substr(slash + 1));
  return found != nullptr && found->price ? &*found->price : nullptr;
}

std::string dollars(int64_t nanos) {
  return fmt::format("{}.{:09}", nanos / 1'000'000'000, nanos % 1'000'000'000);
}

std::string header_dollars(int64_t nanos) { return dollars(nanos) + '0'; }

}  // namespace omni::llm
