// A list of addresses and networks as operators write them, made ready to be asked for every
// request: sorted ranges and a binary search, so that a thousand entries cost some tens of ns.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "source/catalog/ip_address.h"

namespace omni {

// Immutable once built; copies are cheap enough for a reload.
class AddressSet {
 public:
  class Builder;

  bool contains(const IpAddress& address) const;
  bool empty() const { return v4_.firsts.empty() && v6_.firsts.empty() && masked_.empty(); }

 private:
  using V4 = uint32_t;
  using V6 = std::pair<uint64_t, uint64_t>;

  // Disjoint, ascending: firsts[i] to lasts[i], both included.
  template <class Number>
  struct Ranges {
    std::vector<Number> firsts, lasts;
    bool contains(const Number& number) const;
  };
  // IPv4 addresses whose bits under `mask` are one of `values`, which ascend. What has a wildcard
  // in front of a number is no range; there are ten such masks at most.
  struct Masked {
    V4 mask = 0;
    std::vector<V4> values;
  };

  Ranges<V4> v4_;
  Ranges<V6> v6_;
  std::vector<Masked> masked_;
};

class AddressSet::Builder {
 public:
  // An address (203.0.113.7, 2001:db8::1), a network (10.0.0.0/8, 2001:db8::/32; bits behind the
  // prefix are ignored), IPv4 with whole parts left open (192.168.*.*, 10.*.0.1; a final `*` stands
  // for all parts that follow, so 10.* is 10.0.0.0/8), or `*`, which is every address of either
  // family. An error says what is wrong with `entry` and adds nothing.
  absl::Status add(std::string_view entry);
  AddressSet build() &&;

 private:
  template <class Number>
  using Pairs = std::vector<std::pair<Number, Number>>;

  absl::Status add_network(std::string_view entry, std::string_view address, std::string_view bits);
  absl::Status add_wildcard(std::string_view entry);
  template <class Number>
  static Ranges<Number> merged(Pairs<Number> pairs);

  Pairs<V4> v4_;
  Pairs<V6> v6_;
  std::vector<Masked> masked_;
};

}  // namespace omni
