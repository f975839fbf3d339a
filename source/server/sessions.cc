#include "source/server/sessions.h"

namespace omni {

void SessionTable::drop_oldest() {
  by_id_.erase(recent_.back().id);
  recent_.pop_back();
}

void SessionTable::expire(absl::Time now) {
  while (!recent_.empty() && now - recent_.back().last_active > kIdle) drop_oldest();
}

void SessionTable::touch(std::string_view id, absl::Time now, std::string_view connection) {
  expire(now);
  if (const auto known = by_id_.find(id); known != by_id_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
  } else {
    if (by_id_.size() >= kMost) drop_oldest();
    recent_.push_front({.id = std::string(id), .created = now});
    by_id_.emplace(id, recent_.begin());
  }
  SessionInfo& session = recent_.front();
  session.last_active = now;
  ++session.requests;
  if (!connection.empty()) session.connection = connection;
}

std::vector<SessionInfo> SessionTable::list(absl::Time now) {
  expire(now);
  return {recent_.begin(), recent_.end()};
}

}  // namespace omni
