#include "source/net/resolver.h"

#include <fmt/format.h>
#include <uv.h>

#include <utility>

#include "source/base/status.h"
#include "source/net/address_policy.h"
#include "source/net/tcp_connection.h"

namespace omni::net {
namespace {

struct Request {
  uv_getaddrinfo_t request;
  Loop& loop;
  std::string name;
  Resolver::OnResult on_result;
};

Resolver::Addresses addresses_in(const addrinfo* list) {
  Resolver::Addresses out;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next)
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6)
      out.push_back(SocketAddress::from(one->ai_addr));
  return out;
}

absl::Status look_up_failed(std::string_view name, int code) {
  if (code == UV_EAI_NONAME || code == UV_EAI_NODATA)
    return error(absl::StatusCode::kNotFound, fmt::format("no address for '{}'", name));
  return unavailable(fmt::format("looking up '{}' failed: {}", name, uv_strerror(code)));
}

void on_addresses(uv_getaddrinfo_t* raw, int status, addrinfo* list) {
  const std::unique_ptr<Request> request(static_cast<Request*>(raw->data));
  Resolver::Addresses addresses = addresses_in(list);
  uv_freeaddrinfo(list);
  const Loop::Turn turn(request->loop);
  if (status == 0 && addresses.empty()) status = UV_EAI_NODATA;
  if (status != 0) return request->on_result(look_up_failed(request->name, status));
  request->on_result(std::move(addresses));
}

// Most local servers listen on IPv4 alone.
Resolver::Addresses loopback() {
  return {*SocketAddress::parse("127.0.0.1", 0), *SocketAddress::parse("::1", 0)};
}

Resolver::Lookup system_lookup(Loop& loop) {
  return [&loop](const std::string& name, Resolver::OnResult on_result) {
    auto* request = new Request{{}, loop, name, std::move(on_result)};
    request->request.data = request;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    const int started =
        uv_getaddrinfo(loop.uv(), &request->request, on_addresses, name.c_str(), nullptr, &hints);
    if (started == 0) return;
    loop.post([request, started] {
      const std::unique_ptr<Request> owned(request);
      owned->on_result(look_up_failed(owned->name, started));
    });
  };
}

}  // namespace

// Shared by the asker's query and the resolver; all but `asker` belongs to the asker's thread.
struct Resolver::Ticket {
  Dispatcher& asker;
  OnResult on_result;
  bool is_cancelled = false;
};

class Resolver::TicketQuery final : public Query {
 public:
  explicit TicketQuery(std::shared_ptr<Ticket> ticket) : ticket_(std::move(ticket)) {}
  ~TicketQuery() override {
    ticket_->is_cancelled = true;
    ticket_->on_result = nullptr;
  }

 private:
  std::shared_ptr<Ticket> ticket_;
};

// Belongs to the owner's thread. Kept alive by look-ups under way, which the resolver may not
// outlive; they find it closed.
struct Resolver::State : std::enable_shared_from_this<State> {
  State(Dispatcher& o, Lookup l) : owner(o), lookup(std::move(l)) {}

  struct Name {
    Result result = absl::UnknownError("");
    absl::Duration answered = -absl::InfiniteDuration();   // When `result` came.
    absl::Duration refreshed = -absl::InfiniteDuration();  // When a look-up last ended.
    bool is_looking_up = false;
    std::vector<std::shared_ptr<Ticket>> waiting;
  };

  void ask(const std::string& name, std::shared_ptr<Ticket> ticket);
  void start(const std::string& name);
  void answered(const std::string& name, Result result);
  void forget_old();
  static void answer(const std::shared_ptr<Ticket>& ticket, const Result& result);

  Dispatcher& owner;
  Lookup lookup;
  StringMap<Name> names;
  std::deque<std::string> queue;
  size_t running = 0;
  bool is_closed = false;
};

Resolver::Resolver(Loop& owner) : Resolver(owner, system_lookup(owner)) {}

Resolver::Resolver(Dispatcher& owner, Lookup lookup)
    : state_(std::make_shared<State>(owner, std::move(lookup))) {}

Resolver::~Resolver() {
  state_->is_closed = true;
  state_->names.clear();
  state_->queue.clear();
}

std::unique_ptr<Resolver::Query> Resolver::resolve(Dispatcher& asker, std::string_view name,
                                                   OnResult on_result) {
  std::shared_ptr<Ticket> ticket(new Ticket{asker, std::move(on_result)});
  if (names_this_host(name)) {
    State::answer(ticket, loopback());
    return std::make_unique<TicketQuery>(std::move(ticket));
  }
  state_->owner.post([state = state_, name = lower(name), ticket]() mutable {
    if (!state->is_closed) state->ask(name, std::move(ticket));
  });
  return std::make_unique<TicketQuery>(std::move(ticket));
}

void Resolver::State::ask(const std::string& name, std::shared_ptr<Ticket> ticket) {
  const absl::Duration now = owner.clock().since_start();
  if (names.size() >= kMaxNames) forget_old();
  Name& known = names[name];
  const bool is_fresh = now - known.refreshed < (known.result.ok() ? kGood : kBad);
  const bool is_usable = known.result.ok() ? now - known.answered < kStale : is_fresh;
  // After a failed refresh the old answer stays, and the next try waits as after any error.
  const bool may_look_up = now - known.refreshed >= kBad;
  if (is_usable) answer(ticket, known.result);
  if (!is_usable) known.waiting.push_back(std::move(ticket));
  if (known.is_looking_up) return;
  const bool answer_is_old = now - known.answered >= kGood;
  if (!is_usable || (known.result.ok() && answer_is_old && may_look_up)) start(name);
}

void Resolver::State::start(const std::string& name) {
  names[name].is_looking_up = true;
  if (running >= kConcurrent) return queue.push_back(name);
  ++running;
  lookup(name, [self = shared_from_this(), name](Result result) {
    if (!self->is_closed) self->answered(name, std::move(result));
  });
}

void Resolver::State::answered(const std::string& name, Result result) {
  --running;
  const absl::Duration now = owner.clock().since_start();
  Name& known = names[name];
  known.is_looking_up = false;
  known.refreshed = now;
  const bool keeps_old = !result.ok() && known.result.ok() && now - known.answered < kStale;
  if (!keeps_old) {
    known.result = std::move(result);
    known.answered = now;
  }
  for (const auto& ticket : std::exchange(known.waiting, {})) answer(ticket, known.result);
  if (queue.empty() || running >= kConcurrent) return;
  const std::string next = std::move(queue.front());
  queue.pop_front();
  start(next);
}

void Resolver::State::answer(const std::shared_ptr<Ticket>& ticket, const Result& result) {
  ticket->asker.post([ticket, result] {
    if (ticket->is_cancelled) return;
    OnResult task = std::move(ticket->on_result);
    task(result);
  });
}

void Resolver::State::forget_old() {
  const absl::Duration now = owner.clock().since_start();
  absl::erase_if(names, [now](const auto& entry) {
    return !entry.second.is_looking_up && now - entry.second.refreshed >= kGood;
  });
}

}  // namespace omni::net
