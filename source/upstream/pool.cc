#include "source/upstream/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/catalog/proxy.h"

namespace omni::upstream {
namespace {

std::string readable_name(const Origin& origin) {
  const bool is_v6 = origin.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), origin.host, origin.port);
}

}  // namespace

// One connection in the making. Deferred, as it ends from inside the connector's callback.
class Pool::Attempt final : public Deferred, private ConnectEvents {
 public:
  Attempt(PoolContext& context, Pool& pool, absl::Duration limit)
      : pool_(pool), began_at_(context.now()), limit_(limit) {
    timer_ = context.dispatcher.make_timer([this] { on_time_out(); });
    if (limit != absl::InfiniteDuration()) timer_->arm(limit);
    attempt_ = context.connector.connect(pool.origin(), limit, *this);
  }

  absl::Duration began_at() const { return began_at_; }
  // The pool is done with it: nothing is called back while it waits for its end.
  void stop() {
    timer_->disarm();
    is_over_ = true;
  }

 private:
  void on_connected(std::unique_ptr<net::Connection> connection) override {
    if (!is_over_) pool_.on_connected(*this, std::move(connection));
  }
  void on_connect_failed(UpstreamFailure kind, absl::Status why) override {
    if (!is_over_) pool_.on_connect_failed(*this, kind, why);
  }
  void on_time_out() {
    std::string text = fmt::format("timed out after {}", absl::FormatDuration(limit_));
    const bool is_at_proxy = attempt_->is_at_proxy();
    if (is_at_proxy) text = proxy_failure(*pool_.origin().proxy, text);
    pool_.on_connect_failed(*this,
                            is_at_proxy ? UpstreamFailure::kProxy : UpstreamFailure::kTimeout,
                            error(absl::StatusCode::kDeadlineExceeded, text));
  }

  Pool& pool_;
  absl::Duration began_at_;
  absl::Duration limit_;
  bool is_over_ = false;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Connector::Attempt> attempt_;
};

Pool::Pool(PoolContext& context, const Origin& origin)
    : context_(context),
      origin_(origin),
      name_(readable_name(origin)),
      authority_(origin.authority()),
      speaks_(origin.tls                     ? Speaks::kUnknown
              : origin.http2_prior_knowledge ? Speaks::kHttp2
                                             : Speaks::kHttp1),
      trim_timer_(context.dispatcher.make_timer([this] { trim(); })),
      last_used_ns_(context.now_ns()) {}

Pool::~Pool() = default;

bool Pool::is_unused() const {
  return connections_.empty() && attempts_.empty() && waiters_.empty() && repeated_.empty();
}

void Pool::admit(Request& request) {
  context_.stats.requests.add();
  last_used_ns_ = request.opened_ns();
  while (!free_.empty()) {
    ClientConnection& connection = *free_.back();
    // From inside one of its callbacks it may have changed its mind without an update().
    const bool can_begin = connection.can_begin();
    if (can_begin) connection.begin(request);
    if (!connection.can_begin()) set_free(connection, false);
    if (can_begin) return;
  }
  if (waiters_.size() + repeated_.size() >= context_.limits.waiters) {
    context_.stats.queue_full.add();
    const std::string text = fmt::format("{} requests to {} are waiting for a connection already",
                                         context_.limits.waiters, name_);
    request.fail_later(UpstreamFailure::kOverloaded,
                       error(absl::StatusCode::kResourceExhausted, text));
    return;
  }
  request.wait_in(waiters_);
  dial_for_waiters();
}

bool Pool::repeat(Request& request) {
  if (request.is_repeated()) return false;
  request.set_repeated();
  context_.stats.stale_retries.add();
  request.wait_in(repeated_);
  dial_for_waiters();
  return true;
}

bool Pool::is_full() const {
  return connections_.size() + attempts_.size() >= context_.limits.connections;
}

size_t Pool::attempts_wanted() const {
  const size_t waiting = waiters_.size() + repeated_.size();
  if (waiting == 0) return 0;
  switch (speaks_) {
    case Speaks::kUnknown:
      return 1;  // It may turn out to carry them all.
    case Speaks::kHttp1:
      return waiting;
    case Speaks::kHttp2:
      return 1 + (waiting - 1) / context_.limits.streams_expected;
  }
  return waiting;
}

void Pool::dial_for_waiters() {
  while (attempts_.size() < attempts_wanted()) {
    if (is_full()) {
      // Only a repeated request can wait while a connection is free.
      if (repeated_.empty() || !close_oldest_idle()) return;
      continue;
    }
    dial(oldest_waiter()->connect_limit());
  }
}

void Pool::dial(absl::Duration limit) {
  attempts_.push_back(std::make_unique<Attempt>(context_, *this, limit));
}

std::unique_ptr<Pool::Attempt> Pool::release(Attempt& attempt) {
  attempt.stop();
  const auto at = std::find_if(attempts_.begin(), attempts_.end(),
                               [&](const auto& owned) { return owned.get() == &attempt; });
  std::unique_ptr<Attempt> out = std::move(*at);
  attempts_.erase(at);
  return out;
}

