#include "source/admin/session_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/base/format.h"
#include "source/base/strings.h"
#include "source/json/writer.h"

namespace omni {

std::vector<SessionInfo> merge_sessions(std::vector<SessionInfo> all) {
  std::vector<SessionInfo> out;
  StringMap<size_t> places;
  std::sort(all.begin(), all.end(), [](const SessionInfo& a, const SessionInfo& b) {
    return a.last_active > b.last_active;
  });
  for (SessionInfo& session : all) {
    const auto [at, is_new] = places.emplace(session.id, out.size());
    if (is_new) {
      out.push_back(std::move(session));
      continue;
    }
    SessionInfo& known = out[at->second];
    known.created = std::min(known.created, session.created);
    known.requests += session.requests;
    if (known.connection.empty()) known.connection = std::move(session.connection);
  }
  return out;
}

std::string render_sessions(const std::vector<SessionInfo>& sessions, absl::Time now) {
  std::string out = fmt::format(R"({{"count":{},"sessions":[)", sessions.size());
  for (const SessionInfo& session : sessions) {
    if (&session != &sessions.front()) out += ',';
    append_format(
        out,
        R"({{"sessionId":{},"createdAt":{},"lastActive":{},"requestCount":{},"connectionId":{},"ageMs":{}}})",
        json::quoted(session.id), absl::ToUnixMillis(session.created),
        absl::ToUnixMillis(session.last_active), session.requests,
        session.connection.empty() ? "null" : json::quoted(session.connection),
        absl::ToInt64Milliseconds(now - session.created));
  }
  return out + "]}";
}

}  // namespace omni
