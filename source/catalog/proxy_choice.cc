#include "source/catalog/proxy_choice.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "source/base/strings.h"

namespace omni {
namespace {

// Cuts ":port" off; 0 when there is none.
uint16_t take_port(std::string_view& entry) {
  const size_t colon = entry.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return 0;
  const bool is_v6 = entry.find(':') != colon;
  if (is_v6 && entry[colon - 1] != ']') return 0;
  const std::optional<int64_t> port = parse_int(entry.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return 0;
  entry = entry.substr(0, colon);
  return static_cast<uint16_t>(*port);
}

bool is_below(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

bool is_this_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;  // RFC 6761 section 6.3
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address) return false;
  if (address->is_v6) return address->high == 0 && address->low == 1;
  return address->low >> 24 == 127;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSeparators = ", \t\r\n";
  std::vector<std::string_view> out;
  size_t at = 0;
  while ((at = text.find_first_not_of(kSeparators, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

const ProxyChoice* choose_proxy(const ProxyPlaces& places) {
  for (const ProxyChoice* choice : {places.account, places.key, places.combo, places.provider,
                                    places.global, places.environment})
    if (choice != nullptr && choice->is_made) return choice;
  return nullptr;
}

NoProxy::NoProxy(std::string_view text) {
  AddressSet::Builder addresses;
  for (std::string_view entry : words_of(text)) {
    if (entry == "*") {
      all_ = true;
      continue;
    }
    if (addresses.add(entry).ok()) continue;
    const uint16_t port = take_port(entry);
    if (const std::optional<IpAddress> address = IpAddress::parse(entry)) {
      literals_.push_back({*address, port});
      continue;
    }
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with(".")) entry.remove_prefix(1);
    if (!entry.empty()) domains_.push_back({lower(entry), port});
  }
  addresses_ = std::move(addresses).build();
}

bool NoProxy::covers(const Origin& origin) const {
  if (all_) return true;
  if (const std::optional<IpAddress> address = IpAddress::parse(origin.host)) {
    const auto names_it = [&](const Literal& one) {
      return one.address == *address && one.port == origin.port;
    };
    return addresses_.contains(*address) ||
           std::any_of(literals_.begin(), literals_.end(), names_it);
  }
  return std::any_of(domains_.begin(), domains_.end(), [&](const Domain& domain) {
    return (domain.port == 0 || domain.port == origin.port) && is_below(origin.host, domain.name);
  });
}

ProxyChoice EnvironmentProxies::choose(const Origin& origin) const {
  if (is_this_host(origin.host) || no_proxy.covers(origin)) return {};
  const std::optional<Proxy>& own = origin.tls ? https : http;
  const std::optional<Proxy>& chosen = own ? own : all;
  return {.is_made = chosen.has_value(), .proxy = chosen};
}

}  // namespace omni
