// The process: configuration, store, sockets, workers, signals, and an orderly end. Main thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/filter_registry.h"
#include "source/admin/admin_api.h"
#include "source/admin/receipt_api.h"
#include "source/admin/usage_api.h"
#include "source/config/absent.h"
#include "source/config/reloader.h"
#include "source/event/file_watch.h"
#include "source/event/loop.h"
#include "source/event/signal_watch.h"
#include "source/server/doors.h"
#include "source/server/handoff_keeper.h"
#include "source/server/health_keeper.h"
#include "source/server/restart.h"
#include "source/server/roll_calls.h"
#include "source/server/spend_keeper.h"
#include "source/server/worker.h"
#include "source/store/lmdb_store.h"
#include "source/store/retention.h"

namespace omni {

class Server final : private SessionSource,
                     private HealthSource,
                     private LatencySource,
                     private ReceiptSource {
 public:
  Server(std::string config_path, const FilterRegistry& filters, Inheritance inheritance);
  ~Server();

  // Everything up to and including "listening on ..."; an error is one line for a person.
  absl::Status start();
  // Until the process has drained. Returns the exit code.
  int run();

 private:
  absl::Status load();
  absl::Status open_store();
  void open_books();
  void start_workers();
  void watch();
  void watch_config();
  void watch_certificates();
  void reload(bool force);
  void tell_doors(const std::vector<std::string>& before, const std::vector<std::string>& now);
  void put_in_force(const std::shared_ptr<const Snapshot>& snapshot);
  void reload_certificates();
  void restart();
  void begin_drain(std::string_view why);
  void check_drained();
  void say(LogLevel level, std::string_view text);
  std::vector<GatewayKey> stored_keys() const;
  void adopt_spends(const Snapshot& snapshot);
  // And what is made in the background.
  size_t connections() const;
  void end_workers();
  void list_sessions(Listed done) override;
  void list_latencies(Latencies done) override;
  void flush_receipts(absl::AnyInvocable<void()> done) override;
  std::shared_ptr<const Snapshot> snapshot() const override;
  void reset_health() override;

  const std::string config_path_;
  const FilterRegistry& filters_;
  Inheritance inheritance_;
  Log log_;
  LogWriter& log_writer_;
  StatRegistry registry_;
  Loop loop_;
  RollCalls roll_calls_{loop_};
  std::vector<ProviderLatencies> heard_latencies_;  // What each worker said last.
  std::unique_ptr<LmdbStore> store_;
  std::unique_ptr<SpendKeeper> spends_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<HealthKeeper> health_;
  std::unique_ptr<HandoffKeeper> handoffs_;
  std::unique_ptr<Retention> retention_, receipt_retention_;
  std::unique_ptr<UsageApi> usage_;
  std::unique_ptr<ReceiptApi> receipts_;
  std::unique_ptr<AdminApi> admin_;
  RouterState router_;
  std::unique_ptr<BodyLedger> ledger_;
  JobHub jobs_;
  net::TlsTrust trust_;
  std::unique_ptr<net::Resolver> resolver_;
  Doors doors_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::unique_ptr<FileWatch> config_watch_;
  std::unique_ptr<FileWatch> certificate_watch_;
  std::vector<std::string> watched_certificates_;
  std::unique_ptr<Restart> restart_;
  std::unique_ptr<Timer> drain_timer_;
  bool reload_failed_ = false;  // The last one did.
  bool draining_ = false;
  bool ended_exchanges_ = false;
  absl::Duration drain_deadline_;
};

}  // namespace omni
