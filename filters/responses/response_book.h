// What is done to kept responses inside one transaction of the store's writer thread.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/store.h"
#include "filters/responses/response_record.h"

namespace omni::filters {

struct ResponseLimits {
  absl::Duration ttl = absl::Hours(24 * 30);  // After its last use, and of its own life.
  uint64_t max_bytes = uint64_t{1} << 30;     // All together; the longest unused go first.
  // A continued response is not marked as used more often than this. What it continues lives so
  // much longer than itself.
  absl::Duration refresh() const { return std::min(absl::Hours(1), ttl / 8); }
};

// One to keep, or to keep anew under a key that is there.
struct NewResponse {
  std::string key;
  ResponseRecord record;              // `children` and `bytes` are the book's.
  std::string object, input, events;  // Empty ones stay as they are.
  // Of what it continues: those whose last use was noted long ago.
  std::vector<std::string> stale;
  // Only if it is still there: it may have been deleted while it was made.
  bool is_update = false;
};

class ResponseBook {
 public:
  ResponseBook(Update& update, const ResponseLimits& limits, absl::Time now)
      : update_(update), limits_(limits), now_us_(absl::ToUnixMicros(now)) {}

  absl::Status keep(NewResponse response);
  // `found`: whether there was one.
  absl::Status erase(std::string_view owner, std::string_view id, bool& found);
  // Drops what is too old or too much, at most so many.
  absl::Status purge(int most);

 private:
  using MaybeRecord = absl::StatusOr<std::optional<ResponseRecord>>;

  MaybeRecord load(std::string_view key);
  absl::Status save(std::string_view key, const ResponseRecord& record);
  absl::Status join_parent(ResponseRecord& record);
  absl::Status put_bodies(const NewResponse& response, ResponseRecord& record);
  absl::Status put_body(const NewResponse& response, BodyKind kind, std::string_view text,
                        ResponseRecord& record);
  absl::Status touch(std::string_view key);
  absl::Status drop(std::string key, ResponseRecord record);
  absl::StatusOr<std::string> drop_one(std::string_view key, const ResponseRecord& record);
  absl::StatusOr<uint64_t> total();
  absl::Status add_total(int64_t bytes);

  Update& update_;
  const ResponseLimits& limits_;
  const int64_t now_us_;
};

}  // namespace omni::filters
