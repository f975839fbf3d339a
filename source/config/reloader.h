// Loads the configuration again and says what became of it. Whoever watches files or signals calls
// reload() and hands the snapshot to the workers. It comes into force whole or not at all: what can
// fail outside the file, such as binding an address, is prepared before anything is kept.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/config/config_status.h"
#include "source/config/loader.h"
#include "source/config/snapshot_builder.h"

namespace omni {

struct ReloadResult {
  // Null when nothing changed (or nothing may: see `errors`); else to be put in force.
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<ConfigError> errors;    // Not empty: the old configuration stays.
  std::vector<std::string> warnings;  // "storage.path: changed, needs a restart"
};

// Main thread.
class Reloader {
 public:
  // The keys made through the management API, as they are now.
  using StoredKeys = absl::AnyInvocable<std::vector<GatewayKey>()>;
  // The last word on a configuration without mistakes. Without an error it will be in force.
  using Prepare = absl::AnyInvocable<std::optional<ConfigError>(const GatewayConfig&)>;

  Reloader(std::string path, LoadEnv env, Secret pepper, StoredKeys stored_keys, Prepare prepare);

  // The first load and every later one. Reads the files; when they hold what they held before and
  // `force` is false, nothing happens; a mistake in them is told once.
  ReloadResult reload(absl::Time now, bool force = false);
  // The same configuration with the stored keys as they are now, after a write through the API.
  ReloadResult rebuild(absl::Time now);

  // The configuration in force, with the values that were kept because they need a restart.
  const GatewayConfig& config() const { return config_; }
  const std::shared_ptr<const Snapshot>& snapshot() const { return builder_.last(); }
  const ConfigStatus& status() const { return status_; }
  // What is known of the health of providers, over all reloads.
  routing::CellRegistry& cells() { return builder_.cells(); }
  // Every file read by the last load, failed or not. Watch these.
  const std::vector<std::string>& files() const { return files_; }

 private:
  void give_ids(GatewayConfig& next);
  ReloadResult build(GatewayConfig next, absl::Time now, std::vector<std::string> warnings);
  ReloadResult refused(ConfigError error);

  const std::string path_;
  const LoadEnv env_;
  SnapshotBuilder builder_;
  StoredKeys stored_keys_;
  Prepare prepare_;
  GatewayConfig config_;
  size_t last_listener_id_ = 0;
  std::string last_hash_;  // Of what was read last, in force or not.
  ConfigStatus status_;
  std::vector<std::string> files_;
};

}  // namespace omni
