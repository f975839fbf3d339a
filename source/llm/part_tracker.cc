#include "source/llm/part_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "source/base/status.h"
#include "source/json/escapes.h"
#include "source/json/skim.h"
#include "source/json/valid.h"

namespace omni::llm {
namespace {

// A choice index beyond this is nonsense; it must not make us keep a row of empty choices.
constexpr int kMaxChoices = 1024;

Event event_of(Event::Kind kind, int choice) {
  Event event;
  event.kind = kind;
  event.choice = choice;
  return event;
}

}  // namespace

void PartTracker::start(const Event& started, Emit emit) {
  if (std::exchange(has_started_, true)) return;
  emit(started);
}

PartTracker::Choice& PartTracker::choice(int index, Emit emit) {
  start(event_of(Event::Kind::kStarted, 0), emit);
  const auto at = static_cast<size_t>(std::clamp(index, 0, kMaxChoices - 1));
  while (choices_.size() <= at) choices_.emplace_back();
  return choices_[at];
}

const PartTracker::Choice* PartTracker::find_choice(int index) const {
  const auto at = static_cast<size_t>(index);
  return index >= 0 && at < choices_.size() ? &choices_[at] : nullptr;
}

absl::Status PartTracker::text(int index, PartKind kind, Text delta, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.pieces.empty() || in.pieces.back().kind != kind || in.pieces.back().is_ended)
    OMNI_RETURN_IF_ERROR(begin(index, kind, emit));
  return add(index, in, in.pieces.back(), delta.inside(), emit);
}

absl::Status PartTracker::begin(int index, PartKind kind, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.is_stopped) return invalid("content after the finish reason");
  in.pieces.emplace_back().kind = kind;
  advance(index, in, false, emit);
  return absl::OkStatus();
}

absl::Status PartTracker::note(int index, PartKind kind, const Event& note, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.pieces.empty() || in.pieces.back().kind != kind || in.pieces.back().is_ended)
    OMNI_RETURN_IF_ERROR(begin(index, kind, emit));
  // A note of a part that waits for a broken neighbour is not worth keeping.
  if (!in.pieces.back().is_told) return absl::OkStatus();
  Event told = note;
  told.choice = index;
  told.part_kind = kind;
  emit(told);
  return absl::OkStatus();
}

absl::Status PartTracker::whole(int index, const Event& part, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.is_stopped) return invalid("content after the finish reason");
  advance(index, in, true, emit);
  Event told = part;
  told.kind = Event::Kind::kPartBegan;
  told.choice = index;
  emit(told);
  told = event_of(Event::Kind::kPartEnded, index);
  told.part_kind = part.part_kind;
  emit(told);
  return absl::OkStatus();
}

void PartTracker::expect_free_text(const Request* request) {
  if (request == nullptr) return;
  for (const Tool& tool : request->tools)
    if (tool.kind == Tool::Kind::kCustom) free_text_.emplace(tool.name.inside());
}

PartTracker::Piece& PartTracker::piece_of(Choice& in, const ToolCall& said) {
  const auto is_other_id = [&](const Piece& piece) {
    return said.id.is_given() && !said.id.is_empty() && !piece.id.empty() &&
           piece.id != said.id.inside();
  };
  for (auto piece = in.pieces.rbegin(); piece != in.pieces.rend(); ++piece) {
    if (piece->kind != PartKind::kToolCall) continue;
    if (said.key >= 0 ? piece->key != said.key : is_other_id(*piece)) continue;
    // Another id under the same key is another call; so is a name where the call is complete.
    if (is_other_id(*piece)) break;
    return *piece;
  }
  Piece& made = in.pieces.emplace_back();
  made.kind = PartKind::kToolCall;
  made.key = said.key;
  made.is_custom = said.is_custom;
  in.has_tool_calls = true;
  return made;
}

absl::Status PartTracker::tool_call(int index, const ToolCall& said, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.is_stopped) return invalid("content after the finish reason");
  if (in.pieces.size() > kMaxToolCalls) return invalid("too many tool calls");
  Piece& piece = piece_of(in, said);
  if (piece.id.empty() && said.id.is_given()) piece.id = said.id.inside();
  if (piece.name.empty() && said.name.is_given())
    piece.name = names_.client_name(said.name).inside();
  if (said.signature.value.is_given() && !piece.is_told) {
    piece.signature = said.signature.value.inside();
    piece.signature_origin = said.signature.origin;
  }
  if (!piece.is_told && !piece.is_custom && free_text_.contains(piece.name))
    piece.is_custom = piece.is_wrapped = true;
  return add(index, in, piece, said.fragment.inside(), emit);
}

void PartTracker::note_progress(Piece& piece, std::string_view inside) {
  if (piece.kind != PartKind::kToolCall || (piece.is_custom && !piece.is_wrapped)) return;
  if (inside.find('\\') == std::string_view::npos ||
      !json::unescape(inside, scratch_, json::Surrogates::kAny))
    return piece.progress.feed(inside);
  piece.progress.feed(scratch_);
}