void Pool::on_connected(Attempt& attempt, std::unique_ptr<net::Connection> connection) {
  const absl::Duration took = context_.now() - attempt.began_at();
  context_.stats.connect_time.record_us(static_cast<uint64_t>(absl::ToInt64Microseconds(took)));
  context_.dispatcher.destroy_later(release(attempt));
  if (origin_.tls) speaks_ = connection->alpn() == "h2" ? Speaks::kHttp2 : Speaks::kHttp1;
  const Protocol protocol = speaks_ == Speaks::kHttp2 ? Protocol::kHttp2 : Protocol::kHttp1;
  auto owned = std::make_unique<ClientConnection>(context_, *this, std::move(connection), protocol);
  ClientConnection& made = *owned;
  made.place = connections_.size();
  connections_.push_back(std::move(owned));
  serve(made, /*is_fresh=*/true);
  update(made);
  dial_for_waiters();
}

void Pool::on_connect_failed(Attempt& attempt, UpstreamFailure kind, const absl::Status& why) {
  context_.stats.connect_failed.add();
  context_.dispatcher.destroy_later(release(attempt));
  const absl::Status text = with_context(why, fmt::format("connect to {}", name_));
  if (speaks_ == Speaks::kHttp1) {
    // Each attempt stood for one request; a surplus one for nobody.
    if (waiters_.size() + repeated_.size() > attempts_.size()) {
      Request* request = oldest_waiter();
      request->stop_waiting();
      request->fail(kind, text, /*sent=*/false);
    }
  } else if (attempts_.empty()) {
    // It stood for everybody who waits now, not for those who come while they are told.
    const uint64_t last = context_.opened;
    for (Request* request = oldest_waiter(); request != nullptr && request->number() <= last;
         request = oldest_waiter()) {
      request->stop_waiting();
      request->fail(kind, text, /*sent=*/false);
    }
  }
  dial_for_waiters();
}

Request* Pool::oldest_waiter() const {
  if (!repeated_.empty()) return repeated_.front();
  return waiters_.empty() ? nullptr : waiters_.front();
}

void Pool::serve(ClientConnection& connection, bool is_fresh) {
  while (connection.can_begin()) {
    Request* request = is_fresh && !repeated_.empty() ? repeated_.front()
                       : !waiters_.empty()            ? waiters_.front()
                                                      : nullptr;
    if (request == nullptr) return;
    request->stop_waiting();
    connection.begin(*request);
  }
}

void Pool::update(ClientConnection& connection) {
  if (connection.is_dead()) return;
  if (connection.is_finished()) {
    set_free(connection, false);
    if (connection.is_idle()) close(connection);
    return;
  }
  serve(connection, /*is_fresh=*/false);
  if (connection.is_idle()) {
    if (context_.is_draining) return close(connection);
    connection.idle_since_ns = context_.now_ns();
    if (!trim_timer_->is_armed()) trim_timer_->arm(context_.limits.idle_after);
  }
  set_free(connection, connection.can_begin());
  // Nobody else makes room for a repeated request when the pool is full.
  if (!repeated_.empty()) dial_for_waiters();
}

void Pool::set_free(ClientConnection& connection, bool is_free) {
  if (connection.is_free == is_free) return;
  connection.is_free = is_free;
  if (is_free) {
    free_.push_back(&connection);
  } else if (free_.back() == &connection) {
    free_.pop_back();
  } else {
    free_.erase(std::find(free_.begin(), free_.end(), &connection));
  }
}

void Pool::close(ClientConnection& connection) {
  set_free(connection, false);
  connection.retire();
  std::swap(connections_[connection.place], connections_.back());
  connections_[connection.place]->place = connection.place;
  context_.dispatcher.destroy_later(std::move(connections_.back()));
  connections_.pop_back();
  dial_for_waiters();
}

bool Pool::close_oldest_idle() {
  const auto at = std::find_if(free_.begin(), free_.end(),
                               [](const ClientConnection* c) { return c->is_idle(); });
  if (at == free_.end()) return false;
  close(**at);
  return true;
}

void Pool::close_idle() {
  while (close_oldest_idle()) {
  }
}

void Pool::trim() {
  const absl::Duration now = context_.now();
  const PoolLimits& limits = context_.limits;
  const absl::Duration last_used = absl::Nanoseconds(last_used_ns_);
  if (now - last_used >= limits.forget_after) return close_idle();
  const auto is_idle = [](const ClientConnection* c) { return c->is_idle(); };
  auto idle = static_cast<size_t>(std::count_if(free_.begin(), free_.end(), is_idle));
  absl::Duration due = last_used + limits.forget_after;
  for (size_t i = 0; i < free_.size() && idle > limits.idle_kept;) {
    ClientConnection& connection = *free_[i];
    const absl::Duration idle_since = absl::Nanoseconds(connection.idle_since_ns);
    if (!connection.is_idle()) {
      ++i;
    } else if (now - idle_since >= limits.idle_after) {
      close(connection);
      --idle;
    } else {
      due = std::min(due, idle_since + limits.idle_after);
      break;
    }
  }
  if (idle > 0) trim_timer_->arm(due - now);
}

}  // namespace omni::upstream
