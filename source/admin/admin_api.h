// What management answers today: the state of the configuration, the metrics, live sessions, the
// health of providers, usage, and the description of all paths.
#pragma once

#include <string>

#include "api/event.h"
#include "source/admin/control_plane.h"
#include "source/admin/latency_view.h"
#include "source/admin/resilience_view.h"
#include "source/admin/session_list.h"
#include "source/config/config_status.h"
#include "source/stats/registry.h"

namespace omni {

class AdminApi final : public ControlPlane {
 public:
  // Who answers whatever is below /api/usage and /api/receipts.
  struct Desks {
    ControlPlane& usage;
    ControlPlane& receipts;
  };

  // What the answers are made from; all of it on the main thread, and outlives this.
  AdminApi(const ConfigStatus& status, const StatRegistry& stats, SessionSource& sessions,
           HealthSource& health, LatencySource& latencies, Desks desks, const Clock& clock)
      : status_(status),
        stats_(stats),
        sessions_(sessions),
        health_(health),
        latencies_(latencies),
        desks_(desks),
        clock_(clock) {}

  // Empty: no login; whoever got past the address rules is in.
  void set_password(Secret password) { password_ = std::move(password); }

  void handle(AdminRequest request, AdminDone done) override;

 private:
  bool is_logged_in(const AdminRequest& request) const;
  void show_metrics(AdminDone done);
  void show_openapi(AdminDone done);
  void show_config(AdminDone done);
  void show_sessions(AdminDone done);
  void show_resilience(AdminDone done);
  void reset_resilience(AdminDone done);
  void show_rate_limits(AdminDone done);
  void show_rate_limit(AdminDone done);
  void show_latencies(AdminDone done);

  const ConfigStatus& status_;
  const StatRegistry& stats_;
  SessionSource& sessions_;
  HealthSource& health_;
  LatencySource& latencies_;
  const Desks desks_;
  const Clock& clock_;
  Secret password_;
};

// {generation, loadedAt, source, lastError}; see contract "A file that does not validate".
std::string render_config_status(const ConfigStatus& status);

}  // namespace omni
