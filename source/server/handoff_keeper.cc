#include "source/server/handoff_keeper.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

using HandoffEntry = routing::HandoffBook::Entry;

constexpr absl::Duration kHandoffsEvery = absl::Seconds(1);
// The first version did not know what a note was made of: whose it is cannot be told any more.
constexpr uint8_t kHandoffVersion = 2;

std::string row_key(std::string_view book, size_t place) {
  return fmt::format("{}/{:04}", book, place);
}

std::string encode_handoff(const HandoffEntry& entry, int64_t now_ms) {
  RecordWriter out(kHandoffVersion);
  out.i64(now_ms);
  out.text(entry.session);
  out.text(entry.server);
  out.text(entry.note);
  out.text(entry.next);
  out.u64(entry.messages);
  out.raw(as_bytes(entry.digest));
  return std::move(out).take();
}

struct DatedHandoff {
  int64_t at_ms = 0;
  HandoffEntry entry;
};

std::optional<DatedHandoff> decode_handoff(std::string_view value) {
  RecordReader in(value);
  if (in.u8() != kHandoffVersion) return std::nullopt;
  DatedHandoff out;
  out.at_ms = in.i64();
  out.entry.session = in.text();
  out.entry.server = in.text();
  out.entry.note = in.text();
  out.entry.next = in.text();
  out.entry.messages = in.u64();
  const std::string_view digest = in.raw(out.entry.digest.size());
  if (!digest.empty()) std::memcpy(out.entry.digest.data(), digest.data(), digest.size());
  if (!in.finish("handoff").ok()) return std::nullopt;
  return out;
}

}  // namespace

// Of one look.
struct HandoffKeeper::Work {
  std::vector<std::string> gone;
  std::vector<std::pair<std::string, std::string>> changed;
  int64_t now_ms = 0;
};

HandoffKeeper::HandoffKeeper(Dispatcher& home, Store& store, routing::CellRegistry& cells)
    : home_(home), store_(store), cells_(cells) {}

absl::Status HandoffKeeper::load() {
  const absl::Status status =
      store_.scan(kHandoffTable, "", [&](std::string_view key, std::string_view value) {
        if (!restore(key, value)) stale_.emplace_back(key);
        return true;
      });
  // What was read here is no news.
  for (const std::shared_ptr<Book>& book : restored_) (void)book->take_changes();
  return status;
}

// False for a row that is of no use any more.
bool HandoffKeeper::restore(std::string_view key, std::string_view value) {
  const size_t slash = key.rfind('/');
  if (slash == std::string_view::npos) return false;
  std::optional<DatedHandoff> found = decode_handoff(value);
  const int64_t oldest_ms = absl::ToUnixMillis(home_.clock().now() - kLongest);
  if (!found || found->at_ms < oldest_ms) return false;
  const std::string_view name = key.substr(0, slash);
  const size_t place = Book::place_of(found->entry.session);
  if (key != row_key(name, place)) return false;
  std::shared_ptr<Book> book = cells_.handoffs(name);
  book->put(std::move(found->entry));
  const auto [row, is_new] = rows_.try_emplace(std::string(name));
  row->second.set(place);
  if (is_new) restored_.push_back(std::move(book));
  return true;
}

void HandoffKeeper::start() {
  restored_.clear();
  timer_ = home_.make_timer([this] {
    save();
    timer_->arm(kHandoffsEvery);
  });
  timer_->arm(kHandoffsEvery);
}

void HandoffKeeper::gather(const std::string& name, Book& book, Work& work) {
  for (const Book::Change& change : book.take_changes()) {
    Places& places = rows_[name];
    std::string key = row_key(name, change.place);
    if (!change.entry->is_private) {
      places.set(change.place);
      work.changed.emplace_back(std::move(key), encode_handoff(*change.entry, work.now_ms));
    } else if (places.test(change.place)) {
      // Who was there is forgotten here, and so must be there.
      places.reset(change.place);
      work.gone.push_back(std::move(key));
    }
  }
}

void HandoffKeeper::save() {
  Work work{.gone = std::exchange(stale_, {}), .now_ms = absl::ToUnixMillis(home_.clock().now())};
  StringSet used;
  cells_.each_handoffs([&](const std::string& name, Book& book) {
    used.insert(name);
    gather(name, book, work);
  });
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (used.contains(row->first)) {
      ++row;
      continue;
    }
    for (size_t place = 0; place < Book::kPlaces; ++place)
      if (row->second.test(place)) work.gone.push_back(row_key(row->first, place));
    row = rows_.erase(row);
  }
  if (work.gone.empty() && work.changed.empty()) return;
  store_.write([work = std::move(work)](Update& update) {
    for (const std::string& key : work.gone) OMNI_RETURN_IF_ERROR(update.erase(kHandoffTable, key));
    for (const auto& [key, value] : work.changed)
      OMNI_RETURN_IF_ERROR(update.put(kHandoffTable, key, value));
    return absl::OkStatus();
  });
}

}  // namespace omni
