#include "source/server/job_table.h"

#include <algorithm>
#include <utility>

#include "source/base/system_clock.h"

namespace omni {

// Who waits for a job's word, on the loop where it asked.
class JobTable::Asker {
 public:
  Asker(Dispatcher& home, Listener listener, absl::AnyInvocable<void(bool)> done)
      : home_(home), listener_(std::move(listener)), done_(std::move(done)) {}

  int64_t after = -1;  // Events up to this number are not wanted. Of the job's worker.

  // Any thread.
  bool is_gone() const { return gone_.load(std::memory_order_relaxed); }
  static void tell(const std::shared_ptr<Asker>& self, std::string events, bool is_last) {
    self->home_.post([self, events = std::move(events), is_last] {
      if (!self->is_gone()) self->listener_.on_events(events, is_last);
    });
  }
  static void tell_broken(const std::shared_ptr<Asker>& self) {
    self->home_.post([self] {
      if (!self->is_gone()) self->listener_.on_broken();
    });
  }
  static void tell_missing(const std::shared_ptr<Asker>& self) {
    self->home_.post([self] {
      if (!self->is_gone()) self->listener_.on_missing();
    });
  }
  static void tell_done(const std::shared_ptr<Asker>& self, bool was_there) {
    self->home_.post([self, was_there] {
      if (!self->is_gone()) self->done_(was_there);
    });
  }

  class Waiting final : public Pending {
   public:
    explicit Waiting(std::shared_ptr<Asker> asker) : asker_(std::move(asker)) {}
    ~Waiting() override { asker_->gone_.store(true, std::memory_order_relaxed); }

   private:
    std::shared_ptr<Asker> asker_;
  };

 private:
  Dispatcher& home_;
  Listener listener_;
  absl::AnyInvocable<void(bool)> done_;
  std::atomic<bool> gone_{false};
};

JobTable::JobTable(const JobHub& hub, uint32_t worker, ExchangeHost& host)
    : hub_(hub), worker_(worker), host_(host) {}

JobTable::~JobTable() = default;

bool JobTable::is_alive(const JobMaker& maker) const {
  return maker.process == hub_.process || wall_now() < hub_.others_until;
}

JobTable* JobTable::table_of(const JobMaker& maker) const {
  const bool is_ours = maker.process == hub_.process && maker.worker < hub_.tables.size();
  return is_ours ? hub_.tables[maker.worker].load() : nullptr;
}

bool JobTable::start(Exchange& parent, const std::string& key, std::string body) {
  if (jobs_.size() >= kMostJobs || parent.row() == nullptr) return false;
  BackgroundOwner& owner = *this;
  Job& job = jobs_[key];
  job.exchange = std::make_unique<BackgroundExchange>(owner, host_, parent, key);
  count_.store(jobs_.size(), std::memory_order_relaxed);
  // Off the stack of the exchange that asks for it.
  host_.dispatcher().post([this, key, body = std::move(body)]() mutable {
    const auto at = jobs_.find(key);
    if (at != jobs_.end()) at->second.exchange->begin(std::move(body));
  });
  return true;
}

void JobTable::on_events(BackgroundExchange& exchange, int64_t first, std::string_view events,
                         bool is_last) {
  const auto at = jobs_.find(exchange.key());
  if (at == jobs_.end()) return;
  auto& listeners = at->second.listeners;
  std::erase_if(listeners, [](const auto& asker) { return asker->is_gone(); });
  for (const auto& asker : listeners) {
    if (is_last && exchange.is_aborted()) {
      Asker::tell_broken(asker);
      continue;
    }
    const bool wants_all = first > asker->after;
    Asker::tell(asker, wants_all ? std::string(events) : exchange.events_after(asker->after),
                is_last);
  }
  if (is_last) remove(std::string(exchange.key()));
}

void JobTable::remove(const std::string& key) {
  const auto at = jobs_.find(key);
  if (at == jobs_.end()) return;
  host_.dispatcher().destroy_later(std::move(at->second.exchange));
  jobs_.erase(at);
  count_.store(jobs_.size(), std::memory_order_relaxed);
}

bool JobTable::end(const std::string& key, std::string_view code) {
  const auto at = jobs_.find(key);
  if (at == jobs_.end()) return false;
  at->second.exchange->give_up(code);
  for (const auto& asker : at->second.listeners) Asker::tell_broken(asker);
  remove(key);
  return true;
}

void JobTable::end_all(std::string_view code) {
  std::vector<std::string> keys;
  for (const auto& [key, job] : jobs_) keys.push_back(key);
  for (const std::string& key : keys) end(key, code);
}

std::unique_ptr<Pending> JobTable::cancel(const JobMaker& maker, const std::string& key,
                                          absl::AnyInvocable<void(bool)> done) {
  auto asker = std::make_shared<Asker>(host_.dispatcher(), Listener(), std::move(done));
  if (JobTable* table = table_of(maker)) {
    table->host_.dispatcher().post(
        [table, key, asker] { Asker::tell_done(asker, table->end(key, "cancelled")); });
  } else {
    Asker::tell_done(asker, false);
  }
  return std::make_unique<Asker::Waiting>(std::move(asker));
}

std::unique_ptr<Pending> JobTable::follow(const JobMaker& maker, const std::string& key,
                                          int64_t after, Listener listener) {
  auto asker = std::make_shared<Asker>(host_.dispatcher(), std::move(listener), nullptr);
  if (JobTable* table = table_of(maker)) {
    table->host_.dispatcher().post(
        [table, key, after, asker] { table->subscribe(key, after, asker); });
  } else {
    Asker::tell_missing(asker);
  }
  return std::make_unique<Asker::Waiting>(std::move(asker));
}

void JobTable::subscribe(const std::string& key, int64_t after,
                         const std::shared_ptr<Asker>& asker) {
  const auto at = jobs_.find(key);
  if (at == jobs_.end()) return Asker::tell_missing(asker);
  asker->after = after;
  at->second.listeners.push_back(asker);
  Asker::tell(asker, at->second.exchange->events_after(after), false);
}

}  // namespace omni
