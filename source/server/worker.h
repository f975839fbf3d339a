// One thread with one loop: its listeners, its clients' connections, its upstream pools, its log
// ring. An exchange lives and dies on one worker.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/event/thread_loop.h"
#include "source/http/server_connection.h"
#include "source/log/log.h"
#include "source/net/listener.h"
#include "source/net/resolver.h"
#include "source/net/tls_context.h"
#include "source/server/doorway.h"
#include "source/server/ended_exchanges.h"
#include "source/server/job_table.h"
#include "source/server/latency_table.h"
#include "source/server/router.h"
#include "source/server/sessions.h"
#include "source/server/spare_memory.h"
#include "source/server/worker_stats.h"
#include "source/stats/registry.h"
#include "source/store/receipt_log.h"
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
  JobHub& jobs;
  WorkerStats stats;
  upstream::PoolStats pool_stats;
  UsageLog::Stats usage_stats;
  ReceiptLog::Stats receipt_stats;
};

class Worker final : public ExchangeHost, public ServerConnection::Registry {
 public:
  // After their drain time exchanges get an error; this long it may take to leave.
  static constexpr absl::Duration kGoodbye = absl::Seconds(2);

  // Every method but the constructor and destructor is called on main and runs on the worker's
  // loop.
  Worker(size_t index, const WorkerServices& services, std::shared_ptr<const Snapshot> snapshot);
  ~Worker();  // Main thread; closes what is open and joins.

  // Both at once: no request meets the new rules at the old doors.
  void put_in_force(std::shared_ptr<const Snapshot> snapshot, DoorChange change);
  // No new requests on any connection; idle ones close. Who waits to be accepted is left to the
  // successor, if there is one.
  void drain(bool has_successor);
  // Ends the exchanges that are left with an error in their dialect.
  void end_exchanges();
  // Of this worker; `done` runs on main.
  void list_sessions(absl::AnyInvocable<void(std::vector<SessionInfo>)> done);
  void list_latencies(absl::AnyInvocable<void(ProviderLatencies)> done);
  // What it has of receipts goes to the store; then `done` runs on main.
  void flush_receipts(absl::AnyInvocable<void()> done);
  // Ends what is made in the background, and waits for that.
  void end_jobs();
  // Any thread.
  size_t jobs_left() const { return jobs_ ? jobs_->size() : 0; }
  size_t connections() const { return connection_count_.load(std::memory_order_relaxed); }

  Dispatcher& dispatcher() override { return thread_.loop(); }
  UpstreamPools& upstreams() override { return *pools_; }
  BackgroundJobs& jobs() override { return *jobs_; }
  BodyBudget& body_budget() override { return budget_; }
  std::shared_ptr<const Snapshot> pin(size_t listener) const override {
    return retired_.empty() ? snapshot_ : pin_of_retired(listener);
  }
  uint64_t next_id() override { return ++last_id_; }
  void begun() override;
  Entry enter(Exchange& exchange, const Door& door) override;
  void dress(Exchange& exchange, ResponseHead& head) override;
  void count(const Finished& finished) override;
  void finished(const Finished& finished) override;
  void ended(std::unique_ptr<Ended> exchange) override;
  void connection_over(ServerConnection& connection) override;

 private:
  struct Client final : Deferred {
    std::shared_ptr<const Doorway> doorway;  // Outlives the connection, which refers to its limits.
    std::unique_ptr<ServerConnection> connection;
  };
  struct Gate {
    std::shared_ptr<const Doorway> doorway;  // For the next connection.
    std::unique_ptr<net::Listener> listener;
  };
  // A listener that is gone, as long as connections of it are there.
  struct Retired {
    std::shared_ptr<const Snapshot> snapshot;  // The last that knew it: its requests run under it.
    size_t connections = 0;
    bool has_ended = false;  // Its exchanges got their error.
    std::unique_ptr<Timer> timer;
  };

  void set_up();
  void tear_down();
  void open(DoorChange::Opened opened);
  void replace(const DoorChange::Replaced& replaced);
  void retire(size_t listener, absl::Duration drain);
  void end_retired(size_t listener);
  std::vector<ServerConnection*> clients_of(size_t listener) const;
  std::shared_ptr<const Snapshot> pin_of_retired(size_t listener) const;
  void left(size_t listener);
  void accept(const std::shared_ptr<const Doorway>& doorway,
              std::unique_ptr<net::Connection> connection);
  void adopt(std::shared_ptr<const Snapshot> snapshot);
  static void add_cost(const Facts& facts, ResponseHead& head);
  ReceiptId give_receipt(Exchange& exchange);
  void tell_budget(const Facts& facts);
  void note_session(const Facts& facts, absl::Time now);
  std::string_view date();

  const WorkerServices services_;
  const size_t index_;
  uint64_t last_id_;
  BodyBudget budget_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool access_log_ = true;
  std::atomic<size_t> connection_count_{0};
  bool draining_ = false;
  absl::flat_hash_map<ServerConnection*, std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Gate>> gates_;
  absl::flat_hash_map<size_t, Retired> retired_;  // By listener; nearly always empty.
  LogWriter* log_ = nullptr;
  std::string line_;  // Reused for every access-log line.
  std::string date_;
  int64_t date_second_ = -1;
  std::unique_ptr<net::TlsClients> tls_clients_;
  std::unique_ptr<upstream::Connector> connector_;
  std::unique_ptr<upstream::WorkerPools> pools_;
  std::unique_ptr<UsageLog> usage_;
  std::unique_ptr<ReceiptLog> receipts_;
  Receipt receipt_;  // Reused for every exchange.
  std::unique_ptr<EndedExchanges> ended_;
  std::unique_ptr<SpareMemory> spare_memory_;
  std::unique_ptr<JobTable> jobs_;
  SessionTable sessions_;
  LatencyTable latencies_;
  ThreadLoop thread_;
};

}  // namespace omni
