#include "source/server/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
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
// After their drain time exchanges get an error; this long it may take to leave.
constexpr absl::Duration kGoodbye = absl::Seconds(2);

ServerLimits limits_of(const ListenerLimits& config) {
  ServerLimits out;
  out.codec.header_bytes = config.header_bytes;
  out.codec.header_count = config.header_count;
  out.codec.concurrent_streams = config.concurrent_streams;
  out.codec.gather_body_bytes = config.body_bytes;
  out.chain.whole_request_bytes = config.body_bytes;
  out.header_timeout = config.header_timeout;
  out.body_timeout = config.body_timeout;
  out.idle_timeout = config.idle_timeout;
  return out;
}

LogLevel level_of(LogConfig::Level level) { return static_cast<LogLevel>(level); }

std::string join_errors(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& error : errors) out += (out.empty() ? "" : "\n") + error.text();
  return out;
}

size_t worker_count(const GatewayConfig& config) {
  return config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Server::Server(std::string config_path, const FilterRegistry& filters, Inheritance inheritance)
    : config_path_(std::move(config_path)),
      filters_(filters),
      inheritance_(std::move(inheritance)),
      log_(STDERR_FILENO),
      log_writer_(log_.attach()) {
  registry_.attach_thread();
}

Server::~Server() {
  workers_.clear();
  restart_.reset();
  certificate_watch_.reset();
  config_watch_.reset();
  signals_.clear();
  drain_timer_.reset();
  loop_.run_once();  // Old snapshots that workers sent home.
  resolver_.reset();
  reloader_.reset();
  store_.reset();
  for (const HandedSocket& socket : handed_) close(socket.fd);
  registry_.detach_thread();
}

void Server::say(LogLevel level, std::string_view text) { log_writer_.message(level, text); }

absl::Status Server::start() {
  // First thing: until the handlers stand, SIGUSR2 means death.
  watch();
  net::raise_file_limit();
  OMNI_RETURN_IF_ERROR(open_store());
  OMNI_RETURN_IF_ERROR(load());
  ledger_ = std::make_unique<BodyLedger>(memory_limit_bytes() / 4);
  resolver_ = std::make_unique<net::Resolver>(loop_);
  admin_ = std::make_unique<AdminApi>(reloader_->status(), registry_);
  admin_->set_password(reloader_->config().admin.password);
  router_.has_password = !reloader_->config().admin.password.empty();
  router_.admin_row.push_back(AdminFilter::make_template(loop_, *admin_));
  start_workers();
  OMNI_RETURN_IF_ERROR(open_doors());
  router_.ready = true;
  log_.flush();
  for (const std::string& url : listening_) {
    const std::string line = fmt::format("listening on {}\n", url);
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  }
  inheritance_.tell_ready();
  watch_files();
  return absl::OkStatus();
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
  reloader_ = std::make_unique<Reloader>(config_path_,
                                         LoadEnv{filters_, registry_, *store_, ConfigInput::real()},
                                         store_->pepper(), [this] { return stored_keys(); });
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
                                .stats = WorkerStats(registry_),
                                .pool_stats = upstream::PoolStats(registry_),
                                .usage_stats = UsageLog::Stats(registry_)};
  const size_t count = worker_count(reloader_->config());
  for (size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<Worker>(i, services, reloader_->snapshot()));
}

absl::StatusOr<std::shared_ptr<net::TlsServer>> Server::load_tls(const TlsConfig& config) {
  if (!config.is_on()) return std::shared_ptr<net::TlsServer>();
  if (ticket_key_.empty())
    ticket_key_ = inheritance_.ticket_key.empty() ? random_bytes(net::TlsServer::kTicketKeyBytes)
                                                  : inheritance_.ticket_key;
  return net::TlsServer::load({.certificate = config.certificate,
                               .private_key = config.private_key,
                               .client_ca = config.client_ca},
                              ticket_key_);
}

absl::Status Server::open_doors() {
  const std::vector<ListenerConfig>& listeners = reloader_->config().listeners;
  for (size_t i = 0; i < listeners.size(); ++i)
    OMNI_RETURN_IF_ERROR(
        with_context(open_door(i, listeners[i]), fmt::format("listener '{}'", listeners[i].name)));
  for (const HandedSocket& socket : inheritance_.sockets)
    close(socket.fd);  // Of listeners that are gone.
  inheritance_.sockets.clear();
  return absl::OkStatus();
}

