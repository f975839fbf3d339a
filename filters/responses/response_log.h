// Kept responses as a worker asks for them: reads go to a reader thread, writes to the writer.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event.h"
#include "api/store.h"
#include "filters/responses/response_book.h"
#include "filters/responses/response_record.h"

namespace omni::filters {

struct FoundResponse {
  std::string key;
  ResponseRecord record;
  std::string object;
  std::string items;   // As asked for; see ResponseLog::Want.
  std::string events;  // Of its stream; empty when that is not kept.
  // What `items` lacks: something that was not known or has expired; what exceeded the bound.
  bool is_whole = true, is_too_long = false;
  // See NewResponse.
  std::vector<std::string> stale;
};

// Outlives every exchange. Immutable.
class ResponseLog {
 public:
  enum class Want : uint8_t {
    kObject,
    kEvents,
    kInput,      // Items that the model was told for it.
    kContinued,  // Those, and what it said.
  };
  // Items beyond this are too long to be told to any model.
  static constexpr size_t kMostItemBytes = 32 * 1024 * 1024;
  static constexpr int kMostTurns = 10'000;

  using Found = absl::AnyInvocable<void(absl::StatusOr<std::optional<FoundResponse>>)>;
  using Erased = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

  ResponseLog(Store& store, const ResponseLimits& limits) : store_(store), limits_(limits) {}

  const ResponseLimits& limits() const { return limits_; }
  // What another owner has is not found.
  [[nodiscard]] std::unique_ptr<Pending> find(Dispatcher& home, std::string_view owner,
                                              std::string_view id, Want want, Found done) const;
  // OK when it is on the disk.
  [[nodiscard]] std::unique_ptr<Pending> keep(Dispatcher& home, NewResponse response,
                                              Store::Done done) const;
  // The same with nobody waiting.
  void keep(absl::Time now, NewResponse response) const;
  [[nodiscard]] std::unique_ptr<Pending> erase(Dispatcher& home, std::string_view owner,
                                               std::string_view id, Erased done) const;

 private:
  Store& store_;
  const ResponseLimits limits_;
};

}  // namespace omni::filters
