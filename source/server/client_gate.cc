#include "source/server/client_gate.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "api/snapshot.h"
#include "source/base/strings.h"

namespace omni {
namespace {

using Hops = std::vector<std::string_view>;

// Pieces between `separator`, but not inside quoted strings (RFC 7239 section 4), trimmed. Quotes
// are paired from the right: what a client wrote on the left, a single quote for example, must not
// swallow what a proxy added.
Hops split_outside_quotes(std::string_view text, char separator) {
  Hops out;
  bool is_quoted = false;
  size_t end = text.size();
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] == '"') is_quoted = !is_quoted;
    if (is_quoted || text[i] != separator) continue;
    out.push_back(trim(text.substr(i + 1, end - i - 1)));
    end = i;
  }
  out.push_back(trim(text.substr(0, end)));
  std::reverse(out.begin(), out.end());
  return out;
}

// The value of `for` in one element of Forwarded; empty when it has none.
std::string_view forwarded_for(std::string_view element) {
  for (std::string_view pair : split_outside_quotes(element, ';')) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !equals_ignoring_case(pair.substr(0, equals), "for"))
      continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// Nearest last. Several fields of a name are one list, and empty elements do not count (RFC 9110
// sections 5.3 and 5.6.1).
Hops hops_of(const Headers& headers) {
  Hops forwarded_for_list, forwarded, real;
  for (const auto& field : headers) {
    if (field.name == "x-forwarded-for") {
      for (const std::string_view hop : split(field.value, ','))
        if (!trim(hop).empty()) forwarded_for_list.push_back(trim(hop));
    } else if (field.name == "forwarded") {
      for (const std::string_view element : split_outside_quotes(field.value, ','))
        if (!element.empty()) forwarded.push_back(forwarded_for(element));
    } else if (field.name == "x-real-ip") {
      real.push_back(trim(field.value));
    }
  }
  if (!forwarded_for_list.empty()) return forwarded_for_list;
  return forwarded.empty() ? real : forwarded;
}

}  // namespace

std::optional<IpAddress> find_client(std::string_view peer, const Headers& headers,
                                     const TrustedProxies& trusted) {
  std::optional<IpAddress> client = IpAddress::parse_endpoint(peer);
  const bool is_trusted = client ? trusted.addresses.contains(*client) : trusted.unix_sockets;
  if (!is_trusted) return client;
  const Hops hops = hops_of(headers);
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const std::optional<IpAddress> next = IpAddress::parse_endpoint(*hop);
    if (!next) return client;
    client = next;
    if (!trusted.addresses.contains(*next)) return client;
  }
  return client;
}

void note_client(Exchange& exchange, const Door& door) {
  const TrustedProxies& trusted = exchange.snapshot().settings.trusted_proxies;
  if (trusted.empty()) return;
  const std::optional<IpAddress> peer = IpAddress::parse_endpoint(door.peer);
  const std::optional<IpAddress> client =
      find_client(door.peer, exchange.request().headers, trusted);
  if (client && client != peer) exchange.facts().client = client->text();
}

std::optional<LocalReply> refuse_client(Exchange& exchange, const Door& door) {
  const IpFilter& filter = exchange.snapshot().settings.ip_filter;
  if (!filter.enabled) return std::nullopt;
  const std::string& named = exchange.facts().client;
  const std::optional<IpAddress> client =
      named.empty() ? IpAddress::parse_endpoint(door.peer) : IpAddress::parse(named);
  if (!client || filter.admits(*client)) return std::nullopt;
  return LocalReply{.status = 403,
                    .code = "client_address_refused",
                    .message = "This address may not use the gateway."};
}

}  // namespace omni
