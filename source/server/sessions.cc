#include "source/server/sessions.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "source/base/stable_hash.h"

namespace omni {
namespace {

constexpr size_t kLine = 64;

template <class Plain>
Plain* zeroed(size_t count) {
  // Fresh pages, which the system gives zeroed when they are touched.
  return static_cast<Plain*>(std::calloc(count, sizeof(Plain)));
}

uint32_t connection_hash(std::string_view provider, std::string_view account) {
  return static_cast<uint32_t>(stable_hash(account, stable_hash(provider)) >> 16) | 1;
}

}  // namespace

SessionTable::SessionTable()
    : marks_(zeroed<Mark>(kBuckets * kWays)), names_(zeroed<Name>(kBuckets * kWays)) {
  static_assert(sizeof(Mark) * kWays == kLine, "a bucket is one line");
}

void SessionTable::begin(Name& name, std::string_view id, int64_t now_ms) {
  name.created_ms = now_ms;
  name.connection_size = 0;
  name.id_size = static_cast<uint8_t>(std::min(id.size(), sizeof name.id));
  std::memcpy(name.id, id.data(), name.id_size);
}

void SessionTable::set_connection(Name& name, std::string_view provider, std::string_view account) {
  size_t size = 0;
  for (const std::string_view piece :
       {provider, std::string_view(account.empty() ? "" : "/"), account}) {
    const size_t taken = std::min(piece.size(), sizeof name.connection - size);
    if (taken > 0) std::memcpy(name.connection + size, piece.data(), taken);
    size += taken;
  }
  name.connection_size = static_cast<uint8_t>(size);
}

void SessionTable::expect(std::string_view id) const {
  if (marks_ != nullptr) __builtin_prefetch(&marks_[stable_hash(id) % kBuckets * kWays], 1);
}

void SessionTable::touch(std::string_view id, absl::Time now, std::string_view provider,
                         std::string_view account) {
  if (marks_ == nullptr || names_ == nullptr) return;  // The machine had no memory for it.
  const int64_t now_ms = absl::ToUnixMillis(now);
  if (began_ms_ == 0) began_ms_ = now_ms;
  const uint64_t hash = stable_hash(id);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const uint32_t tick = ticks(now_ms);
  Mark* const bucket = &marks_[hash % kBuckets * kWays];
  Mark* mark = bucket;
  bool is_known = false;
  for (Mark* each = bucket; each != bucket + kWays && !is_known; ++each) {
    is_known = each->hash == tag && each->requests > 0;
    const bool is_longer_silent = each->requests == 0 || each->last < mark->last;
    if (is_known || (mark->requests > 0 && is_longer_silent)) mark = each;
  }
  Name& name = names_[static_cast<size_t>(mark - marks_.get())];
  if (!is_known || tick - mark->last > absl::ToInt64Milliseconds(kIdle) / kTickMs) {
    *mark = {.hash = tag, .last = tick, .requests = 0, .connection = 0};
    begin(name, id, now_ms);
  }
  mark->last = tick;
  ++mark->requests;
  if (provider.empty()) return;
  const uint32_t connection = connection_hash(provider, account);
  if (mark->connection == connection) return;
  mark->connection = connection;
  set_connection(name, provider, account);
}

std::vector<SessionInfo> SessionTable::list(absl::Time now) const {
  std::vector<SessionInfo> out;
  if (marks_ == nullptr || names_ == nullptr) return out;
  for (size_t i = 0; i < kBuckets * kWays; ++i) {
    const Mark& mark = marks_[i];
    const absl::Time last = absl::FromUnixMillis(began_ms_ + int64_t{mark.last} * kTickMs);
    if (mark.requests == 0 || now - last > kIdle) continue;
    const Name& name = names_[i];
    out.push_back({.id = std::string(name.id, name.id_size),
                   .created = absl::FromUnixMillis(name.created_ms),
                   .last_active = std::max(last, absl::FromUnixMillis(name.created_ms)),
                   .requests = mark.requests,
                   .connection = std::string(name.connection, name.connection_size)});
  }
  return out;
}

}  // namespace omni
