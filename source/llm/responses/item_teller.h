// The items of an answer into events, each piece once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "source/llm/part_tracker.h"
#include "source/llm/responses/stream_event.h"

namespace omni::llm::responses {

// Servers say things twice: fragments, the .done event of their part, the finished item and the
// finished response repeat each other, and some servers leave out the earlier ones. What was told
// by one of them is not told by the next. Items are known by their output index.
class ItemTeller {
 public:
  explicit ItemTeller(std::string_view id_seed) : tracker_(id_seed) {}

  PartTracker& tracker() { return tracker_; }
  // Something a client would see.
  bool has_told() const { return has_told_; }
  // It began and has not ended.
  bool is_open(int64_t index) const {
    const auto item = items_.find(index);
    return item != items_.end() && !item->second.is_done;
  }
  // The index that an event without one means: of the last item, or of the next.
  int64_t last_index() const { return items_.empty() ? 0 : items_.rbegin()->first; }
  int64_t next_index() const { return items_.empty() ? 0 : items_.rbegin()->first + 1; }

  // What of a part arrives: a fragment, or `is_full` all of it.
  struct Piece {
    int64_t index = 0, part = 0;
    Text text;
    bool is_full = false;
  };
  absl::Status text(const Piece& piece, PartKind kind, Emit emit);
  // A summary of thoughts, or the thoughts themselves: the first of both that comes.
  absl::Status thought(const Piece& piece, bool is_summary, Emit emit);
  absl::Status arguments(const Piece& piece, bool is_custom, Emit emit);
  absl::Status citation(int64_t index, const json::Skimmed& value, Emit emit);
  absl::Status logprobs(const json::Skimmed& row, Emit emit);

  // An item as it begins, and as it is finished.
  absl::Status begin(int64_t index, const json::Skimmed& item, Emit emit);
  absl::Status end(int64_t index, const json::Skimmed& item, Emit emit);

 private:
  struct Item {
    int64_t told_part = -1;  // The last part of which something was told.
    bool is_done = false, has_summary = false, has_citations = false;
  };
  // What an item says, which may stand in any order.
  struct Members;

  absl::Status find(int64_t index, Item*& out);
  static absl::Status read(const json::Skimmed& value, Members& out);
  absl::Status call(int64_t index, const Members& item, Text fragment, Emit emit);
  absl::Status end_message(int64_t index, Item& item, const json::Skimmed& content, Emit emit);
  absl::Status end_part(int64_t index, Item& item, int64_t part, const json::Skimmed& value,
                        Emit emit);
  absl::Status end_call(int64_t index, const Item& item, const Members& said, Emit emit);
  absl::Status end_reasoning(int64_t index, const Item& item, const Members& said, Emit emit);
  absl::Status end_hosted(const Members& said, const json::Skimmed& whole, Emit emit);
  absl::Status thoughts(int64_t index, const json::Skimmed& row, bool is_summary, Emit emit);

  PartTracker tracker_;
  std::map<int64_t, Item> items_;
  int64_t open_item_ = -1;  // Which one the last told part is of.
  bool has_told_ = false;
  std::string scratch_;
};

}  // namespace omni::llm::responses
