#include "source/catalog/address_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

constexpr uint64_t kAllOnes = ~uint64_t{0};
constexpr uint32_t kAllOfV4 = ~uint32_t{0};

// The bits behind a prefix of `bits` out of 64.
uint64_t host_bits(int64_t bits) {
  return bits <= 0 ? kAllOnes : bits >= 64 ? 0 : kAllOnes >> bits;
}

absl::Status not_an_entry(std::string_view entry) {
  return invalid(fmt::format(
      "'{}' is not an address, a range such as 10.0.0.0/8 or a pattern such as 192.168.*.*",
      entry));
}

std::optional<uint32_t> part_from(std::string_view text) {
  const bool is_plain = !text.empty() && text.size() <= 3 && (text[0] != '0' || text.size() == 1) &&
                        text.find_first_not_of("0123456789") == std::string_view::npos;
  const std::optional<int64_t> number = is_plain ? parse_int(text) : std::nullopt;
  if (!number || *number > 255) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

// How many of `sorted` are at most `number`. The loop has no branch that depends on what it finds:
// a processor guesses every other one wrong, which costs more than the search.
template <class Number>
size_t count_up_to(const std::vector<Number>& sorted, const Number& number) {
  const Number* at = sorted.data();
  size_t left = sorted.size();
  while (left > 1) {
    const size_t half = left / 2;
    at += at[half - 1] <= number ? half : 0;
    left -= half;
  }
  const bool is_more = left == 1 && *at <= number;
  return static_cast<size_t>(at - sorted.data()) + (is_more ? 1 : 0);
}

}  // namespace

template <class Number>
bool AddressSet::Ranges<Number>::contains(const Number& number) const {
  const size_t count = count_up_to(firsts, number);
  return count > 0 && number <= lasts[count - 1];
}

bool AddressSet::contains(const IpAddress& address) const {
  if (address.is_v6) return v6_.contains({address.high, address.low});
  const auto number = static_cast<V4>(address.low);
  if (v4_.contains(number)) return true;
  for (const Masked& group : masked_) {
    const V4 masked = number & group.mask;
    const size_t count = count_up_to(group.values, masked);
    if (count > 0 && group.values[count - 1] == masked) return true;
  }
  return false;
}

absl::Status AddressSet::Builder::add(std::string_view entry) {
  if (entry.find('*') != std::string_view::npos) return add_wildcard(entry);
  const size_t slash = entry.find('/');
  if (slash != std::string_view::npos)
    return add_network(entry, entry.substr(0, slash), entry.substr(slash + 1));
  const std::optional<IpAddress> address = IpAddress::parse(entry);
  if (!address) return not_an_entry(entry);
  if (address->is_v6) {
    v6_.push_back({{address->high, address->low}, {address->high, address->low}});
  } else {
    v4_.emplace_back(static_cast<V4>(address->low), static_cast<V4>(address->low));
  }
  return absl::OkStatus();
}

absl::Status AddressSet::Builder::add_network(std::string_view entry, std::string_view address,
                                              std::string_view bits) {
  const std::optional<IpAddress> from = IpAddress::parse(address);
  if (!from) return not_an_entry(entry);
  const bool is_plain =
      !bits.empty() && bits.find_first_not_of("0123456789") == std::string_view::npos;
  std::optional<int64_t> prefix = is_plain ? parse_int(bits) : std::nullopt;
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8. Less than the mapped prefix would be both families at once.
  if (prefix && !from->is_v6 && address.find(':') != std::string_view::npos) *prefix -= 96;
  if (!prefix || *prefix < 0 || *prefix > (from->is_v6 ? 128 : 32))
    return invalid(fmt::format("'{}' has a prefix length out of range", entry));
  if (from->is_v6) {
    const uint64_t high = host_bits(*prefix), low = host_bits(*prefix - 64);
    v6_.push_back({{from->high & ~high, from->low & ~low}, {from->high | high, from->low | low}});
  } else {
    const auto number = static_cast<V4>(from->low);
    const auto open = static_cast<V4>(host_bits(*prefix + 32));
    v4_.emplace_back(number & ~open, number | open);
  }
  return absl::OkStatus();
}

absl::Status AddressSet::Builder::add_wildcard(std::string_view entry) {
  if (entry == "*") {
    v4_.emplace_back(0, kAllOfV4);
    v6_.push_back({{0, 0}, {kAllOnes, kAllOnes}});
    return absl::OkStatus();
  }
  const std::vector<std::string_view> parts = split(entry, '.');
  if (parts.size() > 4 || (parts.size() < 4 && parts.back() != "*")) return not_an_entry(entry);
  V4 value = 0, mask = 0;
  for (size_t i = 0; i < 4; ++i) {
    value <<= 8, mask <<= 8;
    if (i >= parts.size() || parts[i] == "*") continue;
    const std::optional<uint32_t> part = part_from(parts[i]);
    if (!part) return not_an_entry(entry);
    value |= *part, mask |= 0xff;
  }
  // Ones in front and zeros behind: a range after all.
  if ((~mask & (~mask + 1)) == 0) {
    v4_.emplace_back(value, value | ~mask);
    return absl::OkStatus();
  }
  auto group = std::find_if(masked_.begin(), masked_.end(),
                            [&](const Masked& known) { return known.mask == mask; });
  if (group == masked_.end()) group = masked_.insert(group, {.mask = mask, .values = {}});
  group->values.push_back(value);
  return absl::OkStatus();
}

template <class Number>
AddressSet::Ranges<Number> AddressSet::Builder::merged(Pairs<Number> pairs) {
  std::sort(pairs.begin(), pairs.end());
  Ranges<Number> out;
  for (const auto& [first, last] : pairs) {
    if (!out.lasts.empty() && first <= out.lasts.back()) {
      out.lasts.back() = std::max(out.lasts.back(), last);
    } else {
      out.firsts.push_back(first);
      out.lasts.push_back(last);
    }
  }
  return out;
}

AddressSet AddressSet::Builder::build() && {
  AddressSet out;
  out.v4_ = merged(std::move(v4_));
  out.v6_ = merged(std::move(v6_));
  out.masked_ = std::move(masked_);
  for (Masked& group : out.masked_) std::sort(group.values.begin(), group.values.end());
  return out;
}

}  // namespace omni