absl::Status Server::open_door(size_t index, const ListenerConfig& config) {
  auto doorway = std::make_shared<Doorway>();
  OMNI_ASSIGN_OR_RETURN(doorway->tls, load_tls(config.tls));
  doorway->limits = limits_of(config.limits);
  doorway->max_connections = config.limits.max_connections;
  OMNI_ASSIGN_OR_RETURN(net::ListenAddress address, net::ListenAddress::parse(config.address));

  // Sockets that the process before us handed over come first; every one is kept, or its queue is
  // lost.
  std::vector<net::BoundSocket> sockets;
  std::erase_if(inheritance_.sockets, [&](const HandedSocket& handed) {
    if (handed.listener != index) return false;
    const absl::StatusOr<net::ListenAddress> theirs = net::ListenAddress::parse(handed.address);
    const bool same = theirs.ok() && theirs->host == address.host &&
                      theirs->unix_path == address.unix_path &&
                      (address.port == 0 || theirs->port == address.port);
    if (!same) return false;
    sockets.push_back(net::BoundSocket::adopt(handed.fd, *theirs));
    return true;
  });
  const size_t wanted = address.is_unix() ? 1 : workers_.size();
  // bind_all() refuses an address that another program serves; with SO_REUSEPORT alone the kernel
  // would share it between the two.
  if (sockets.empty()) {
    OMNI_ASSIGN_OR_RETURN(sockets, net::BoundSocket::bind_all(address, wanted));
  }
  address = sockets.front().address();
  while (sockets.size() < wanted) {
    OMNI_ASSIGN_OR_RETURN(net::BoundSocket bound, net::BoundSocket::bind(address, true));
    sockets.push_back(std::move(bound));
  }
  listening_.push_back(
      address.is_unix() ? address.text()
                        : fmt::format("{}://{}", doorway->tls ? "https" : "http", address.text()));
  for (size_t i = 0; i < sockets.size(); ++i) {
    handed_.push_back({.fd = fcntl(sockets[i].fd(), F_DUPFD_CLOEXEC, 0),
                       .listener = index,
                       .address = address.text()});
    OMNI_RETURN_IF_ERROR(
        workers_[i % workers_.size()]->listen(index, doorway, std::move(sockets[i])));
  }
  doorways_.push_back(std::move(doorway));
  return absl::OkStatus();
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

void Server::watch_files() {
  config_watch_ = std::make_unique<FileWatch>(loop_, reloader_->files(), [this] { reload(false); });
  std::vector<std::string> certificates;
  for (const auto& doorway : doorways_) {
    if (!doorway->tls) continue;
    const net::TlsServerFiles& files = doorway->tls->files();
    for (const std::string& file : {files.certificate, files.private_key, files.client_ca})
      if (!file.empty()) certificates.push_back(file);
  }
  if (certificates.empty()) return;
  certificate_watch_ =
      std::make_unique<FileWatch>(loop_, certificates, [this] { reload_certificates(); });
}

void Server::reload(bool force) {
  const std::vector<std::string> watched = reloader_->files();
  const ReloadResult result = reloader_->reload(loop_.clock().now(), force);
  for (const ConfigError& error : result.errors) say(LogLevel::kError, error.text());
  for (const std::string& warning : result.warnings) say(LogLevel::kWarning, warning);
  if (result.snapshot) {
    for (const auto& worker : workers_) worker->put_in_force(result.snapshot);
    const LogConfig& log = reloader_->config().log;
    log_.set_level(level_of(log.level));
    log_.set_format(log.format == LogConfig::Format::kJson ? LogFormat::kJson : LogFormat::kText);
    admin_->set_password(reloader_->config().admin.password);
    router_.has_password = !reloader_->config().admin.password.empty();
    say(LogLevel::kInfo, fmt::format("configuration {} is in force", result.snapshot->generation));
  }
  if (reloader_->files() != watched)
    config_watch_ =
        std::make_unique<FileWatch>(loop_, reloader_->files(), [this] { reload(false); });
}

void Server::reload_certificates() {
  for (const auto& doorway : doorways_) {
    if (!doorway->tls) continue;
    const absl::Status status = doorway->tls->reload();
    if (!status.ok()) {
      say(LogLevel::kError, fmt::format("certificate kept: {}", message(status)));
    } else {
      say(LogLevel::kInfo, fmt::format("certificate {} loaded", doorway->tls->files().certificate));
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
  handed.sockets = handed_;
  handed.ticket_key = ticket_key_;
  restart_ = std::make_unique<Restart>(
      loop_, std::vector<std::string>{"omniroute", "serve", "--config", config_path_},
      std::move(handed), [this](absl::Status status) {
        if (status.ok()) return begin_drain("the new process serves");
        say(LogLevel::kError, fmt::format("restart in place failed: {}", message(status)));
        restart_.reset();
      });
}

size_t Server::connections() const {
  size_t total = 0;
  for (const auto& worker : workers_) total += worker->connections();
  return total;
}

void Server::begin_drain(std::string_view why) {
  if (draining_) {
    log_.flush();
    _exit(1);  // Asked twice: at once.
  }
  draining_ = true;
  router_.ready = false;
  const absl::Duration limit =
      reloader_ ? reloader_->config().shutdown.drain : absl::ZeroDuration();
  say(LogLevel::kInfo, fmt::format("draining ({}), at most {}", why, absl::FormatDuration(limit)));
  for (const auto& worker : workers_) worker->drain();
  // An open copy would keep the socket listening: clients would connect and wait for no one.
  for (const HandedSocket& socket : handed_) close(socket.fd);
  handed_.clear();
  drain_deadline_ = loop_.clock().since_start() + limit;
  drain_timer_ = loop_.make_timer([this] { check_drained(); });
  drain_timer_->arm(kDrainPoll);
}

void Server::check_drained() {
  const absl::Duration now = loop_.clock().since_start();
  if (connections() == 0 || (ended_exchanges_ && now >= drain_deadline_)) return loop_.stop();
  if (!ended_exchanges_ && now >= drain_deadline_) {
    ended_exchanges_ = true;
    drain_deadline_ = now + kGoodbye;
    for (const auto& worker : workers_) worker->end_exchanges();
  }
  drain_timer_->arm(kDrainPoll);
}

int Server::run() {
  loop_.run();
  workers_.clear();
  say(LogLevel::kInfo, "drained");
  return 0;
}

}  // namespace omni
