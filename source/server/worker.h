// One thread with one loop: its listeners, its clients' connections, its upstream pools, its log
// ring. An exchange lives and dies on one worker.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "source/event/thread_loop.h"
#include "source/http/server_connection.h"
#include "source/log/log.h"
#include "source/net/listener.h"
#include "source/net/resolver.h"
#include "source/net/tls_context.h"
#include "source/server/router.h"
#include "source/server/worker_stats.h"
#include "source/stats/registry.h"
#include "source/store/usage_log.h"
#include "source/upstream/connector.h"
#include "source/upstream/pool_context.h"
#include "source/upstream/pools.h"

namespace omni {

// What all workers share; outlives them.
struct WorkerServices {
  Dispatcher& main;
  StatRegistry& registry;
  Store& store;
  Log& log;
  net::Resolver& resolver;
  net::TlsTrust& trust;
  BodyLedger& ledger;
  const RouterState& router;
  WorkerStats stats;
  upstream::PoolStats pool_stats;
  UsageLog::Stats usage_stats;
};

// One listener as workers see it. Shared; immutable but for the count.
struct Doorway {
  std::shared_ptr<net::TlsServer> tls;  // Null: plain.
  ServerLimits limits;
  uint32_t max_connections = 10000;
  std::atomic<uint32_t> connections{0};  // Over all workers.
};

class Worker final : public ExchangeHost, public ServerConnection::Registry {
 public:
  // Every method but the constructor and destructor is called on main and runs on the worker's
  // loop.
  Worker(size_t index, const WorkerServices& services, std::shared_ptr<const Snapshot> snapshot);
  ~Worker();  // Main thread; closes what is open and joins.

  absl::Status listen(size_t listener, std::shared_ptr<Doorway> doorway, net::BoundSocket socket);
  void put_in_force(std::shared_ptr<const Snapshot> snapshot);
  void stop_accepting();
  // No new requests on any connection; idle ones close.
  void drain();
  // Ends the exchanges that are left with an error in their dialect.
  void end_exchanges();
  // Any thread.
  size_t connections() const { return connection_count_.load(std::memory_order_relaxed); }

  Dispatcher& dispatcher() override { return thread_.loop(); }
  UpstreamPools& upstreams() override { return *pools_; }
  BodyBudget& body_budget() override { return budget_; }
  std::shared_ptr<const Snapshot> pin() const override { return snapshot_; }
  uint64_t next_id() override { return ++last_id_; }
  Entry enter(Exchange& exchange, const Door& door) override;
  void dress(Exchange& exchange, ResponseHead& head) override;
  void finished(const Finished& finished) override;
  void connection_over(ServerConnection& connection) override;

 private:
  struct Client {
    std::unique_ptr<ServerConnection> connection;
    std::shared_ptr<Doorway> doorway;
  };

  void set_up();
  void tear_down();
  void accept(size_t listener, const std::shared_ptr<Doorway>& doorway,
              std::unique_ptr<net::Connection> connection);
  void adopt(std::shared_ptr<const Snapshot> snapshot);
  std::string_view date();

  const WorkerServices services_;
  uint64_t last_id_;
  BodyBudget budget_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool access_log_ = true;
  std::atomic<size_t> connection_count_{0};
  bool draining_ = false;
  absl::flat_hash_map<ServerConnection*, Client> clients_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  LogWriter* log_ = nullptr;
  std::string line_;  // Reused for every access-log line.
  std::string date_;
  int64_t date_second_ = -1;
  std::unique_ptr<net::TlsClients> tls_clients_;
  std::unique_ptr<upstream::Connector> connector_;
  std::unique_ptr<upstream::WorkerPools> pools_;
  std::unique_ptr<UsageLog> usage_;
  ThreadLoop thread_;
};

}  // namespace omni
