#include "source/config/reloader.h"

#include <algorithm>
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
  keep("storage.retention.age", now.storage.retention_age, next.storage.retention_age);
  keep("storage.retention.size", now.storage.retention_bytes, next.storage.retention_bytes);
  keep("storage.retention.receipts.age", now.storage.receipts_age, next.storage.receipts_age);
  keep("storage.retention.receipts.size", now.storage.receipts_bytes, next.storage.receipts_bytes);
  return warnings;
}

// Connections of `old` go on under the rules of `next`: it has the same sockets, and asks for no
// certificate that those who came in before were not asked for.
bool keeps_connections(const ListenerConfig& old, const ListenerConfig& next) {
  return next.has_sockets_of(old) &&
         (next.tls.client_ca.empty() || next.tls.client_ca == old.tls.client_ca);
}

}  // namespace

Reloader::Reloader(std::string path, LoadEnv env, Secret pepper, StoredKeys stored_keys,
                   Prepare prepare)
    : path_(std::move(path)),
      env_(std::move(env)),
      builder_(std::move(pepper)),
      stored_keys_(std::move(stored_keys)),
      prepare_(std::move(prepare)) {
  status_.source = path_;
}

ReloadResult Reloader::reload(absl::Time now, bool force) {
  LoadResult loaded = load_config(path_, env_);
  files_ = loaded.config.sources;
  const std::string before = std::exchange(last_hash_, loaded.config.source_hash);
  if (!force && before == last_hash_) return {};
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
  if (!is_first) warnings = keep_fixed_values(config_, loaded.config);
  give_ids(loaded.config);
  return build(std::move(loaded.config), now, std::move(warnings));
}

// A connection finds its listener's routes by id, so an id is never given to another listener:
// rules that open the management of one must not reach who came in by another.
void Reloader::give_ids(GatewayConfig& next) {
  for (ListenerConfig& listener : next.listeners) {
    const auto old = std::find_if(
        config_.listeners.begin(), config_.listeners.end(),
        [&](const ListenerConfig& other) { return keeps_connections(other, listener); });
    listener.id = old != config_.listeners.end() ? old->id : ++last_listener_id_;
  }
}

ReloadResult Reloader::rebuild(absl::Time now) { return build(config_, now, {}); }

ReloadResult Reloader::build(GatewayConfig next, absl::Time now,
                             std::vector<std::string> warnings) {
  SnapshotBuilder builder = builder_;
  absl::StatusOr<std::shared_ptr<const Snapshot>> built = builder.build(next, stored_keys_(), now);
  if (!built.ok()) return refused({path_, 1, 1, "keys", std::string(message(built.status()))});
  if (std::optional<ConfigError> error = prepare_(next)) return refused(*std::move(error));
  builder_ = std::move(builder);
  config_ = std::move(next);
  status_.generation = (*built)->generation;
  status_.loaded_at = now;
  status_.last_error.reset();
  return {.snapshot = *std::move(built), .warnings = std::move(warnings)};
}

ReloadResult Reloader::refused(ConfigError error) {
  last_hash_.clear();  // The cause is not in the files: another try may succeed.
  status_.last_error = error;
  ++status_.reload_failures;
  return {.errors = {std::move(error)}};
}

}  // namespace omni
