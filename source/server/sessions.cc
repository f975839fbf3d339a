#include "source/server/sessions.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace omni {

SessionTable::SessionTable()
    : entries_(static_cast<Entry*>(std::calloc(kBuckets * kWays, sizeof(Entry)))) {}

void SessionTable::begin(Entry& entry, uint64_t hash, std::string_view id, int64_t now_ms) {
  entry.hash = hash;
  entry.created_ms = now_ms;
  entry.requests = 0;
  entry.connection_size = 0;
  entry.id_size = static_cast<uint8_t>(std::min(id.size(), sizeof entry.id));
  std::memcpy(entry.id, id.data(), entry.id_size);
}

void SessionTable::set_connection(Entry& entry, std::string_view provider,
                                  std::string_view account) {
  size_t size = 0;
  for (const std::string_view piece :
       {provider, std::string_view(account.empty() ? "" : "/"), account}) {
    const size_t taken = std::min(piece.size(), sizeof entry.connection - size);
    if (taken > 0) std::memcpy(entry.connection + size, piece.data(), taken);
    size += taken;
  }
  entry.connection_size = static_cast<uint8_t>(size);
}

void SessionTable::touch(std::string_view id, absl::Time now, std::string_view provider,
                         std::string_view account) {
  if (entries_ == nullptr) return;  // The machine had no memory for it.
  const uint64_t hash = std::hash<std::string_view>{}(id);
  const int64_t now_ms = absl::ToUnixMillis(now);
  Entry* const bucket = &entries_[hash % kBuckets * kWays];
  Entry* entry = bucket;
  for (Entry* each = bucket; each != bucket + kWays; ++each) {
    if (each->hash == hash && each->requests > 0 && each->id_text() == id) {
      entry = each;
      break;
    }
    if (each->last_ms < entry->last_ms) entry = each;
  }
  const bool is_known = entry->hash == hash && entry->requests > 0 && entry->id_text() == id;
  if (!is_known || now_ms - entry->last_ms > absl::ToInt64Milliseconds(kIdle))
    begin(*entry, hash, id, now_ms);
  entry->last_ms = now_ms;
  ++entry->requests;
  if (!provider.empty()) set_connection(*entry, provider, account);
}

std::vector<SessionInfo> SessionTable::list(absl::Time now) const {
  std::vector<SessionInfo> out;
  if (entries_ == nullptr) return out;
  for (size_t i = 0; i < kBuckets * kWays; ++i) {
    const Entry& entry = entries_[i];
    if (entry.requests == 0 || now - absl::FromUnixMillis(entry.last_ms) > kIdle) continue;
    out.push_back({.id = std::string(entry.id_text()),
                   .created = absl::FromUnixMillis(entry.created_ms),
                   .last_active = absl::FromUnixMillis(entry.last_ms),
                   .requests = entry.requests,
                   .connection = std::string(entry.connection, entry.connection_size)});
  }
  return out;
}

}  // namespace omni
