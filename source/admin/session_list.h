// The list of live sessions, which workers keep and management shows.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

namespace omni {

struct SessionInfo {
  std::string id;  // "ext:..." where the client named it, else 16 hexadecimal digits.
  absl::Time created, last_active;
  uint64_t requests = 0;
  std::string connection;  // PROVIDER/ACCOUNT of the last request; empty: none was reached.
};

// Main thread only.
class SessionSource {
 public:
  // Asks every worker. `done` runs on the main thread, never before this returns.
  using Listed = absl::AnyInvocable<void(std::vector<SessionInfo>, absl::Time now)>;
  virtual void list_sessions(Listed done) = 0;

 protected:
  ~SessionSource() = default;
};

// One entry for sessions that several workers know; most recent first.
std::vector<SessionInfo> merge_sessions(std::vector<SessionInfo> all);
// {"count":N,"sessions":[{sessionId,createdAt,lastActive,requestCount,connectionId,ageMs}]}.
std::string render_sessions(const std::vector<SessionInfo>& sessions, absl::Time now);

}  // namespace omni
