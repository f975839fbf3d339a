// Which proxy a request goes through: the order of the places that may name one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/address_set.h"
#include "source/catalog/origin.h"
#include "source/catalog/proxy.h"

namespace omni {

// What one place says: nothing, a proxy, or that none is to be used (`direct`).
struct ProxyChoice {
  bool is_made = false;
  std::optional<Proxy> proxy;  // Of a made choice; none: direct.
};

// The places in their order; null where there is none.
struct ProxyPlaces {
  const ProxyChoice* account = nullptr;
  const ProxyChoice* key = nullptr;    // The client's gateway key.
  const ProxyChoice* combo = nullptr;  // Of the combo that led to the target.
  const ProxyChoice* provider = nullptr;
  const ProxyChoice* global = nullptr;       // settings.proxy
  const ProxyChoice* environment = nullptr;  // EnvironmentProxies::choose()
};

// The first choice that is made; null when none is, which means direct.
const ProxyChoice* choose_proxy(const ProxyPlaces& places);

// Origins that the environment's proxies are not for. Entries are separated by commas or blanks:
// `*`, a domain (itself and all below it, with or without a leading dot or `*.`), an address or
// network (for literal hosts), each with an optional port. Names are not looked up. What is none of
// these matches nothing, as everywhere.
class NoProxy {
 public:
  NoProxy() = default;
  explicit NoProxy(std::string_view text);
  bool covers(const Origin& origin) const;

 private:
  struct Domain {
    std::string name;  // Lower case, no leading dot.
    uint16_t port;     // 0: any.
  };
  struct Literal {
    IpAddress address;
    uint16_t port;
  };
  std::vector<Domain> domains_;
  std::vector<Literal> literals_;  // With a port.
  AddressSet addresses_;
  bool all_ = false;
};

// HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.
struct EnvironmentProxies {
  std::optional<Proxy> http, https, all;  // For http:// origins, for https:// ones, for the rest.
  NoProxy no_proxy;

  // This host is never reached through a proxy of the environment: the proxy's loopback is another
  // one.
  ProxyChoice choose(const Origin& origin) const;
};

}  // namespace omni
