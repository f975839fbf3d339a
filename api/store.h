// Persistence as filters and engine see it: named tables of byte strings, read at once, written by
// one thread. LMDB stays behind source/store.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/event.h"

namespace omni {

// `state` holds what must never be lost or refused (keys, claims, configuration) and is synced at
// every commit; `bulk` holds what may be (usage, logs, caches). A full bulk never refuses a state.
enum class Realm : uint8_t { kState, kBulk };

struct TableId {
  Realm realm;
  std::string_view name;  // A literal.
};

// A transaction on the writer thread. Reads see the writes made before them.
class Update {
 public:
  virtual ~Update() = default;
  // Views are valid until the next call on this object.
  virtual absl::StatusOr<std::optional<std::string_view>> get(TableId table,
                                                              std::string_view key) = 0;
  virtual absl::Status put(TableId table, std::string_view key, std::string_view value) = 0;
  // For keys in rising order (time first): much cheaper. Falls back to put() when out of order.
  virtual absl::Status append(TableId table, std::string_view key, std::string_view value) = 0;
  virtual absl::Status erase(TableId table, std::string_view key) = 0;
  // The first key behind `key`, which need not be there; "" is in front of all.
  virtual absl::StatusOr<std::optional<std::string>> next(TableId table, std::string_view key) = 0;
};

class Pending {  // Destroying it means "do not call me"; the write itself still happens.
 public:
  virtual ~Pending() = default;
};

class Store {
 public:
  using Work = absl::AnyInvocable<absl::Status(Update&)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;
  using Reading = absl::AnyInvocable<absl::Status(const Store&)>;
  using Fetched = absl::AnyInvocable<void(absl::StatusOr<std::optional<std::string>>)>;
  // Return false to stop.
  using Visit = absl::FunctionRef<bool(std::string_view key, std::string_view value)>;

  virtual ~Store() = default;
  // A copy of the value, from a snapshot opened and closed inside the call. Any thread; a loop
  // calls it on `state` tables only (a few page touches), because `bulk` may have to read the disk.
  virtual absl::StatusOr<std::optional<std::string>> get(TableId table,
                                                         std::string_view key) const = 0;
  // Visits keys >= `from` in order, in read transactions of bounded length. Never on a loop.
  virtual absl::Status scan(TableId table, std::string_view from, Visit visit) const = 0;
  // get() on a reader thread; `done` runs on `home`, never before fetch() returns.
  [[nodiscard]] virtual std::unique_ptr<Pending> fetch(Dispatcher& home, TableId table,
                                                       std::string_view key, Fetched done) = 0;
  // Runs `work` on a reader thread, which may get() and scan(), also in `bulk`; then `done` gets
  // its status on `home`, never before read() returns.
  [[nodiscard]] virtual std::unique_ptr<Pending> read(Dispatcher& home, Reading work,
                                                      Done done) = 0;
  // Runs `work` on the writer thread, batched with its neighbours into one commit; then runs
  // `done` on `home`, never before update() returns. When `done` gets OK the write is on disk. A
  // status from `work` undoes that work alone.
  [[nodiscard]] virtual std::unique_ptr<Pending> update(Dispatcher& home, Work work, Done done) = 0;
  // The same with nobody waiting: batched for up to 250 ms. Failures are counted and logged there.
  virtual void write(Work work) = 0;
};

// Key and value types for one table; encoding lives in one place. Record has
//     std::string encode() const;  static absl::StatusOr<Record> decode(std::string_view);
template <class Record>
class Table {
 public:
  Table(const Store& store, TableId id) : store_(store), id_(id) {}

  absl::StatusOr<std::optional<Record>> get(std::string_view key) const {
    absl::StatusOr<std::optional<std::string>> bytes = store_.get(id_, key);
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) return std::optional<Record>();
    absl::StatusOr<Record> record = Record::decode(**bytes);
    if (!record.ok()) return record.status();
    return std::optional<Record>(*std::move(record));
  }
  absl::Status put(Update& update, std::string_view key, const Record& record) const {
    return update.put(id_, key, record.encode());
  }

 private:
  const Store& store_;
  TableId id_;
};

}  // namespace omni
