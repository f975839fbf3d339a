// The conversations that are going on: who was heard of in the last half hour, and how often.
#pragma once

#include <absl/time/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "source/admin/session_list.h"

namespace omni {

// One worker's. Not shared between threads. A session has a place in one small bucket, where the
// one that was silent longest makes room. What each request changes is one line of memory; the rest
// of a session is looked at when it begins or moves, and when somebody asks.
class SessionTable {
 public:
  static constexpr absl::Duration kIdle = absl::Minutes(30);
  static constexpr size_t kBuckets = 1024, kWays = 4;

  SessionTable();

  // A request of session `id` has ended. It went to `provider`, if it got that far, with one of its
  // accounts.
  void touch(std::string_view id, absl::Time now, std::string_view provider,
             std::string_view account);
  // Before touch() of the same `id`: the memory that it will change is fetched meanwhile.
  void expect(std::string_view id) const;
  // Those that are not idle, in no order; when they were heard of is exact to a tenth of a second.
  std::vector<SessionInfo> list(absl::Time now) const;

 private:
  // Plain bytes, all zero where there is no session.
  struct Mark {
    uint32_t hash;        // With the bucket's number 42 bits of it, which nobody else has.
    uint32_t last;        // Ticks since the table's first request.
    uint32_t requests;    // 0: empty.
    uint32_t connection;  // Hash of it; 0: none yet.
  };
  struct Name {
    int64_t created_ms;  // Since 1970.
    uint8_t id_size, connection_size;
    char id[70];
    char connection[88];  // Cut to this.
  };
  struct Free {
    void operator()(void* bytes) const { std::free(bytes); }
  };
  static constexpr int64_t kTickMs = 100;

  uint32_t ticks(int64_t now_ms) const {
    return static_cast<uint32_t>(std::max<int64_t>(0, now_ms - began_ms_) / kTickMs);
  }
  static void begin(Name& name, std::string_view id, int64_t now_ms);
  static void set_connection(Name& name, std::string_view provider, std::string_view account);

  int64_t began_ms_ = 0;
  // Neither is touched before it is needed.
  std::unique_ptr<Mark[], Free> marks_;
  std::unique_ptr<Name[], Free> names_;
};

}  // namespace omni
