// GET /api/usage/...: history, totals, call-logs, logs and request-logs. Everything is read on the
// store's reader threads.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "api/event.h"
#include "source/admin/control_plane.h"
#include "source/store/lmdb_store.h"

namespace omni {

// Main thread only.
class UsageApi final : public ControlPlane {
 public:
  // Both outlive this.
  UsageApi(LmdbStore& store, Dispatcher& home) : store_(store), home_(home) {}

  // Of a request that may be answered: who asks is settled. Requests still reading when this dies
  // are never answered.
  void handle(AdminRequest request, AdminDone done) override;

 private:
  using Make = absl::AnyInvocable<absl::Status(const LmdbStore&, AdminReply&)>;
  void read(Make make, AdminDone done);

  LmdbStore& store_;
  Dispatcher& home_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::unique_ptr<Pending>> pending_;
};

}  // namespace omni
