#include "filters/responses/response_log.h"

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/llm/responses/history.h"

namespace omni::filters {
namespace {

using Want = ResponseLog::Want;
using MaybeFound = absl::StatusOr<std::optional<FoundResponse>>;

// One look-up on a reader thread.
class Search {
 public:
  Search(const Store& store, const ResponseLimits& limits, absl::Time now)
      : store_(store), limits_(limits), now_us_(absl::ToUnixMicros(now)) {}

  MaybeFound run(std::string_view owner, std::string_view id, Want want) {
    OMNI_ASSIGN_OR_RETURN(const auto key, store_.get(kResponseIdsTable, id_key(owner, id)));
    if (!key) return std::optional<FoundResponse>();
    FoundResponse found;
    found.key = *key;
    OMNI_ASSIGN_OR_RETURN(auto record, load(*key));
    const int64_t oldest_us = now_us_ - absl::ToInt64Microseconds(limits_.ttl);
    if (!record || record->is_deleted || record->created_us < oldest_us)
      return std::optional<FoundResponse>();
    found.record = *std::move(record);
    OMNI_ASSIGN_OR_RETURN(found.object, body(*key, BodyKind::kObject));
    if (want == Want::kEvents) {
      OMNI_ASSIGN_OR_RETURN(found.events, body(*key, BodyKind::kEvents));
    } else if (want != Want::kObject) {
      OMNI_RETURN_IF_ERROR(gather(found, want == Want::kContinued));
    }
    return std::optional<FoundResponse>(std::move(found));
  }

 private:
  absl::StatusOr<std::optional<ResponseRecord>> load(std::string_view key) {
    OMNI_ASSIGN_OR_RETURN(const auto bytes, store_.get(kResponsesTable, key));
    if (!bytes) return std::optional<ResponseRecord>();
    OMNI_ASSIGN_OR_RETURN(ResponseRecord record, ResponseRecord::decode(*bytes));
    return std::optional<ResponseRecord>(std::move(record));
  }

  absl::StatusOr<std::string> body(std::string_view key, BodyKind kind) {
    OMNI_ASSIGN_OR_RETURN(auto text, store_.get(kResponseBodiesTable, body_key(key, kind)));
    return text ? *std::move(text) : std::string();
  }

  // From the response back to the first of its conversation.
  absl::Status gather(FoundResponse& found, bool with_output) {
    const int64_t stale_us = now_us_ - absl::ToInt64Microseconds(limits_.refresh());
    std::vector<std::string> pieces;  // Latest first.
    size_t bytes = 0;
    std::string key = found.key, object = found.object;
    ResponseRecord record = found.record;
    for (int turn = 0;; ++turn) {
      if (turn > 0 || with_output) pieces.emplace_back(llm::responses::items_of_output(object));
      OMNI_ASSIGN_OR_RETURN(std::string input, body(key, BodyKind::kInput));
      if (record.used_us < stale_us) found.stale.push_back(key);
      bytes += input.size() + (pieces.empty() ? 0 : pieces.back().size());
      pieces.push_back(std::move(input));
      found.is_whole = found.is_whole && record.is_whole;
      found.is_too_long = bytes > ResponseLog::kMostItemBytes || turn >= ResponseLog::kMostTurns;
      if (record.parent.empty() || found.is_too_long) break;
      key = record.parent;
      OMNI_ASSIGN_OR_RETURN(auto parent, load(key));
      if (!parent) {
        found.is_whole = false;
        break;
      }
      record = *std::move(parent);
      OMNI_ASSIGN_OR_RETURN(object, body(key, BodyKind::kObject));
    }
    if (found.is_too_long) return absl::OkStatus();
    found.items.reserve(bytes + pieces.size());
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      if (!found.items.empty() && !piece->empty()) found.items += ',';
      found.items += *piece;
    }
    return absl::OkStatus();
  }

  const Store& store_;
  const ResponseLimits& limits_;
  const int64_t now_us_;
};

}  // namespace

std::unique_ptr<Pending> ResponseLog::find(Dispatcher& home, std::string_view owner,
                                           std::string_view id, Want want, Found done) const {
  const auto found = std::make_shared<std::optional<FoundResponse>>();
  return store_.read(
      home,
      [found, want, limits = limits_, now = home.clock().now(), owner = std::string(owner),
       id = std::string(id)](const Store& store) -> absl::Status {
        OMNI_ASSIGN_OR_RETURN(*found, Search(store, limits, now).run(owner, id, want));
        return absl::OkStatus();
      },
      [found, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(status);
        done(std::move(*found));
      });
}

std::unique_ptr<Pending> ResponseLog::keep(Dispatcher& home, NewResponse response,
                                           Store::Done done) const {
  return store_.update(
      home,
      [limits = limits_, now = home.clock().now(),
       response = std::move(response)](Update& update) mutable {
        return ResponseBook(update, limits, now).keep(std::move(response));
      },
      std::move(done));
}

void ResponseLog::keep(absl::Time now, NewResponse response) const {
  store_.write([limits = limits_, now, response = std::move(response)](Update& update) mutable {
    return ResponseBook(update, limits, now).keep(std::move(response));
  });
}

std::unique_ptr<Pending> ResponseLog::erase(Dispatcher& home, std::string_view owner,
                                            std::string_view id, Erased done) const {
  const auto found = std::make_shared<bool>(false);
  return store_.update(
      home,
      [found, limits = limits_, now = home.clock().now(), owner = std::string(owner),
       id = std::string(id)](Update& update) -> absl::Status {
        ResponseBook book(update, limits, now);
        OMNI_RETURN_IF_ERROR(book.erase(owner, id, *found));
        return book.purge(64);
      },
      [found, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(status);
        done(*found);
      });
}

}  // namespace omni::filters
