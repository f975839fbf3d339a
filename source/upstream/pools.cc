#include "source/upstream/pools.h"

#include <utility>

#include "source/upstream/request.h"

namespace omni::upstream {

WorkerPools::WorkerPools(Dispatcher& dispatcher, Connector& connector, CodecFactory codecs,
                         PoolLimits limits, PoolStats stats)
    : context_{dispatcher, connector, std::move(codecs), limits, stats, Alarms(dispatcher)} {}

WorkerPools::~WorkerPools() = default;

std::unique_ptr<UpstreamRequest> WorkerPools::open(const Origin& origin, RequestHead&& head,
                                                   Buffer&& body, const UpstreamTimeouts& timeouts,
                                                   UpstreamEvents& events) {
  Pool& to = pool(origin);
  if (head.authority.empty()) head.authority = to.authority();
  if (head.scheme.empty()) head.scheme = origin.tls ? "https" : "http";
  head.has_body = !body.empty();
  if (head.has_body) head.content_length = body.size();
  auto request =
      std::make_unique<Request>(context_, to, std::move(head), std::move(body), timeouts, events);
  to.admit(*request);
  return request;
}

Pool& WorkerPools::pool(const Origin& origin) {
  const auto found = pools_.find(std::string_view(origin.key));
  if (found != pools_.end()) return *found->second;
  // Origins come and go with snapshots; a new one is the moment to drop those nobody uses.
  for (auto at = pools_.begin(); at != pools_.end();) {
    if (at->second->is_unused()) {
      context_.dispatcher.destroy_later(std::move(at->second));
      pools_.erase(at++);
    } else {
      ++at;
    }
  }
  auto made = std::make_unique<Pool>(context_, origin);
  return *pools_.emplace(origin.key, std::move(made)).first->second;
}

void WorkerPools::drain_idle() {
  context_.is_draining = true;
  for (auto& [key, pool] : pools_) pool->close_idle();
}

}  // namespace omni::upstream
