#include "source/server/spend_keeper.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "source/base/status.h"
#include "source/store/tables.h"

namespace omni {

// What one key has spent since the last time, and what the record then says.
struct SpendKeeper::Change {
  Entry* entry;
  std::string name;
  SpendRecord added;
  SpendRecord sum;

  absl::Status apply(Update& update) {
    OMNI_ASSIGN_OR_RETURN(const std::optional<std::string_view> bytes,
                          update.get(kSpendTable, name));
    sum = {.number = added.number};
    if (bytes) {
      const absl::StatusOr<SpendRecord> before = SpendRecord::decode(*bytes);
      if (before.ok() && before->number == added.number) sum = *before;
      // Another process is in the next period already.
      if (before.ok() && before->number > added.number) return absl::OkStatus();
    }
    sum.nanos += added.nanos;
    sum.unpriced += added.unpriced;
    sum.is_told |= added.is_told;
    return update.put(kSpendTable, name, sum.encode());
  }
};

namespace {

bool is_told(const SpendCell& cell, int64_t number) {
  return cell.near_limit_told.load(std::memory_order_relaxed) == number + 1;
}

}  // namespace

SpendKeeper::SpendKeeper(Store& store, Dispatcher& home)
    : store_(store), home_(home), timer_(home.make_timer([this] {
        save();
        timer_->arm(kSaveEvery);
      })) {
  timer_->arm(kSaveEvery);
}

SpendKeeper::~SpendKeeper() {
  timer_.reset();
  pending_.reset();
  std::vector<Change> rest = changes();
  if (rest.empty()) return;
  store_.write([rest = std::move(rest)](Update& update) mutable {
    for (Change& change : rest) OMNI_RETURN_IF_ERROR(change.apply(update));
    return absl::OkStatus();
  });
}

absl::Status SpendKeeper::adopt(const Snapshot& snapshot) {
  absl::Status first_error;
  for (const auto& [hash, key] : snapshot.keys->by_hash) {
    if (key->limits.spend == nullptr) continue;
    const std::shared_ptr<SpendCell>& cell = key->limits.spend;
    const bool is_known = std::any_of(entries_.begin(), entries_.end(),
                                      [&](const auto& entry) { return entry->cell == cell; });
    if (is_known) continue;
    auto entry = std::make_unique<Entry>();
    entry->period = key->limits.budget->period;
    entry->name = spend_name(key->id, entry->period);
    entry->cell = cell;
    absl::Status status = load(*entry);
    if (first_error.ok()) first_error = std::move(status);
    entries_.push_back(std::move(entry));
  }
  return first_error;
}

absl::Status SpendKeeper::load(Entry& entry) {
  entry.number = period_number(entry.period, home_.clock().now());
  absl::StatusOr<std::optional<SpendRecord>> record =
      Table<SpendRecord>(store_, kSpendTable).get(entry.name);
  if (!record.ok()) return with_context(record.status(), "what '" + entry.name + "' has spent");
  if (!*record || (*record)->number != entry.number) return absl::OkStatus();
  const SpendRecord& found = **record;
  entry.nanos = found.nanos;
  entry.unpriced = found.unpriced;
  entry.told = found.is_told;
  entry.cell->spent.add(entry.number, static_cast<uint64_t>(std::max<int64_t>(0, found.nanos)));
  entry.cell->unpriced.add(entry.number,
                           static_cast<uint64_t>(std::max<int64_t>(0, found.unpriced)));
  if (found.is_told) (void)is_first_in(entry.cell->near_limit_told, entry.number);
  return absl::OkStatus();
}

std::vector<SpendKeeper::Change> SpendKeeper::changes() {
  std::vector<Change> out;
  const absl::Time now = home_.clock().now();
  for (const auto& entry : entries_) {
    const int64_t number = period_number(entry->period, now);
    if (number != entry->number) {
      entry->number = number;
      entry->nanos = entry->unpriced = 0;
      entry->told = false;
    }
    SpendRecord added{.number = number};
    added.nanos = static_cast<int64_t>(entry->cell->spent.read(number).count) - entry->nanos;
    added.unpriced =
        static_cast<int64_t>(entry->cell->unpriced.read(number).count) - entry->unpriced;
    added.is_told = is_told(*entry->cell, number);
    if (added.nanos == 0 && added.unpriced == 0 && added.is_told == entry->told) continue;
    out.push_back({entry.get(), entry->name, added, {}});
  }
  return out;
}

void SpendKeeper::save() {
  if (pending_ != nullptr) return;
  auto list = std::make_shared<std::vector<Change>>(changes());
  if (list->empty()) return forget_unused();
  // Noted now, so that the end of this object writes only what came after.
  for (const Change& change : *list) {
    change.entry->nanos += change.added.nanos;
    change.entry->unpriced += change.added.unpriced;
    change.entry->told = change.added.is_told;
  }
  pending_ = store_.update(
      home_,
      [list](Update& update) {
        for (Change& change : *list) OMNI_RETURN_IF_ERROR(change.apply(update));
        return absl::OkStatus();
      },
      [this, list](const absl::Status& status) {
        pending_.reset();
        saved(*list, status.ok());
      });
}

// What another process has spent is spent here too. What could not be written is tried again.
void SpendKeeper::saved(const std::vector<Change>& written, bool is_on_disk) {
  for (const Change& change : written) {
    Entry& entry = *change.entry;
    if (entry.number != change.added.number) continue;
    if (!is_on_disk) {
      entry.nanos -= change.added.nanos;
      entry.unpriced -= change.added.unpriced;
      entry.told = false;
      continue;
    }
    const int64_t foreign = change.sum.nanos - entry.nanos;
    if (change.sum.number != entry.number || foreign <= 0) continue;
    entry.cell->spent.add(entry.number, static_cast<uint64_t>(foreign));
    entry.nanos += foreign;
  }
}

// Keys that are gone, when all is on disk: nobody else has their cell.
void SpendKeeper::forget_unused() {
  std::erase_if(entries_, [](const auto& entry) { return entry->cell.use_count() == 1; });
}

}  // namespace omni
