// What all pools of one worker share.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "api/codec.h"
#include "api/event.h"
#include "api/stats.h"
#include "source/upstream/alarm.h"
#include "source/upstream/connector.h"

namespace omni::upstream {

// Per origin and worker.
struct PoolLimits {
  size_t connections = 1024;
  size_t waiters = 4096;  // Requests without a connection; one more is kOverloaded.
  // After this long unused, idle connections above `idle_kept` are closed.
  absl::Duration idle_after = absl::Seconds(60);
  size_t idle_kept = 2;
  // An origin that saw no request for so long keeps no connection at all: a reload may have
  // dropped it.
  absl::Duration forget_after = absl::Minutes(10);
  // Requests that one HTTP/2 connection in the making is expected to carry.
  size_t streams_expected = 100;
};

// Made on main with the registry; copied to each worker.
struct PoolStats {
  PoolStats() = default;  // Counts nowhere.
  explicit PoolStats(StatScope& scope);

  Counter requests, opened, closed, connect_failed, reused, stale_retries, queue_full;
  Gauge active, idle, queued;
  Histogram connect_time;
};

enum class Protocol : uint8_t { kHttp1, kHttp2 };
using CodecFactory =
    absl::AnyInvocable<std::unique_ptr<ClientCodec>(Protocol protocol, ClientEvents& events)>;

struct PoolContext {
  Dispatcher& dispatcher;
  Connector& connector;
  CodecFactory make_codec;
  PoolLimits limits;
  PoolStats stats;
  Alarms alarms;
  uint64_t opened = 0;  // Requests so far; numbers them.
  bool is_draining = false;

  absl::Duration now() const { return dispatcher.clock().since_start(); }
  int64_t now_ns() const { return dispatcher.clock().since_start_ns(); }
};

}  // namespace omni::upstream
