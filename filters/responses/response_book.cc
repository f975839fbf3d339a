#include "filters/responses/response_book.h"

#include <algorithm>
#include <utility>

#include "source/base/record_codec.h"
#include "source/base/status.h"

namespace omni::filters {
namespace {

constexpr std::string_view kBytesKey = "bytes";
constexpr BodyKind kKinds[] = {BodyKind::kInput, BodyKind::kObject, BodyKind::kEvents};
constexpr int kPurgePerKeep = 64;

}  // namespace

ResponseBook::MaybeRecord ResponseBook::load(std::string_view key) {
  OMNI_ASSIGN_OR_RETURN(const auto found, update_.get(kResponsesTable, key));
  if (!found) return std::optional<ResponseRecord>();
  OMNI_ASSIGN_OR_RETURN(ResponseRecord record, ResponseRecord::decode(*found));
  return std::optional<ResponseRecord>(std::move(record));
}

absl::Status ResponseBook::save(std::string_view key, const ResponseRecord& record) {
  return update_.put(kResponsesTable, key, record.encode());
}

absl::Status ResponseBook::keep(NewResponse response) {
  ResponseRecord& record = response.record;
  OMNI_ASSIGN_OR_RETURN(const std::optional<ResponseRecord> before, load(response.key));
  if (response.is_update && (!before || before->is_deleted)) return absl::OkStatus();
  if (before) {
    record.parent = before->parent;
    record.is_whole = before->is_whole;
    record.children = before->children;
    record.bytes = before->bytes;
    record.created_us = before->created_us;
    record.used_us = before->used_us;
  } else {
    // An answer that is given again goes by the same id.
    bool ignored = false;
    OMNI_RETURN_IF_ERROR(erase(record.owner, record.id, ignored));
    record.used_us = now_us_;
    OMNI_RETURN_IF_ERROR(join_parent(record));
    OMNI_RETURN_IF_ERROR(
        update_.put(kResponseIdsTable, id_key(record.owner, record.id), response.key));
    OMNI_RETURN_IF_ERROR(
        update_.append(kResponseAgesTable, age_key(record.used_us, response.key), ""));
  }
  OMNI_RETURN_IF_ERROR(put_bodies(response, record));
  OMNI_RETURN_IF_ERROR(save(response.key, record));
  for (const std::string& key : response.stale) OMNI_RETURN_IF_ERROR(touch(key));
  return purge(kPurgePerKeep);
}

// Between the request and its answer what it continues may have gone.
absl::Status ResponseBook::join_parent(ResponseRecord& record) {
  if (record.parent.empty()) return absl::OkStatus();
  OMNI_ASSIGN_OR_RETURN(std::optional<ResponseRecord> parent, load(record.parent));
  if (!parent) {
    record.is_whole = false;
    record.parent.clear();
    return absl::OkStatus();
  }
  ++parent->children;
  return save(record.parent, *parent);
}

absl::Status ResponseBook::put_bodies(const NewResponse& response, ResponseRecord& record) {
  const uint64_t before = record.bytes;
  OMNI_RETURN_IF_ERROR(put_body(response, BodyKind::kInput, response.input, record));
  OMNI_RETURN_IF_ERROR(put_body(response, BodyKind::kObject, response.object, record));
  OMNI_RETURN_IF_ERROR(put_body(response, BodyKind::kEvents, response.events, record));
  return add_total(static_cast<int64_t>(record.bytes - before));
}

absl::Status ResponseBook::put_body(const NewResponse& response, BodyKind kind,
                                    std::string_view text, ResponseRecord& record) {
  if (text.empty()) return absl::OkStatus();
  const std::string key = body_key(response.key, kind);
  OMNI_ASSIGN_OR_RETURN(const auto old, update_.get(kResponseBodiesTable, key));
  record.bytes += text.size() - (old ? old->size() : 0);
  return update_.put(kResponseBodiesTable, key, text);
}

// Used again: it lives as long as what continues it.
absl::Status ResponseBook::touch(std::string_view key) {
  OMNI_ASSIGN_OR_RETURN(std::optional<ResponseRecord> record, load(key));
  if (!record) return absl::OkStatus();
  OMNI_RETURN_IF_ERROR(update_.erase(kResponseAgesTable, age_key(record->used_us, key)));
  record->used_us = now_us_;
  OMNI_RETURN_IF_ERROR(update_.put(kResponseAgesTable, age_key(record->used_us, key), ""));
  return save(key, *record);
}

absl::Status ResponseBook::erase(std::string_view owner, std::string_view id, bool& found) {
  found = false;
  const std::string name = id_key(owner, id);
  OMNI_ASSIGN_OR_RETURN(const auto at, update_.get(kResponseIdsTable, name));
  if (!at) return absl::OkStatus();
  const std::string key(*at);
  OMNI_ASSIGN_OR_RETURN(std::optional<ResponseRecord> record, load(key));
  if (!record) return update_.erase(kResponseIdsTable, name);
  found = true;
  if (record->children == 0) return drop(key, *std::move(record));
  record->is_deleted = true;
  OMNI_RETURN_IF_ERROR(update_.erase(kResponseIdsTable, name));
  return save(key, *record);
}

// And what was only kept because of it.
absl::Status ResponseBook::drop(std::string key, ResponseRecord record) {
  for (;;) {
    OMNI_ASSIGN_OR_RETURN(std::string parent_key, drop_one(key, record));
    if (parent_key.empty()) return absl::OkStatus();
    OMNI_ASSIGN_OR_RETURN(std::optional<ResponseRecord> parent, load(parent_key));
    if (!parent) return absl::OkStatus();
    if (parent->children > 0) --parent->children;
    if (!parent->is_deleted || parent->children > 0) return save(parent_key, *parent);
    key = std::move(parent_key);
    record = *std::move(parent);
  }
}

// Returns the parent's key.
absl::StatusOr<std::string> ResponseBook::drop_one(std::string_view key,
                                                   const ResponseRecord& record) {
  for (const BodyKind kind : kKinds)
    OMNI_RETURN_IF_ERROR(update_.erase(kResponseBodiesTable, body_key(key, kind)));
  OMNI_RETURN_IF_ERROR(update_.erase(kResponseAgesTable, age_key(record.used_us, key)));
  OMNI_RETURN_IF_ERROR(update_.erase(kResponsesTable, key));
  if (!record.is_deleted)
    OMNI_RETURN_IF_ERROR(update_.erase(kResponseIdsTable, id_key(record.owner, record.id)));
  OMNI_RETURN_IF_ERROR(add_total(-static_cast<int64_t>(record.bytes)));
  return record.parent;
}

absl::Status ResponseBook::purge(int most) {
  const int64_t oldest_us = now_us_ - absl::ToInt64Microseconds(limits_.ttl + limits_.refresh());
  OMNI_ASSIGN_OR_RETURN(uint64_t bytes, total());
  for (int i = 0; i < most; ++i) {
    OMNI_ASSIGN_OR_RETURN(const auto age, update_.next(kResponseAgesTable, ""));
    if (!age || age->size() != 8 + kResponseKeyBytes) return absl::OkStatus();
    const auto used_us = static_cast<int64_t>(load_big64(age->data()));
    if (used_us >= oldest_us && bytes <= limits_.max_bytes) return absl::OkStatus();
    const std::string key = age->substr(8);
    OMNI_ASSIGN_OR_RETURN(std::optional<ResponseRecord> record, load(key));
    if (record) {
      OMNI_RETURN_IF_ERROR(drop(key, *std::move(record)));
    } else {
      OMNI_RETURN_IF_ERROR(update_.erase(kResponseAgesTable, *age));
    }
    OMNI_ASSIGN_OR_RETURN(bytes, total());
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ResponseBook::total() {
  OMNI_ASSIGN_OR_RETURN(const auto found, update_.get(kResponseTotalsTable, kBytesKey));
  return found && found->size() == 8 ? load_little64(found->data()) : 0;
}

absl::Status ResponseBook::add_total(int64_t bytes) {
  if (bytes == 0) return absl::OkStatus();
  OMNI_ASSIGN_OR_RETURN(const uint64_t before, total());
  char text[8];
  // Never below nothing, whatever became of the books.
  const int64_t after = std::max<int64_t>(0, static_cast<int64_t>(before) + bytes);
  store_little64(text, static_cast<uint64_t>(after));
  return update_.put(kResponseTotalsTable, kBytesKey, {text, sizeof text});
}

}  // namespace omni::filters