absl::Status PartTracker::add(int index, Choice& in, Piece& piece, std::string_view inside,
                              Emit emit) {
  note_progress(piece, inside);
  if (piece.is_ended) {
    if (inside.find_first_not_of(" \t\r\n") == std::string_view::npos) return absl::OkStatus();
    return invalid("more arguments for a tool call that was complete");
  }
  if (!piece.is_told || piece.is_wrapped) {
    waiting_bytes_ += inside.size();
    if (waiting_bytes_ > kMaxWaiting) return invalid("too many fragments of tool calls are mixed");
    piece.waiting += inside;
    advance(index, in, false, emit);
    return absl::OkStatus();
  }
  if (inside.empty()) return absl::OkStatus();
  Event delta = event_of(Event::Kind::kDelta, index);
  delta.part_kind = piece.kind;
  delta.text = Text(inside);
  emit(delta);
  return absl::OkStatus();
}

void PartTracker::tell(int index, Piece& piece, Emit emit) {
  piece.is_told = true;
  if (piece.kind == PartKind::kToolCall && piece.id.empty())
    piece.id = fmt::format("call_{}{}", id_seed_, ++made_ids_);
  Event began = event_of(Event::Kind::kPartBegan, index);
  began.part_kind = piece.kind;
  began.id = Text(piece.id);
  began.name = Text(piece.name);
  began.is_custom = piece.is_custom;
  if (!piece.signature.empty()) began.signature = {Text(piece.signature), piece.signature_origin};
  emit(began);
  if (piece.waiting.empty() || piece.is_wrapped) return;
  Event delta = event_of(Event::Kind::kDelta, index);
  delta.part_kind = piece.kind;
  delta.text = Text(piece.waiting);
  emit(delta);
  waiting_bytes_ -= piece.waiting.size();
  piece.waiting = {};
}

void PartTracker::unwrap(int index, Piece& piece, Emit emit) {
  Event delta = event_of(Event::Kind::kDelta, index);
  delta.part_kind = piece.kind;
  delta.text = Text(piece.waiting);
  // Models that write something else than the one text are quoted.
  const bool is_json = json::unescape(piece.waiting, scratch_) && json::is_valid(scratch_);
  if (is_json && scratch_.front() == '{') {
    json::Skimmer skimmer(scratch_, json::Kind::kObject);
    for (json::Skimmed member; skimmer.next(member);)
      if (member.key == "input" && member.kind == json::Kind::kString)
        delta.text = Text(member.inside());
  }
  if (!delta.text.is_empty()) emit(delta);
  waiting_bytes_ -= piece.waiting.size();
  piece.waiting = {};
}

void PartTracker::end(int index, Piece& piece, Emit emit) {
  piece.is_ended = true;
  if (piece.is_wrapped) unwrap(index, piece, emit);
  Event ended = event_of(Event::Kind::kPartEnded, index);
  ended.part_kind = piece.kind;
  emit(ended);
}

void PartTracker::advance(int index, Choice& in, bool is_last_call, Emit emit) {
  for (size_t i = 0; i < in.pieces.size();) {
    Piece& piece = in.pieces[i];
    const bool is_call = piece.kind == PartKind::kToolCall;
    const bool is_followed = i + 1 < in.pieces.size();
    if (!piece.is_ended) {
      if (!piece.is_told && is_call && piece.name.empty()) return;
      if (!piece.is_told) tell(index, piece, emit);
      const bool is_complete =
          !is_call || (piece.is_custom && !piece.is_wrapped) || piece.progress.is_whole();
      if (!is_last_call && !(is_followed && is_complete)) return;
      end(index, piece, emit);
    }
    // Tool calls are remembered, for fragments that come late; texts are not.
    if (is_call || !is_followed) {
      ++i;
    } else {
      in.pieces.erase(in.pieces.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void PartTracker::end_part(int index, Emit emit) {
  Choice& in = choice(index, emit);
  if (in.pieces.empty() || in.pieces.back().is_ended || !in.pieces.back().is_told) return;
  end(index, in.pieces.back(), emit);
}

absl::Status PartTracker::stop(int index, StopReason reason, Text stop_sequence, Emit emit) {
  Choice& in = choice(index, emit);
  if (std::exchange(in.is_stopped, true)) return absl::OkStatus();
  advance(index, in, true, emit);
  for (const Piece& piece : in.pieces)
    if (!piece.is_told) return invalid("a tool call without a name");
  in.pieces.clear();
  Event stopped = event_of(Event::Kind::kStopped, index);
  // A call is what a client must act upon, whatever word the upstream ended with.
  stopped.stop = reason == StopReason::kEnd && in.has_tool_calls ? StopReason::kToolCalls : reason;
  stopped.stop_sequence = stop_sequence;
  emit(stopped);
  return absl::OkStatus();
}

bool PartTracker::has_stopped(int index) const {
  const Choice* found = find_choice(index);
  return found != nullptr && found->is_stopped;
}

bool PartTracker::is_stopped(int choices) const {
  return static_cast<int>(choices_.size()) >= std::max(1, choices) &&
         std::all_of(choices_.begin(), choices_.end(),
                     [](const Choice& choice) { return choice.is_stopped; });
}

}  // namespace omni::llm
