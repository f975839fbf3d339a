// Which clients may use the client API, and whose word on a client's address is taken.
#pragma once

#include <cstdint>

#include "source/catalog/address_set.h"

namespace omni {

// The list of the mode decides alone; the other one is kept for when the mode changes.
struct IpFilter {
  enum class Mode : uint8_t {
    kBlacklist,  // Everyone but those listed.
    kWhitelist,  // Nobody but those listed.
  };
  bool enabled = false;
  Mode mode = Mode::kBlacklist;
  AddressSet blacklist, whitelist;

  bool admits(const IpAddress& client) const {
    if (!enabled) return true;
    return mode == Mode::kBlacklist ? !blacklist.contains(client) : whitelist.contains(client);
  }
};

// Peers that tell in a header for whom they speak.
struct TrustedProxies {
  AddressSet addresses;
  bool unix_sockets = false;  // The peers of every Unix-socket listener.

  bool empty() const { return addresses.empty() && !unix_sockets; }
};

}  // namespace omni
