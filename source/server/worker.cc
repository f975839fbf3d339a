#include "source/server/worker.h"

#include <fmt/format.h>
#include <time.h>

#include <optional>
#include <utility>

#include "api/cost.h"
#include "source/base/random.h"
#include "source/base/status.h"
#include "source/http/path.h"
#include "source/llm/cost.h"
#include "source/net/dialer.h"
#include "source/net/tcp_listener.h"
#include "source/server/access_log.h"
#include "source/server/receipt_maker.h"
#include "source/upstream/net_connector.h"

namespace omni {

Worker::Worker(size_t index, const WorkerServices& services,
               std::shared_ptr<const Snapshot> snapshot)
    : services_(services),
      index_(index),
      // Unique across workers and restarts: random above, counting below.
      last_id_(random_word() & ~uint64_t{0xffffffff}),
      budget_(services.ledger, index),
      thread_(fmt::format("worker-{}", index)) {
  thread_.run_and_wait([this, snapshot = std::move(snapshot)]() mutable {
    set_up();
    adopt(std::move(snapshot));
  });
}

Worker::~Worker() {
  thread_.run_and_wait([this] { tear_down(); });
  thread_.join();
}

void Worker::set_up() {
  services_.registry.attach_thread();
  log_ = &services_.log.attach();
  Loop& loop = thread_.loop();
  tls_clients_ = std::make_unique<net::TlsClients>(services_.trust);
  connector_ = std::make_unique<upstream::NetConnector>(
      net::DialContext{loop, services_.resolver, *tls_clients_});
  pools_ = std::make_unique<upstream::WorkerPools>(
      loop, *connector_, upstream::make_client_codecs(CodecLimits{}, loop.clock()),
      upstream::PoolLimits{}, services_.pool_stats);
  usage_ = std::make_unique<UsageLog>(services_.store, loop, services_.usage_stats);
  receipts_ = std::make_unique<ReceiptLog>(services_.store, loop, services_.receipt_stats);
  ended_ = std::make_unique<EndedExchanges>(loop);
  spare_memory_ = std::make_unique<SpareMemory>(loop);
  jobs_ = std::make_unique<JobTable>(services_.jobs, static_cast<uint32_t>(index_), *this);
  services_.jobs.tables[index_] = jobs_.get();
}

void Worker::tear_down() {
  gates_.clear();
  clients_.clear();
  ended_->close();
  retired_.clear();
  jobs_.reset();
  pools_.reset();
  connector_.reset();
  tls_clients_.reset();
  usage_.reset();
  receipts_.reset();
  spare_memory_.reset();
  snapshot_.reset();
  services_.registry.detach_thread();
}

void Worker::open(DoorChange::Opened opened) {
  auto gate = std::make_unique<Gate>(Gate{std::move(opened.doorway), nullptr});
  absl::StatusOr<std::unique_ptr<net::Listener>> made =
      net::listen(thread_.loop(), std::move(opened.socket), gate->doorway->tls,
                  [this, at = gate.get()](std::unique_ptr<net::Connection> connection) {
                    accept(at->doorway, std::move(connection));
                  });
  // The socket was listening before it came here, so the machine is out of something.
  if (!made.ok()) return log_->message(LogLevel::kError, message(made.status()));
  gate->listener = *std::move(made);
  gates_.push_back(std::move(gate));
}

void Worker::replace(const DoorChange::Replaced& replaced) {
  for (const auto& gate : gates_) {
    if (gate->doorway->listener != replaced.listener) continue;
    gate->doorway = replaced.doorway;
    gate->listener->set_tls(replaced.doorway->tls);
  }
}

void Worker::accept(const std::shared_ptr<const Doorway>& doorway,
                    std::unique_ptr<net::Connection> connection) {
  if (doorway->connections->load(std::memory_order_relaxed) >= doorway->max_connections) {
    services_.stats.connections_refused.add();
    return;
  }
  doorway->connections->fetch_add(1, std::memory_order_relaxed);
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  services_.stats.connections.add(1);
  auto client = std::make_unique<Client>();
  client->doorway = doorway;
  client->connection = std::make_unique<ServerConnection>(std::move(connection), *this, *this,
                                                          doorway->limits, doorway->listener);
  ServerConnection* raw = client->connection.get();
  clients_.emplace(raw, std::move(client));
  raw->start();
  if (draining_) raw->begin_shutdown();
}

void Worker::connection_over(ServerConnection& connection) {
  const auto at = clients_.find(&connection);
  if (at == clients_.end()) return;
  const size_t listener = at->second->doorway->listener;
  at->second->doorway->connections->fetch_sub(1, std::memory_order_relaxed);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  services_.stats.connections.add(-1);
  dispatcher().destroy_later(std::move(at->second));
  clients_.erase(at);
  if (!retired_.empty()) left(listener);
}

std::vector<ServerConnection*> Worker::clients_of(size_t listener) const {
  std::vector<ServerConnection*> out;
  for (const auto& [raw, client] : clients_)
    if (client->doorway->listener == listener) out.push_back(raw);
  return out;
}

void Worker::retire(size_t listener, absl::Duration drain) {
  for (const auto& gate : gates_)
    if (gate->doorway->listener == listener) gate->listener->stop_accepting();
  std::erase_if(gates_, [&](const auto& gate) { return gate->doorway->listener == listener; });
  const std::vector<ServerConnection*> clients = clients_of(listener);
  if (clients.empty()) return;
  Retired& retired = retired_[listener];
  retired.snapshot = snapshot_;
  retired.connections = clients.size();
  retired.timer = dispatcher().make_timer([this, listener] { end_retired(listener); });
  retired.timer->arm(drain);
  for (ServerConnection* client : clients) client->begin_shutdown();
}

// First their exchanges end, then what does not take its error.
void Worker::end_retired(size_t listener) {
  Retired& retired = retired_[listener];
  if (!std::exchange(retired.has_ended, true)) {
    retired.timer->arm(kGoodbye);
    for (ServerConnection* client : clients_of(listener)) client->end_exchanges();
  } else {
    for (ServerConnection* client : clients_of(listener)) connection_over(*client);
  }
}

// Not the snapshot in force, whose rules are for other listeners.
std::shared_ptr<const Snapshot> Worker::pin_of_retired(size_t listener) const {
  const auto at = retired_.find(listener);
  return at == retired_.end() ? snapshot_ : at->second.snapshot;
}

void Worker::left(size_t listener) {
  const auto at = retired_.find(listener);
  if (at != retired_.end() && --at->second.connections == 0) retired_.erase(at);
}

// The worker's own control block keeps the count on the worker's cache line; the shared one is
// touched by reloads only. The last exchange of an old snapshot sends it home to main to die.
void Worker::adopt(std::shared_ptr<const Snapshot> snapshot) {
  const Snapshot* raw = snapshot.get();
  access_log_ = raw->access_log;
  snapshot_ = std::shared_ptr<const Snapshot>(
      raw, [&main = services_.main, kept = std::move(snapshot)](const Snapshot*) mutable {
        main.post([last = std::move(kept)] {});
      });
}

void Worker::put_in_force(std::shared_ptr<const Snapshot> snapshot, DoorChange change) {
  dispatcher().post([this, snapshot = std::move(snapshot), change = std::move(change)]() mutable {
    for (const DoorChange::Replaced& replaced : change.replaced) replace(replaced);
    for (const size_t listener : change.retired) retire(listener, change.drain);
    adopt(std::move(snapshot));
    for (DoorChange::Opened& opened : change.opened) open(std::move(opened));
  });
}

void Worker::drain(bool has_successor) {
  dispatcher().post([this, has_successor] {
    draining_ = true;
    for (const auto& gate : gates_)
      if (!has_successor) gate->listener->stop_accepting();
    gates_.clear();
    for (auto& [raw, client] : clients_) raw->begin_shutdown();
    pools_->drain_idle();
  });
}

void Worker::end_jobs() {
  thread_.run_and_wait([this] { jobs_->end_all("gateway_stopped"); });
  // What they posted to each other has been run by then.
  thread_.run_and_wait([] {});
}

void Worker::end_exchanges() {
  dispatcher().post([this] {
    for (auto& [raw, client] : clients_) raw->end_exchanges();
  });
}

void Worker::begun() {
  services_.stats.exchanges.add(1);
  thread_.loop().batch_mode().exchange_began();
  spare_memory_->exchange_began();
}

Entry Worker::enter(Exchange& exchange, const Door& door) {
  Entry entry = route_request(exchange, door, services_.router);
  // A preflight is a question of the browser's, which shows its answer to nobody.
  exchange.facts().trail.is_on =
      exchange.snapshot().settings.receipts && !entry.answer && has_receipt_path(exchange);
  return entry;
}

// The id is that of the exchange and of the moment at which it is first asked for.
ReceiptId Worker::give_receipt(Exchange& exchange) {
  int64_t& ms = exchange.facts().trail.receipt_ms;
  if (ms == 0) ms = absl::ToUnixMillis(dispatcher().clock().now());
  return {.ms = ms, .exchange = exchange.id()};
}

namespace {

// Which of the headers that we would add are there.
struct Worn {
  bool request_id = false, allow_origin = false, date = false;
};

Worn look_at(const Headers& headers) {
  Worn out;
  for (const auto& [name, value] : headers) {
    out.request_id |= name == "x-request-id";
    out.allow_origin |= name == "access-control-allow-origin";
    out.date |= name == "date";
  }
  return out;
}

}  // namespace

void Worker::dress(Exchange& exchange, ResponseHead& head) {
  const Worn worn = look_at(head.headers);
  const std::string_view id = exchange.public_id();
  if (!worn.request_id) head.headers.add("x-request-id", id);
  head.headers.add("x-omniroute-request-id", id);
  if (gives_receipt(exchange.facts()))
    head.headers.add("x-omniroute-receipt", view_of(give_receipt(exchange).text()));
  const std::string& session = exchange.facts().session;
  if (!session.empty()) head.headers.add("x-omniroute-session-id", session);
  add_cost(exchange.facts(), head);
  if (!worn.date) head.headers.add("date", date());
  const std::string_view path = exchange.facts().path;
  if (!is_below(path, "/v1") && !is_below(path, "/v1beta")) return;
  if (!worn.allow_origin)
    head.headers.add("access-control-allow-origin", exchange.snapshot().settings.cors_allow_origin);
  // For browsers (fetch.spec.whatwg.org, "CORS protocol"): scripts of other origins see few headers
  // of an answer unless it names more.
  if (exchange.request().headers.get("origin"))
    head.headers.add("access-control-expose-headers", "*");
}

// Of a stream the head leaves before anybody knows.
void Worker::add_cost(const Facts& facts, ResponseHead& head) {
  if (facts.answer.is_stream || head.status < 200 || head.status >= 300) return;
  if (const std::optional<int64_t> cost = cost_of(facts))
    head.headers.add("x-omniroute-response-cost", llm::header_dollars(*cost));
}

// RFC 9110 section 6.6.1; formatted once a second.
std::string_view Worker::date() {
  const int64_t second = absl::ToUnixSeconds(dispatcher().clock().now());
  if (second == date_second_) return date_;
  date_second_ = second;
  const auto value = static_cast<time_t>(second);
  tm parts;
  gmtime_r(&value, &parts);
  char text[40];
  const size_t size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  date_.assign(text, size);
  return date_;
}

void Worker::note_session(const Facts& facts, absl::Time now) {
  const Provider* provider = facts.answer.provider;
  sessions_.touch(facts.session, now,
                  provider == nullptr ? std::string_view() : std::string_view(provider->id),
                  facts.answer.account);
}

void Worker::list_sessions(absl::AnyInvocable<void(std::vector<SessionInfo>)> done) {
  dispatcher().post([this, done = std::move(done)]() mutable {
    ended_->write();
    services_.main.post(
        [done = std::move(done), found = sessions_.list(dispatcher().clock().now())]() mutable {
          done(std::move(found));
        });
  });
}

void Worker::list_latencies(absl::AnyInvocable<void(ProviderLatencies)> done) {
  dispatcher().post([this, done = std::move(done)]() mutable {
    ended_->write();
    services_.main.post([done = std::move(done),
                         found = latencies_.list(dispatcher().clock().since_start())]() mutable {
      done(std::move(found));
    });
  });
}

void Worker::flush_receipts(absl::AnyInvocable<void()> done) {
  dispatcher().post([this, done = std::move(done)]() mutable {
    ended_->write();
    receipts_->flush();
    services_.main.post(std::move(done));
  });
}

void Worker::tell_budget(const Facts& facts) {
  const BudgetNotices& budget = facts.budget;
  if (budget.is_near_limit)
    log_->message(LogLevel::kWarning,
                  fmt::format("the key '{}' has spent {} of its budget of {} dollars",
                              facts.principal.key->name, llm::dollars(budget.spent_nanos),
                              llm::dollars(budget.limit_nanos)));
  if (!budget.is_unpriced) return;
  const auto is_priced = [](const Aside& aside) {
    return aside.usage.cost_nanos >= 0 || llm::find_price(*aside.provider, aside.model) != nullptr;
  };
  const auto aside = std::find_if_not(facts.asides.begin(), facts.asides.end(), is_priced);
  const bool is_aside = aside != facts.asides.end();
  log_->message(LogLevel::kWarning,
                fmt::format("the budget of the key '{}' does not count what {}/{} costs: the "
                            "model has no price",
                            facts.principal.key->name,
                            is_aside ? aside->provider->id : facts.answer.provider->id,
                            is_aside ? aside->model : facts.answer.model));
}

void Worker::ended(std::unique_ptr<Ended> exchange) { ended_->add(std::move(exchange)); }

void Worker::count(const Finished& finished) {
  const WorkerStats& stats = services_.stats;
  stats.exchanges.add(-1);
  thread_.loop().batch_mode().exchange_ended();
  spare_memory_->exchange_ended();
  stats.of_status(finished.status).add();
  if (finished.aborted) stats.aborted.add();
  stats.bytes_in.add(finished.bytes_in);
  stats.bytes_out.add(finished.bytes_out);
  const Facts& facts = finished.exchange.facts();
  if (!facts.session.empty()) sessions_.expect(facts.session);
  const llm::Usage usage = whole_usage(facts, facts.usage);
  if (usage.input > 0) stats.tokens_in.add(static_cast<uint64_t>(usage.input));
  if (usage.output > 0) stats.tokens_out.add(static_cast<uint64_t>(usage.output));
  if (finished.phases.first_byte >= 0)
    stats.first_byte.record_us(static_cast<uint64_t>(finished.phases.first_byte));
  stats.total.record_us(static_cast<uint64_t>(finished.phases.end));
}

void Worker::finished(const Finished& finished) {
  const Facts& facts = finished.exchange.facts();
  tell_budget(facts);
  if (!facts.attempts.empty()) latencies_.add(facts.attempts, dispatcher().clock().since_start());
  if (!facts.session.empty()) note_session(facts, finished.at);
  const Price* price = price_of(facts.answer);
  if (gives_receipt(facts)) {
    const ReceiptId id = give_receipt(finished.exchange);
    fill_receipt(finished, price, receipt_);
    receipts_->append(id, receipt_);
  }
  if (access_log_ && log_->wants(LogLevel::kInfo)) {
    line_.clear();
    append_access_line(line_, services_.log.format(), finished);
    log_->line(line_);
  }
  if (is_recorded(finished)) usage_->append(usage_view(finished, price));
}

}  // namespace omni
