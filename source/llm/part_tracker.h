// Brings the pieces of an answer into the order that every encoder may rely on: one part at a time.
#pragma once

#include <absl/status/status.h>

#include <deque>
#include <string>
#include <string_view>

#include "source/base/strings.h"
#include "source/llm/event.h"
#include "source/llm/tool_names.h"

namespace omni::llm {

// For one answer. Upstreams begin a part without ending the one before, mix the fragments of two
// tool calls and name a call late: a part that may not be told yet waits until it may.
class PartTracker {
 public:
  // What waits may hold this much.
  static constexpr size_t kMaxWaiting = 8 * 1024 * 1024;
  // So many tool calls no answer has; each is remembered to the end.
  static constexpr size_t kMaxToolCalls = 1024;

  // Ids that the upstream does not give are made from `id_seed`.
  explicit PartTracker(std::string_view id_seed) : id_seed_(id_seed) {}

  // Tools of `request` that take free text (Tool::Kind::kCustom) were shown to the upstream as
  // functions with one text, `input`: their calls come back as the client knows them, once the
  // arguments are complete. Null: none were.
  void expect_free_text(const Request* request);
  // Names of tools that `rule` does not take were changed on the way there: calls come back under
  // the client's own. Null: none were.
  void expect_renamed(const Request* request, const NameRule& rule) { names_ = {request, rule}; }

  // Once; later ones are ignored. Where a part comes first it starts the answer, unnamed.
  void start(const Event& started, Emit emit);

  // More text of `kind` (kText, kRefusal, kReasoning): goes on with the last part when it is of
  // that kind, or begins one.
  absl::Status text(int choice, PartKind kind, Text delta, Emit emit);
  // Begins a part of `kind` even where one of its kind is open: for dialects that tell where parts
  // begin.
  absl::Status begin(int choice, PartKind kind, Emit emit);
  // kSignature, kCitations, kLogprobs of the last part; one of `kind` is begun where none is open.
  absl::Status note(int choice, PartKind kind, const Event& note, Emit emit);
  // A part that comes whole, kOpaque or kImage: `part` is its kPartBegan.
  absl::Status whole(int choice, const Event& part, Emit emit);

  // A tool call that the upstream knows by `key`; -1: by its id, or it is the last one. Id and name
  // may come later, and again.
  struct ToolCall {
    int64_t key = -1;
    Text id, name, fragment;
    Signature signature;
    bool is_custom = false;
  };
  absl::Status tool_call(int choice, const ToolCall& said, Emit emit);

  // The last part is complete, whatever comes.
  void end_part(int choice, Emit emit);
  // Ends what is open, tells what waited, then kStopped; an ordinary end behind tool calls is
  // kToolCalls. Not OK: a tool call was never named.
  absl::Status stop(int choice, StopReason reason, Text stop_sequence, Emit emit);
  // How many choices began.
  int choices() const { return static_cast<int>(choices_.size()); }
  bool has_stopped(int choice) const;
  // At least `choices` began, and all that began have stopped.
  bool is_stopped(int choices) const;

 private:
  struct Piece {
    PartKind kind = PartKind::kText;
    int64_t key = -1;
    std::string id, name, waiting, signature;
    Dialect signature_origin = Dialect::kOpenai;
    JsonProgress progress;
    bool is_custom = false, is_told = false, is_ended = false;
    bool is_wrapped = false;  // The text is inside an object, which `waiting` gathers.
  };
  struct Choice {
    std::deque<Piece> pieces;  // Ended texts are forgotten.
    bool is_stopped = false, has_tool_calls = false;
  };

  Choice& choice(int index, Emit emit);
  const Choice* find_choice(int index) const;
  Piece& piece_of(Choice& in, const ToolCall& said);
  absl::Status add(int index, Choice& in, Piece& piece, std::string_view inside, Emit emit);
  // Tells what may be told: in order, each once the one before it is complete.
  void advance(int index, Choice& in, bool is_last_call, Emit emit);
  void tell(int index, Piece& piece, Emit emit);
  void end(int index, Piece& piece, Emit emit);
  void unwrap(int index, Piece& piece, Emit emit);
  void note_progress(Piece& piece, std::string_view inside);

  std::string id_seed_;
  StringSet free_text_;  // Names, as they stand between quotes.
  RenamedTools names_;
  int made_ids_ = 0;
  bool has_started_ = false;
  size_t waiting_bytes_ = 0;
  std::deque<Choice> choices_;
  std::string scratch_;
};

}  // namespace omni::llm
