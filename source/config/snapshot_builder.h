// Makes the snapshot that requests run under. Sections that did not change since the snapshot
// before are shared with it, so a reload costs what it changes.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "api/snapshot.h"
#include "source/config/gateway_config.h"
#include "source/limits/key_limits.h"
#include "source/routing/cell_registry.h"

namespace omni {

// Main thread. Remembers what it built last.
class SnapshotBuilder {
 public:
  // `pepper` keys the hashes of client keys; it never changes while a store lives.
  explicit SnapshotBuilder(Secret pepper)
      : pepper_(std::move(pepper)), key_cells_(std::make_shared<KeyCells>()) {}

  // `stored_keys` are those made through the management API. Fails when one of them has the
  // hash of a key of the file. Generations count from 1; a failure uses none up.
  absl::StatusOr<std::shared_ptr<const Snapshot>> build(const GatewayConfig& config,
                                                        const std::vector<GatewayKey>& stored_keys,
                                                        absl::Time now);

  // The last one built; null before the first.
  const std::shared_ptr<const Snapshot>& last() const { return last_; }

  // What is known of the health of providers; snapshots lead to it.
  routing::CellRegistry& cells() { return cells_; }

 private:
  absl::StatusOr<std::shared_ptr<const routing::ComboList>> make_combos(
      const GatewayConfig& config, const ProviderList& providers);

  Secret pepper_;
  routing::CellRegistry cells_;
  std::shared_ptr<KeyCells> key_cells_;  // What copies of this builder have in common.
  std::shared_ptr<const Snapshot> last_;
  GatewayConfig::SectionHashes hashes_;
  Digest keys_hash_{};
};

}  // namespace omni
