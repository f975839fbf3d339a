#include "source/config/snapshot_builder.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "source/base/status.h"
#include "source/routing/auto_pool.h"
#include "source/routing/combo.h"

namespace omni {
namespace {

// What the section is made of: the file's keys, and every field of the stored ones.
Digest hash_keys(const Digest& file_keys, const std::vector<GatewayKey>& stored) {
  std::string text(as_bytes(file_keys));
  for (const GatewayKey& key : stored) {
    text += fmt::format("{}:{}{}:{}{}{}{}{}", key.id.size(), key.id, key.name.size(), key.name,
                        key.disabled, key.banned, key.no_log, key.allowed_models.size());
    text.append(as_bytes(key.hash));
    for (const std::string& model : key.allowed_models)
      text += fmt::format("{}:{}", model.size(), model);
    text += key.proxy.is_made ? "proxy" : "";
    text += key.proxy.proxy ? key.proxy.proxy->key() : "";
    text += key.expires_at ? std::to_string(absl::ToUnixNanos(*key.expires_at)) : "never";
    for (const std::string& connection : key.allowed_connections)
      text += fmt::format("{}:{}", connection.size(), connection);
    text += key.rules.text();
    if (key.schedule) text += fmt::format("{} {}", key.schedule->text(), key.schedule->days);
  }
  return sha256(text);
}

std::shared_ptr<GatewayKey> make_file_key(const KeyConfig& key, const KeyedDigest& hash) {
  auto made = std::make_shared<GatewayKey>();
  made->id = file_entry_id("key", key.name);
  made->name = key.name;
  made->hash = hash(key.key.reveal());
  made->allowed_models = key.allowed_models;
  made->allowed_connections = key.allowed_connections;
  made->disabled = key.disabled;
  made->expires_at = key.expires_at;
  made->schedule = key.schedule;
  made->no_log = key.no_log;
  made->proxy = key.proxy;
  made->rules = key.rules;
  return made;
}

absl::StatusOr<std::shared_ptr<const KeySection>> make_keys(const std::vector<KeyConfig>& file_keys,
                                                            const std::vector<GatewayKey>& stored,
                                                            const Secret& pepper, KeyCells& cells) {
  auto section = std::make_shared<KeySection>();
  section->hash = KeyedDigest(pepper.reveal());
  const auto add = [&](std::shared_ptr<GatewayKey> key) {
    key->limits = cells.attach(key->id, key->rules);
    section->has_limits |= key->limits.any();
    const Digest hash = key->hash;
    return section->by_hash.emplace(hash, std::move(key));
  };
  for (const KeyConfig& key : file_keys) {
    const std::shared_ptr<GatewayKey> made = make_file_key(key, section->hash);
    // The same key under another value: what it uses counts as before.
    for (const KeyConfig::Previous& before : key.previous) {
      auto old = std::make_shared<GatewayKey>(*made);
      old->hash = section->hash(before.key.reveal());
      old->expires_at = std::min(before.until, key.expires_at.value_or(before.until));
      add(std::move(old));
    }
    add(made);
  }
  for (const GatewayKey& key : stored) {
    const auto [other, is_new] = add(std::make_shared<GatewayKey>(key));
    if (!is_new)
      return failed(fmt::format("the key '{}' of the file is also stored, as '{}'",
                                other->second->name, key.name));
  }
  return std::shared_ptr<const KeySection>(std::move(section));
}

std::vector<ListenerRoutes> make_listeners(const std::vector<ListenerConfig>& listeners) {
  std::vector<ListenerRoutes> out;
  for (const ListenerConfig& listener : listeners) {
    ListenerRoutes& made = out.emplace_back();
    made.id = listener.id;
    made.name = listener.name;
    made.management = listener.management;
    for (const RouteConfig& route : listener.routes) {
      Route& row = made.routes.emplace_back();
      row.prefix = route.prefix;
      for (const FilterUse& use : route.filters) {
        row.names.push_back(use.name);
        row.filters.push_back(use.filter);
      }
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const routing::ComboList>> SnapshotBuilder::make_combos(
    const GatewayConfig& config, const ProviderList& providers) {
  std::vector<routing::Combo> out;
  routing::Flattener flattener(config.combos, providers, config.aliases);
  for (const routing::ComboConfig& each : config.combos) {
    routing::Combo made{.name = each.name,
                        .strategy = each.strategy,
                        .rules = each.rules,
                        .sticky = each.sticky,
                        .proxy = each.proxy};
    made.panel = each.panel;
    made.handoff = each.handoff;
    if (const auto failure = flattener.flatten(each, made))
      return failed(fmt::format("the combo '{}': {}", each.name, failure->message));
    if (made.strategy == routing::Strategy::kAuto) routing::prepare_scores(each.scoring, made);
    cells_.attach(made);
    out.push_back(std::move(made));
  }
  for (routing::Combo& made : routing::make_auto_combos(providers)) {
    cells_.attach(made);
    out.push_back(std::move(made));
  }
  return std::make_shared<const routing::ComboList>(std::move(out));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotBuilder::build(
    const GatewayConfig& config, const std::vector<GatewayKey>& stored_keys, absl::Time now) {
  const auto is_same = [&](const Digest& before, const Digest& after) {
    return last_ != nullptr && before == after;
  };
  auto next = std::make_shared<Snapshot>();
  next->generation = last_ == nullptr ? 1 : last_->generation + 1;
  next->source = config.source;
  next->source_hash = config.source_hash;
  next->loaded_at = now;
  next->settings = {.require_api_key = config.settings.require_api_key,
                    .cors_allow_origin = config.settings.cors_allow_origin,
                    .system_prompt = config.settings.system_prompt,
                    .thinking = config.settings.thinking,
                    .ip_filter = config.settings.ip_filter,
                    .trusted_proxies = config.settings.trusted_proxies,
                    .receipts = config.settings.receipts};
  next->resilience = config.resilience;
  next->admin.allow = config.admin.allow;
  next->access_log = config.log.access;
  const bool same_providers = is_same(hashes_.providers, config.hashes.providers);
  if (same_providers) {
    next->providers = last_->providers;
  } else {
    std::vector<Provider> providers = config.providers;
    cells_.attach(providers);
    next->providers = std::make_shared<const ProviderList>(std::move(providers));
  }
  next->aliases = is_same(hashes_.aliases, config.hashes.aliases)
                      ? last_->aliases
                      : std::make_shared<const AliasMap>(config.aliases);
  // Their targets lead to providers.
  if (same_providers && next->aliases == last_->aliases &&
      is_same(hashes_.combos, config.hashes.combos)) {
    next->combos = last_->combos;
  } else {
    OMNI_ASSIGN_OR_RETURN(next->combos, make_combos(config, *next->providers));
  }
  const Digest keys_hash = hash_keys(config.hashes.keys, stored_keys);
  if (is_same(keys_hash_, keys_hash)) {
    next->keys = last_->keys;
  } else {
    OMNI_ASSIGN_OR_RETURN(next->keys, make_keys(config.keys, stored_keys, pepper_, *key_cells_));
  }
  // Templates are shared pointers, so an unchanged row keeps the filters' parsed settings.
  next->listeners = is_same(hashes_.listeners, config.hashes.listeners)
                        ? last_->listeners
                        : make_listeners(config.listeners);
  hashes_ = config.hashes;
  keys_hash_ = keys_hash;
  last_ = std::move(next);
  return last_;
}

}  // namespace omni
