#include "source/config/reloader.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"

namespace omni {
namespace {

constexpr char kNeedsRestart[] = ": changed, needs a restart";

// Puts back what cannot change while the process lives, and says so.
std::vector<std::string> keep_fixed_values(const GatewayConfig& now, GatewayConfig& next) {
  std::vector<std::string> warnings;
  const auto keep = [&](const char* path, const auto& old_value, auto& new_value) {
    if (old_value == new_value) return;
    new_value = old_value;
    warnings.push_back(std::string(path) + kNeedsRestart);
  };
  keep("workers", now.workers, next.workers);
  keep("storage.path", now.storage.path, next.storage.path);
  keep("storage.map_size", now.storage.map_size_bytes, next.storage.map_size_bytes);
  return warnings;
}

const ListenerConfig* find_listener(const GatewayConfig& config, const std::string& name) {
  for (const ListenerConfig& listener : config.listeners)
    if (listener.name == name) return &listener;
  return nullptr;
}

// Workers hold the sockets and find a listener's routes by position: listeners keep their order,
// addresses and TLS, and take everything else from `next`.
std::vector<std::string> keep_sockets(const GatewayConfig& now, GatewayConfig& next) {
  std::vector<std::string> warnings;
  std::vector<ListenerConfig> kept;
  bool has_moved = now.listeners.size() != next.listeners.size();
  for (const ListenerConfig& old : now.listeners) {
    const std::string path = fmt::format("listeners[{}]", kept.size());
    const ListenerConfig* found = find_listener(next, old.name);
    if (found == nullptr) {
      warnings.push_back(fmt::format("{}: removed, needs a restart", path));
      kept.push_back(old);
      continue;
    }
    has_moved = has_moved || found != &next.listeners[kept.size()];
    ListenerConfig merged = *found;
    if (merged.address != old.address) warnings.push_back(path + ".address" + kNeedsRestart);
    if (merged.tls.is_on() != old.tls.is_on()) {
      warnings.push_back(path + ".tls" + kNeedsRestart);
      merged.tls = old.tls;
    }
    if (merged.tls != old.tls && merged.tls.is_on() == old.tls.is_on())
      warnings.push_back(path + ".tls" + kNeedsRestart);
    if (merged.limits != old.limits) warnings.push_back(path + ".limits" + kNeedsRestart);
    merged.tls = old.tls;
    merged.limits = old.limits;
    merged.address = old.address;
    kept.push_back(std::move(merged));
  }
  for (size_t i = 0; i < next.listeners.size(); ++i)
    if (find_listener(now, next.listeners[i].name) == nullptr)
      warnings.push_back(fmt::format("listeners[{}]: added, needs a restart", i));
  if (has_moved || !warnings.empty())
    next.hashes.listeners = sha256(std::string(as_bytes(now.hashes.listeners)) +
                                   std::string(as_bytes(next.hashes.listeners)));
  next.listeners = std::move(kept);
  return warnings;
}

}  // namespace

Reloader::Reloader(std::string path, LoadEnv env, Secret pepper, StoredKeys stored_keys)
    : path_(std::move(path)),
      env_(std::move(env)),
      builder_(std::move(pepper)),
      stored_keys_(std::move(stored_keys)) {
  status_.source = path_;
}

ReloadResult Reloader::reload(absl::Time now, bool force) {
  LoadResult loaded = load_config(path_, env_);
  files_ = loaded.config.sources;
  if (!loaded.ok()) {
    status_.last_error = loaded.errors.front();
    ++status_.reload_failures;
    return {.errors = std::move(loaded.errors)};
  }
  const bool is_first = builder_.last() == nullptr;
  if (!is_first && !force && loaded.config.source_hash == config_.source_hash) {
    status_.last_error.reset();
    return {};
  }
  std::vector<std::string> warnings;
  if (!is_first) {
    warnings = keep_fixed_values(config_, loaded.config);
    for (std::string& warning : keep_sockets(config_, loaded.config))
      warnings.push_back(std::move(warning));
  }
  return build(std::move(loaded.config), now, std::move(warnings));
}

ReloadResult Reloader::rebuild(absl::Time now) { return build(config_, now, {}); }

ReloadResult Reloader::build(GatewayConfig next, absl::Time now,
                             std::vector<std::string> warnings) {
  absl::StatusOr<std::shared_ptr<const Snapshot>> built = builder_.build(next, stored_keys_(), now);
  if (!built.ok()) {
    status_.last_error = ConfigError{path_, 1, 1, "keys", std::string(message(built.status()))};
    ++status_.reload_failures;
    return {.errors = {*status_.last_error}};
  }
  config_ = std::move(next);
  status_.generation = (*built)->generation;
  status_.loaded_at = now;
  status_.last_error.reset();
  return {.snapshot = *std::move(built), .warnings = std::move(warnings)};
}

}  // namespace omni
