// Everything a request consults: built whole on the main thread, never changed afterwards. Sections
// are shared between generations, so a reload copies only what it touches.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/filter_registry.h"
#include "source/base/digest.h"
#include "source/base/secret.h"
#include "source/catalog/client_rules.h"
#include "source/catalog/names.h"
#include "source/catalog/provider.h"
#include "source/catalog/proxy_choice.h"
#include "source/limits/key_limits.h"
#include "source/limits/schedule.h"
#include "source/llm/system_prompt.h"
#include "source/llm/thinking_budget.h"
#include "source/routing/policy.h"

namespace omni {

namespace routing {
class ComboList;
}

// A key that clients present. Only its keyed hash is kept.
struct GatewayKey {
  std::string id;
  std::string name;
  Digest hash{};
  std::vector<std::string> allowed_models;  // Globs; empty: all.
  // Globs of PROVIDER/ACCOUNT; empty: all. See is_allowed_account().
  std::vector<std::string> allowed_connections;
  bool disabled = false;
  bool banned = false;
  std::optional<absl::Time> expires_at;
  std::optional<Schedule> schedule;
  bool no_log = false;
  ProxyChoice proxy;  // For requests of this key; an account's own goes before.
  KeyRules rules;
  KeyLimits limits;  // The rules with what counts them; shared between generations.
};

// Keys by keyed hash. Looking up a digest compares all of it, and the digest is keyed, so timing
// says nothing about a key.
struct KeySection {
  KeyedDigest hash;  // Keyed with the store's pepper.
  absl::flat_hash_map<Digest, std::shared_ptr<const GatewayKey>, DigestHash> by_hash;
  bool has_limits = false;  // Some key has.

  // Null when unknown. Valid as long as the snapshot.
  const GatewayKey* find(std::string_view presented) const {
    const auto it = by_hash.find(hash(presented));
    return it == by_hash.end() ? nullptr : it->second.get();
  }
};

struct Settings {
  bool require_api_key = false;
  std::string cors_allow_origin = "*";
  llm::SystemPrompt system_prompt;
  llm::ThinkingBudget thinking;
  IpFilter ip_filter;  // Of the client API.
  TrustedProxies trusted_proxies;
  bool receipts = true;
};

// One row of filters, for the client paths below a prefix.
struct Route {
  std::string prefix;
  std::vector<std::string> names;
  std::vector<FilterTemplate> filters;
};

struct ListenerRoutes {
  // Of the listener, as long as it lives, wherever it stands in the file; never given twice.
  size_t id = 0;
  std::string name;
  bool management = true;
  std::vector<Route> routes;  // Longest prefix first.

  // The first whose prefix matches whole segments of `path`; null when none does.
  const Route* match(std::string_view path) const;
};

struct AdminAccess {
  std::vector<std::string> allow;  // CIDRs; default loopback.
};

struct Snapshot {
  uint64_t generation = 0;
  std::string source;       // The file's path.
  std::string source_hash;  // Of the file and what it includes.
  absl::Time loaded_at;

  std::shared_ptr<const ProviderList> providers;
  std::shared_ptr<const AliasMap> aliases;
  std::shared_ptr<const routing::ComboList> combos;  // May be null: none.
  std::shared_ptr<const KeySection> keys;
  Settings settings;
  routing::Policy resilience;
  AdminAccess admin;
  std::vector<ListenerRoutes> listeners;  // In file order.
  bool access_log = true;

  // Null when there is no such listener in this configuration.
  const ListenerRoutes* find_listener(size_t id) const {
    for (const ListenerRoutes& listener : listeners)
      if (listener.id == id) return &listener;
    return nullptr;
  }
};

inline const Route* ListenerRoutes::match(std::string_view path) const {
  for (const Route& route : routes) {
    if (path.substr(0, route.prefix.size()) != route.prefix) continue;
    if (path.size() == route.prefix.size() || path[route.prefix.size()] == '/' ||
        (!route.prefix.empty() && route.prefix.back() == '/'))
      return &route;
  }
  return nullptr;
}

}  // namespace omni
