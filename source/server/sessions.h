// The conversations that are going on: who was heard of in the last half hour, and how often.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "source/admin/session_list.h"
#include "source/base/strings.h"

namespace omni {

// One worker's. Not shared between threads.
class SessionTable {
 public:
  static constexpr absl::Duration kIdle = absl::Minutes(30);
  static constexpr size_t kMost = 10000;  // Beyond, the one that was silent longest goes.

  // `connection` is where its last request went; empty: nowhere.
  void touch(std::string_view id, absl::Time now, std::string_view connection);
  // Those that are not idle yet, most recent first.
  std::vector<SessionInfo> list(absl::Time now);
  size_t size() const { return by_id_.size(); }

 private:
  void expire(absl::Time now);
  void drop_oldest();

  std::list<SessionInfo> recent_;  // Most recent first.
  StringMap<std::list<SessionInfo>::iterator> by_id_;
};

}  // namespace omni
