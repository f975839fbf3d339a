// Who a client is and whether it may use the client API at all.
#pragma once

#include <optional>
#include <string_view>

#include "api/exchange.h"
#include "api/headers.h"
#include "api/http.h"
#include "source/catalog/client_rules.h"
#include "source/catalog/ip_address.h"
#include "source/http/exchange_host.h"

namespace omni {

// The address of whoever asked: the peer's, or what trusted proxies say of it. nullopt: a Unix
// socket whose peers are not trusted or name nobody.
//
// A trusted peer is asked for whom it speaks: X-Forwarded-For, else Forwarded (RFC 7239), else
// X-Real-IP. The list is read from its right end, where the nearest proxy wrote, and only as long
// as the address that was read is a trusted proxy's too. What stands further left came from the
// client, who can write there what it likes: the first entry is its choice, not its address. An
// entry that is no address ("unknown", "_hidden") ends the walk at the hop before.
std::optional<IpAddress> find_client(std::string_view peer, const Headers& headers,
                                     const TrustedProxies& trusted);

// Fills facts.client where the snapshot has trusted proxies.
void note_client(Exchange& exchange, const Door& door);

// What settings.ip_filter says of the client; after note_client(). A Unix socket without an address
// is let in: its file's mode has decided, as for management.
std::optional<LocalReply> refuse_client(Exchange& exchange, const Door& door);

}  // namespace omni
