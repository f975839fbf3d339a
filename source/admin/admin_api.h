// What management answers today: the state of the configuration and the metrics.
#pragma once

#include <string>

#include "source/admin/control_plane.h"
#include "source/config/config_status.h"
#include "source/stats/registry.h"

namespace omni {

class AdminApi final : public ControlPlane {
 public:
  // What the answers are made from; all of it on the main thread. `status` and `stats` outlive
  // this.
  AdminApi(const ConfigStatus& status, const StatRegistry& stats)
      : status_(status), stats_(stats) {}

  // Empty: no login; whoever got past the address rules is in.
  void set_password(Secret password) { password_ = std::move(password); }

  AdminReply handle(AdminRequest request) override;

 private:
  bool is_logged_in(const AdminRequest& request) const;

  const ConfigStatus& status_;
  const StatRegistry& stats_;
  Secret password_;
};

// {generation, loadedAt, source, lastError}; see contract "A file that does not validate".
std::string render_config_status(const ConfigStatus& status);

}  // namespace omni
