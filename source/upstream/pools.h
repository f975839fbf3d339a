// The pools of one worker, one per origin. What filters know as UpstreamPools.
#pragma once

#include <cstddef>
#include <memory>

#include "api/codec.h"
#include "api/upstream.h"
#include "source/base/strings.h"
#include "source/upstream/pool.h"
#include "source/upstream/pool_context.h"

namespace omni::upstream {

// HTTP/1 and HTTP/2 with these limits. `clock` outlives the codecs.
CodecFactory make_client_codecs(const CodecLimits& limits, const Clock& clock);

// Belongs to one loop. Requests are gone before it is.
class WorkerPools final : public UpstreamPools {
 public:
  WorkerPools(Dispatcher& dispatcher, Connector& connector, CodecFactory codecs, PoolLimits limits,
              PoolStats stats);
  ~WorkerPools() override;

  // An empty `head.authority` and `head.scheme` are filled from the origin; the body decides
  // `has_body` and, when there is one, `content_length`.
  [[nodiscard]] std::unique_ptr<UpstreamRequest> open(const Origin& origin, RequestHead&& head,
                                                      Buffer&& body,
                                                      const UpstreamTimeouts& timeouts,
                                                      UpstreamEvents& events) override;

  // Closes every idle connection now and each other one when it becomes idle. Requests still work.
  void drain_idle();

  size_t pool_count() const { return pools_.size(); }

 private:
  Pool& pool(const Origin& origin);

  PoolContext context_;
  StringMap<std::unique_ptr<Pool>> pools_;  // By Origin::key.
};

}  // namespace omni::upstream
