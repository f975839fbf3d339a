// Loads the configuration again and says what became of it. Pure logic: whoever watches files or
// signals calls reload() and hands the snapshot to the workers.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <memory>
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

  Reloader(std::string path, LoadEnv env, Secret pepper, StoredKeys stored_keys);

  // The first load and every later one. Reads the files; when they hold what they held before and
  // `force` is false, nothing happens.
  ReloadResult reload(absl::Time now, bool force = false);
  // The same configuration with the stored keys as they are now, after a write through the API.
  ReloadResult rebuild(absl::Time now);

  // The configuration in force, with the values that were kept because they need a restart.
  const GatewayConfig& config() const { return config_; }
  const std::shared_ptr<const Snapshot>& snapshot() const { return builder_.last(); }
  const ConfigStatus& status() const { return status_; }
  // Every file read by the last load, failed or not. Watch these.
  const std::vector<std::string>& files() const { return files_; }

 private:
  ReloadResult build(GatewayConfig next, absl::Time now, std::vector<std::string> warnings);

  const std::string path_;
  const LoadEnv env_;
  SnapshotBuilder builder_;
  StoredKeys stored_keys_;
  GatewayConfig config_;
  ConfigStatus status_;
  std::vector<std::string> files_;
};

}  // namespace omni
