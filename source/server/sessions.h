// The conversations that are going on: who was heard of in the last half hour, and how often.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "source/admin/session_list.h"

namespace omni {

// One worker's. Not shared between threads. A session has a place in one small bucket, where the
// one that was silent longest makes room: each request looks at a line or two of memory, which is
// all that a table beside the request path may cost.
class SessionTable {
 public:
  static constexpr absl::Duration kIdle = absl::Minutes(30);
  static constexpr size_t kBuckets = 1024, kWays = 4;

  SessionTable();

  // A request of session `id` has ended. It went to `provider`, if it got that far, with one of its
  // accounts.
  void touch(std::string_view id, absl::Time now, std::string_view provider,
             std::string_view account);
  // Those that are not idle, in no order.
  std::vector<SessionInfo> list(absl::Time now) const;

 private:
  // Plain bytes, all zero where there is no session.
  struct Entry {
    uint64_t hash;
    int64_t created_ms, last_ms;  // Since 1970.
    uint32_t requests;            // 0: empty.
    uint8_t id_size, connection_size;
    char id[70];
    char connection[88];  // Cut to this.

    std::string_view id_text() const { return {id, id_size}; }
  };
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };
  static void begin(Entry& entry, uint64_t hash, std::string_view id, int64_t now_ms);
  static void set_connection(Entry& entry, std::string_view provider, std::string_view account);

  std::unique_ptr<Entry[], Free> entries_;  // Not touched before it is needed.
};

}  // namespace omni
