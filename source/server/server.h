// The process: configuration, store, sockets, workers, signals, and an orderly end. Main thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/filter_registry.h"
#include "source/admin/admin_api.h"
#include "source/config/absent.h"
#include "source/config/reloader.h"
#include "source/event/file_watch.h"
#include "source/event/loop.h"
#include "source/event/signal_watch.h"
#include "source/server/restart.h"
#include "source/server/worker.h"
#include "source/store/lmdb_store.h"

namespace omni {

class Server {
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
  absl::Status open_doors();
  absl::Status open_door(size_t index, const ListenerConfig& config);
  absl::StatusOr<std::shared_ptr<net::TlsServer>> load_tls(const TlsConfig& config);
  void start_workers();
  void watch();
  void watch_files();
  void reload(bool force);
  void reload_certificates();
  void restart();
  void begin_drain(std::string_view why);
  void check_drained();
  void say(LogLevel level, std::string_view text);
  std::vector<GatewayKey> stored_keys() const;
  size_t connections() const;

  const std::string config_path_;
  const FilterRegistry& filters_;
  Inheritance inheritance_;
  Log log_;
  LogWriter& log_writer_;
  StatRegistry registry_;
  Loop loop_;
  std::unique_ptr<LmdbStore> store_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<AdminApi> admin_;
  RouterState router_;
  std::unique_ptr<BodyLedger> ledger_;
  net::TlsTrust trust_;
  std::unique_ptr<net::Resolver> resolver_;
  std::string ticket_key_;
  std::vector<std::shared_ptr<Doorway>> doorways_;
  std::vector<HandedSocket> handed_;  // Duplicates of the listening sockets, for a restart.
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::string> listening_;  // "http://127.0.0.1:20128"
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::unique_ptr<FileWatch> config_watch_;
  std::unique_ptr<FileWatch> certificate_watch_;
  std::unique_ptr<Restart> restart_;
  std::unique_ptr<Timer> drain_timer_;
  bool draining_ = false;
  bool ended_exchanges_ = false;
  absl::Duration drain_deadline_;
};

}  // namespace omni
