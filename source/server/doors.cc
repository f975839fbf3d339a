#include "source/server/doors.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "source/base/random.h"
#include "source/base/status.h"

namespace omni {
namespace {

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

std::optional<ConfigError> error_at(const ConfigPlace& at, const absl::Status& status) {
  if (status.ok()) return std::nullopt;
  return ConfigError{at.file, at.line, at.column, at.path, std::string(message(status))};
}

}  // namespace

std::string Doors::Listening::url() const {
  return address.is_unix()
             ? address.text()
             : fmt::format("{}://{}", doorway->tls ? "https" : "http", address.text());
}

std::optional<ConfigError> Doors::prepare(const GatewayConfig& next, size_t workers) {
  next_.clear();
  workers_ = workers;
  drain_ = next.shutdown.drain;
  for (const ListenerConfig& config : next.listeners) {
    next_.emplace_back().config = config;
    next_.back().config.routes.clear();
  }
  find_predecessors();
  std::optional<ConfigError> error = prepare_all(workers);
  if (error) next_.clear();
  return error;
}

// Each lends its sockets to one at most. First by what is written; then by the real address,
// because a port that the kernel chose may be written down later.
void Doors::find_predecessors() {
  const auto find = [&](Listening& next, auto fits) {
    for (size_t i = 0; i < now_.size() && !next.before; ++i)
      if (!has_successor(i) && fits(now_[i])) next.before = i;
  };
  for (Listening& next : next_)
    find(next, [&](const Listening& old) { return next.config.has_sockets_of(old.config); });
  for (Listening& next : next_)
    find(next,
         [&](const Listening& old) { return next.config.plain_address == old.address.text(); });
}

const Doors::Listening* Doors::predecessor(const Listening& next) const {
  return next.before ? &now_[*next.before] : nullptr;
}

bool Doors::has_successor(size_t index) const {
  return std::any_of(next_.begin(), next_.end(),
                     [&](const Listening& next) { return next.before == index; });
}

// Nobody can connect before the last step, and little is left that can fail in it.
std::optional<ConfigError> Doors::prepare_all(size_t workers) {
  for (Listening& next : next_)
    if (auto error = error_at(next.config.tls_at, make_doorway(next))) return error;
  for (Listening& next : next_)
    if (auto error = error_at(next.config.address_at, bind(next, workers))) return error;
  for (const Listening& next : next_)
    for (const net::BoundSocket& socket : next.fresh)
      if (auto error = error_at(next.config.address_at, socket.listen())) return error;
  return std::nullopt;
}

absl::Status Doors::make_doorway(Listening& next) {
  const Listening* old = predecessor(next);
  const ListenerConfig& config = next.config;
  const bool has_same_tls = old != nullptr && old->config.tls == config.tls;
  if (has_same_tls && old->config.id == config.id && old->config.limits == config.limits) {
    next.doorway = old->doorway;
    return absl::OkStatus();
  }
  auto made = std::make_shared<Doorway>();
  made->listener = config.id;
  if (has_same_tls) {
    made->tls = old->doorway->tls;
  } else {
    OMNI_ASSIGN_OR_RETURN(made->tls, load_tls(config.tls));
  }
  made->limits = limits_of(config.limits);
  made->max_connections = config.limits.max_connections;
  made->connections =
      old != nullptr ? old->doorway->connections : std::make_shared<std::atomic<uint32_t>>(0);
  next.doorway = std::move(made);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<net::TlsServer>> Doors::load_tls(const TlsConfig& config) {
  if (!config.is_on()) return std::shared_ptr<net::TlsServer>();
  if (ticket_key_.empty())
    ticket_key_ = inheritance_.ticket_key.empty() ? random_bytes(net::TlsServer::kTicketKeyBytes)
                                                  : inheritance_.ticket_key;
  return net::TlsServer::load({.certificate = config.certificate,
                               .private_key = config.private_key,
                               .client_ca = config.client_ca},
                              ticket_key_);
}

// Every inherited socket is kept, even if there are fewer workers, or its queue is lost.
absl::Status Doors::bind(Listening& next, size_t workers) {
  if (const Listening* old = predecessor(next)) {
    next.address = old->address;
    return absl::OkStatus();
  }
  OMNI_ASSIGN_OR_RETURN(next.address, net::ListenAddress::parse(next.config.address));
  const size_t wanted = next.address.is_unix() ? 1 : workers;
  next.fresh = take_inherited(next);
  // bind_all() refuses an address that another program serves; with SO_REUSEPORT alone the kernel
  // would share it between the two.
  if (next.fresh.empty()) {
    OMNI_ASSIGN_OR_RETURN(
        next.fresh,
        net::BoundSocket::bind_all(next.address, wanted, overlaps_what_closes(next.address)));
  }
  next.address = next.fresh.front().address();
  while (next.fresh.size() < wanted) {
    OMNI_ASSIGN_OR_RETURN(net::BoundSocket bound, net::BoundSocket::bind(next.address, true));
    next.fresh.push_back(std::move(bound));
  }
  for (const net::BoundSocket& socket : next.fresh) {
    OMNI_ASSIGN_OR_RETURN(net::BoundSocket copy, socket.duplicate());
    next.copies.push_back(std::move(copy));
  }
  return absl::OkStatus();
}

std::vector<net::BoundSocket> Doors::take_inherited(const Listening& next) {
  std::vector<net::BoundSocket> out;
  const auto position = static_cast<size_t>(&next - next_.data());
  for (const HandedSocket& socket : inheritance_.take(next.address, position, next.config.name))
    out.push_back(net::BoundSocket::adopt(socket.fd, *net::ListenAddress::parse(socket.address)));
  return out;
}

// From 127.0.0.1:80 to 0.0.0.0:80 both are bound for a moment.
bool Doors::overlaps_what_closes(const net::ListenAddress& address) const {
  for (size_t i = 0; i < now_.size(); ++i)
    if (!has_successor(i) && now_[i].address.overlaps(address)) return true;
  return false;
}

std::vector<DoorChange> Doors::open() {
  std::vector<DoorChange> out(workers_);
  for (Listening& next : next_) {
    for (size_t i = 0; i < next.fresh.size(); ++i)
      out[i % out.size()].opened.push_back({next.doorway, std::move(next.fresh[i])});
    next.fresh.clear();
    if (!next.before) continue;
    Listening& old = now_[*std::exchange(next.before, std::nullopt)];
    next.copies = std::move(old.copies);
    if (next.doorway == old.doorway) continue;
    for (DoorChange& change : out) change.replaced.push_back({old.config.id, next.doorway});
  }
  for (const Listening& old : now_) {
    const bool lives = std::any_of(next_.begin(), next_.end(), [&](const Listening& next) {
      return next.config.id == old.config.id;
    });
    for (DoorChange& change : out)
      if (!lives) change.retired.push_back(old.config.id);
  }
  for (DoorChange& change : out) change.drain = drain_;
  now_ = std::exchange(next_, {});
  inheritance_.close_rest();
  return out;
}

void Doors::close_copies() {
  for (Listening& listening : now_) listening.copies.clear();
}

std::vector<std::string> Doors::urls() const {
  std::vector<std::string> out;
  for (const Listening& listening : now_) out.push_back(listening.url());
  return out;
}

std::vector<HandedSocket> Doors::handed() const {
  std::vector<HandedSocket> out;
  for (size_t i = 0; i < now_.size(); ++i)
    for (const net::BoundSocket& copy : now_[i].copies)
      out.push_back({.fd = copy.fd(),
                     .listener = i,
                     .address = now_[i].address.text(),
                     .name = now_[i].config.name});
  return out;
}

std::vector<std::shared_ptr<net::TlsServer>> Doors::certificates() const {
  std::vector<std::shared_ptr<net::TlsServer>> out;
  for (const Listening& listening : now_)
    if (listening.doorway->tls) out.push_back(listening.doorway->tls);
  return out;
}

std::vector<std::string> Doors::certificate_files() const {
  std::vector<std::string> out;
  for (const std::shared_ptr<net::TlsServer>& certificate : certificates()) {
    const net::TlsServerFiles& files = certificate->files();
    for (const std::string& file : {files.certificate, files.private_key, files.client_ca})
      if (!file.empty()) out.push_back(file);
  }
  return out;
}

}  // namespace omni
