#include "source/server/server.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include "source/admin/admin_filter.h"
#include "source/base/random.h"
#include "source/base/status.h"
#include "source/net/tcp_listener.h"
#include "source/server/memory.h"
#include "source/store/tables.h"

namespace omni {
namespace {

constexpr absl::Duration kDrainPoll = absl::Milliseconds(10);

LogLevel level_of(LogConfig::Level level) { return static_cast<LogLevel>(level); }

std::string join_errors(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& error : errors) out += (out.empty() ? "" : "\n") + error.text();
  return out;
}

std::string listening_line(const std::string& url) { return fmt::format("listening on {}\n", url); }

size_t worker_count(const GatewayConfig& config) {
  return config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Server::Server(std::string config_path, const FilterRegistry& filters, Inheritance inheritance)
    : config_path_(std::move(config_path)),
      filters_(filters),
      inheritance_(std::move(inheritance)),
      log_(STDERR_FILENO),
      log_writer_(log_.attach()),
      doors_(inheritance_) {
  registry_.attach_thread();
}

Server::~Server() {
  end_workers();
  restart_.reset();
  certificate_watch_.reset();
  config_watch_.reset();
  signals_.clear();
  drain_timer_.reset();
  loop_.run_once();  // Old snapshots that workers sent home.
  resolver_.reset();
  if (health_) health_->save();
  health_.reset();
  if (handoffs_) handoffs_->save();
  handoffs_.reset();
  spends_.reset();
  usage_.reset();
  receipts_.reset();
  retention_.reset();
  receipt_retention_.reset();
  reloader_.reset();
  store_.reset();
  registry_.detach_thread();
}

void Server::say(LogLevel level, std::string_view text) { log_writer_.message(level, text); }

absl::Status Server::start() {
  // First thing: until the handlers stand, SIGUSR2 means death.
  watch();
  net::raise_file_limit();
  OMNI_RETURN_IF_ERROR(open_store());
  OMNI_RETURN_IF_ERROR(load());
  spends_ = std::make_unique<SpendKeeper>(*store_, loop_);
  adopt_spends(*reloader_->snapshot());
  jobs_.process = random_word() | 1;
  // Its jobs have as long to end as its exchanges.
  if (!inheritance_.is_empty())
    jobs_.others_until = loop_.clock().now() + reloader_->config().shutdown.drain;
  ledger_ = std::make_unique<BodyLedger>(memory_limit_bytes() / 4);
  resolver_ = std::make_unique<net::Resolver>(loop_);
  open_books();
  router_.admin_row.push_back(AdminFilter::make_template(loop_, *admin_));
  start_workers();
  put_in_force(reloader_->snapshot());
  router_.ready = true;
  log_.flush();
  for (const std::string& url : doors_.urls()) {
    const std::string line = listening_line(url);
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  }
  inheritance_.tell_ready();
  watch_config();
  watch_certificates();
  health_->start();
  handoffs_->start();
  return absl::OkStatus();
}

// What is kept of exchanges, how long, and who shows it.
void Server::open_books() {
  const StorageConfig& storage = reloader_->config().storage;
  const auto bytes = [&](uint64_t set, uint64_t share) {
    return set > 0 ? set : storage.map_size_bytes / share;
  };
  retention_ = std::make_unique<Retention>(
      *store_, loop_, Retention::of_usage(),
      Retention::Bounds{storage.retention_age, bytes(storage.retention_bytes, 2)});
  receipt_retention_ = std::make_unique<Retention>(
      *store_, loop_, Retention::of_receipts(),
      Retention::Bounds{storage.receipts_age, bytes(storage.receipts_bytes, 4)});
  usage_ = std::make_unique<UsageApi>(*store_, loop_);
  ReceiptSource& receipts = *this;
  receipts_ = std::make_unique<ReceiptApi>(*store_, loop_, receipts);
  SessionSource& sessions = *this;
  HealthSource& health = *this;
  LatencySource& latencies = *this;
  admin_ = std::make_unique<AdminApi>(reloader_->status(), registry_, sessions, health, latencies,
                                      AdminApi::Desks{*usage_, *receipts_}, loop_.clock());
}

// The store's place is in the configuration, and loading the configuration for good needs the
// store.
absl::Status Server::open_store() {
  AbsentStore no_store;
  AbsentStats no_stats;
  const LoadResult first =
      load_config(config_path_, {filters_, no_stats, no_store, ConfigInput::real()});
  if (!first.ok()) return invalid(join_errors(first.errors));
  log_.set_level(level_of(first.config.log.level));
  log_.set_format(first.config.log.format == LogConfig::Format::kJson ? LogFormat::kJson
                                                                      : LogFormat::kText);
  LmdbStore::Options options;
  options.path = first.config.storage.path;
  options.map_size_bytes =
      std::min<uint64_t>(first.config.storage.map_size_bytes, uint64_t{1} << 30);
  options.bulk_map_size_bytes = first.config.storage.map_size_bytes;
  options.inherit = !inheritance_.is_empty();
  options.stats = &registry_;
  options.report = [this](std::string_view text) {
    // The writer thread has a ring of its own.
    thread_local LogWriter& writer = log_.attach();
    writer.message(LogLevel::kError, text);
  };
  OMNI_ASSIGN_OR_RETURN(store_, LmdbStore::open(std::move(options)));
  for (const std::string& warning : store_->warnings()) say(LogLevel::kWarning, warning);
  return absl::OkStatus();
}

absl::Status Server::load() {
  reloader_ = std::make_unique<Reloader>(
      config_path_, LoadEnv{filters_, registry_, *store_, ConfigInput::real()}, store_->pepper(),
      [this] { return stored_keys(); },
      [this](const GatewayConfig& next) {
        return doors_.prepare(next, workers_.empty() ? worker_count(next) : workers_.size());
      });
  health_ = std::make_unique<HealthKeeper>(loop_, *store_, reloader_->cells());
  if (const absl::Status status = health_->load(); !status.ok())
    say(LogLevel::kWarning, fmt::format("health of providers: {}", message(status)));
  handoffs_ = std::make_unique<HandoffKeeper>(loop_, *store_, reloader_->cells());
  if (const absl::Status status = handoffs_->load(); !status.ok())
    say(LogLevel::kWarning, fmt::format("handoffs of conversations: {}", message(status)));
  const ReloadResult result = reloader_->reload(loop_.clock().now(), true);
  if (!result.errors.empty()) return invalid(join_errors(result.errors));
  for (const std::string& warning : result.warnings) say(LogLevel::kWarning, warning);
  registry_.gauge_function("omniroute_config_generation", "The configuration in force.",
                           [this] { return static_cast<double>(reloader_->status().generation); });
  registry_.gauge_function(
      "omniroute_config_reload_failures_total", "Reloads that were refused.",
      [this] { return static_cast<double>(reloader_->status().reload_failures); });
  registry_.gauge_function("omniroute_log_lines_dropped", "Log lines that found no room.",
                           [this] { return static_cast<double>(log_.dropped()); });
  return absl::OkStatus();
}

std::vector<GatewayKey> Server::stored_keys() const {
  std::vector<GatewayKey> keys;
  const absl::Status status =
      store_->scan(kKeysTable, "", [&](std::string_view, std::string_view value) {
        absl::StatusOr<GatewayKeyRecord> record = GatewayKeyRecord::decode(value);
        if (!record.ok()) return true;
        GatewayKey key;
        key.id = record->id;
        key.name = record->name;
        key.hash = record->hash;
        key.allowed_models = record->allowed_models;
        key.allowed_connections = record->allowed_connections;
        key.rules = record->rules;
        key.schedule = record->schedule;
        key.disabled = record->is_disabled;
        key.banned = record->is_banned;
        key.no_log = record->no_log;
        if (record->expires_at_us) key.expires_at = absl::FromUnixMicros(*record->expires_at_us);
        keys.push_back(std::move(key));
        return true;
      });
  if (!status.ok())
    log_writer_.message(LogLevel::kError, fmt::format("stored keys: {}", message(status)));
  return keys;
}

void Server::start_workers() {
  const WorkerServices services{.main = loop_,
                                .registry = registry_,
                                .store = *store_,
                                .log = log_,
                                .resolver = *resolver_,
                                .trust = trust_,
                                .ledger = *ledger_,
                                .router = router_,
                                .jobs = jobs_,
                                .stats = WorkerStats(registry_),
                                .pool_stats = upstream::PoolStats(registry_),
                                .usage_stats = UsageLog::Stats(registry_),
                                .receipt_stats = ReceiptLog::Stats(registry_)};
  const size_t count = worker_count(reloader_->config());
  jobs_.tables = std::vector<std::atomic<JobTable*>>(count);
  for (size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<Worker>(i, services, reloader_->snapshot()));
}

void Server::watch() {
  const auto on = [this](int signal, Dispatcher::Task task) {
    signals_.push_back(std::make_unique<SignalWatch>(loop_, signal, std::move(task)));
  };
  on(SIGUSR2, [this] { restart(); });
  on(SIGHUP, [this] {
    reload(true);
    reload_certificates();
  });
  on(SIGTERM, [this] { begin_drain("SIGTERM"); });
  on(SIGINT, [this] { begin_drain("SIGINT"); });
  signal(SIGPIPE, SIG_IGN);
}

void Server::watch_config() {
  config_watch_ = std::make_unique<FileWatch>(loop_, reloader_->files(), [this] { reload(false); });
}

void Server::watch_certificates() {
  std::vector<std::string> files = doors_.certificate_files();
  if (files == watched_certificates_) return;
  watched_certificates_ = std::move(files);
  certificate_watch_ =
      std::make_unique<FileWatch>(loop_, watched_certificates_, [this] { reload_certificates(); });
}

void Server::reload(bool force) {
  // Two processes must not both bind what is new. The next one reads the file itself; if it fails,
  // this one comes back here.
  if (draining_ || restart_) return;
  const std::vector<std::string> watched = reloader_->files();
  const ReloadResult result = reloader_->reload(loop_.clock().now(), force);
  for (const ConfigError& error : result.errors) say(LogLevel::kError, error.text());
  const bool had_failed = std::exchange(reload_failed_, !result.errors.empty());
  if (const auto now = snapshot()->generation; reload_failed_) {
    say(LogLevel::kInfo, fmt::format("configuration {} stays in force", now));
  } else if (had_failed && !result.snapshot) {
    say(LogLevel::kInfo, fmt::format("the files are those of configuration {} again", now));
  }
  for (const std::string& warning : result.warnings) say(LogLevel::kWarning, warning);
  if (result.snapshot) {
    const std::vector<std::string> before = doors_.urls();
    put_in_force(result.snapshot);
    tell_doors(before, doors_.urls());
    // Last: who waits for this line finds all that it brought above it.
    say(LogLevel::kInfo, fmt::format("configuration {} is in force", result.snapshot->generation));
    watch_certificates();
  }
  if (reloader_->files() != watched) watch_config();
}

void Server::adopt_spends(const Snapshot& snapshot) {
  const absl::Status status = spends_->adopt(snapshot);
  if (!status.ok()) say(LogLevel::kError, message(status));
}

void Server::put_in_force(const std::shared_ptr<const Snapshot>& snapshot) {
  adopt_spends(*snapshot);
  std::vector<DoorChange> changes = doors_.open();
  for (size_t i = 0; i < workers_.size(); ++i)
    workers_[i]->put_in_force(snapshot, std::move(changes[i]));
  const GatewayConfig& config = reloader_->config();
  log_.set_level(level_of(config.log.level));
  log_.set_format(config.log.format == LogConfig::Format::kJson ? LogFormat::kJson
                                                                : LogFormat::kText);
  admin_->set_password(config.admin.password);
  router_.has_password = !config.admin.password.empty();
}

// The lines of a start, for what has come later. Through the log's ring: a slow reader of standard
// error must not hold the loop.
void Server::tell_doors(const std::vector<std::string>& before,
                        const std::vector<std::string>& now) {
  const auto has = [](const std::vector<std::string>& urls, const std::string& url) {
    return std::find(urls.begin(), urls.end(), url) != urls.end();
  };
  for (const std::string& url : now)
    if (!has(before, url)) log_writer_.line(listening_line(url));
  for (const std::string& url : before)
    if (!has(now, url)) say(LogLevel::kInfo, fmt::format("no longer listening on {}", url));
}

void Server::reload_certificates() {
  for (const auto& certificate : doors_.certificates()) {
    const absl::Status status = certificate->reload();
    if (!status.ok()) {
      say(LogLevel::kError, fmt::format("certificate kept: {}", message(status)));
    } else {
      say(LogLevel::kInfo, fmt::format("certificate {} loaded", certificate->files().certificate));
    }
  }
}

void Server::restart() {
  if (draining_ || restart_) return;
  if (getpid() == 1)
    return say(LogLevel::kWarning,
               "restart in place refused: as process 1 our end is the container's");
  say(LogLevel::kInfo, "restarting in place");
  Inheritance handed;
  handed.sockets = doors_.handed();
  handed.ticket_key = doors_.ticket_key();
  restart_ = std::make_unique<Restart>(
      loop_, std::vector<std::string>{"omniroute", "serve", "--config", config_path_},
      std::move(handed), [this](absl::Status status) {
        if (status.ok()) return begin_drain("the new process serves");
        say(LogLevel::kError, fmt::format("restart in place failed: {}", message(status)));
        restart_.reset();
        reload(false);
      });
}

// What they find is theirs as much as ours: a worker may speak when its question is over.
void Server::list_sessions(Listed done) {
  const auto all = std::make_shared<std::vector<SessionInfo>>();
  const RollCalls::Id call =
      roll_calls_.begin(workers_.size(), [this, all, done = std::move(done)]() mutable {
        done(std::move(*all), loop_.clock().now());
      });
  for (const auto& worker : workers_)
    worker->list_sessions([this, all, call](std::vector<SessionInfo> found) {
      std::move(found.begin(), found.end(), std::back_inserter(*all));
      roll_calls_.said(call);
    });
}

// Sums that shrank would look like those of a process that began anew.
void Server::list_latencies(Latencies done) {
  heard_latencies_.resize(workers_.size());
  const RollCalls::Id call =
      roll_calls_.begin(workers_.size(), [this, done = std::move(done)]() mutable {
        ProviderLatencies all;
        for (const ProviderLatencies& each : heard_latencies_) merge_latencies(all, each);
        done(std::move(all));
      });
  for (size_t i = 0; i < workers_.size(); ++i)
    workers_[i]->list_latencies([this, i, call](ProviderLatencies found) {
      heard_latencies_[i] = std::move(found);
      roll_calls_.said(call);
    });
}

void Server::flush_receipts(absl::AnyInvocable<void()> done) {
  const RollCalls::Id call = roll_calls_.begin(workers_.size(), std::move(done));
  for (const auto& worker : workers_)
    worker->flush_receipts([this, call] { roll_calls_.said(call); });
}

std::shared_ptr<const Snapshot> Server::snapshot() const { return reloader_->snapshot(); }

void Server::reset_health() { reloader_->cells().reset(); }

size_t Server::connections() const {
  size_t total = 0;
  for (const auto& worker : workers_) total += worker->connections() + worker->jobs_left();
  return total;
}

void Server::begin_drain(std::string_view why) {
  if (draining_) {
    log_.flush();
    _exit(1);  // Asked twice: at once.
  }
  draining_ = true;
  router_.ready = false;
  // From here on the successor keeps it.
  if (health_ && restart_) health_->save();
  if (handoffs_ && restart_) handoffs_->save();
  if (restart_) health_.reset();
  if (restart_) handoffs_.reset();
  const absl::Duration limit =
      reloader_ ? reloader_->config().shutdown.drain : absl::ZeroDuration();
  say(LogLevel::kInfo, fmt::format("draining ({}), at most {}", why, absl::FormatDuration(limit)));
  for (const auto& worker : workers_) worker->drain(restart_ != nullptr);
  doors_.close_copies();
  drain_deadline_ = loop_.clock().since_start() + limit;
  drain_timer_ = loop_.make_timer([this] { check_drained(); });
  drain_timer_->arm(kDrainPoll);
}

void Server::check_drained() {
  const absl::Duration now = loop_.clock().since_start();
  if (connections() == 0 || (ended_exchanges_ && now >= drain_deadline_)) return loop_.stop();
  if (!ended_exchanges_ && now >= drain_deadline_) {
    ended_exchanges_ = true;
    drain_deadline_ = now + Worker::kGoodbye;
    for (const auto& worker : workers_) worker->end_exchanges();
  }
  drain_timer_->arm(kDrainPoll);
}

void Server::end_workers() {
  // They post to one another: none goes before all of that is done.
  for (auto& table : jobs_.tables) table = nullptr;
  for (const auto& worker : workers_) worker->end_jobs();
  workers_.clear();
}

int Server::run() {
  loop_.run();
  end_workers();
  say(LogLevel::kInfo, "drained");
  return 0;
}

}  // namespace omni
