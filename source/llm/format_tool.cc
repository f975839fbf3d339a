#include "source/llm/format_tool.h"

namespace omni::llm {

void FormatTool::put(const Event& event, Emit emit) {
  if (name_.empty()) return emit(event);
  Event changed = event;
  switch (event.kind) {
    case Event::Kind::kPartBegan:
      if (event.part_kind != PartKind::kToolCall) break;
      is_open_ = event.name.is(name_);
      has_answer_ |= is_open_;
      has_other_calls_ |= !is_open_;
      if (is_open_) changed.part_kind = PartKind::kText;
      break;
    case Event::Kind::kDelta:
    case Event::Kind::kPartEnded:
      if (is_open_) changed.part_kind = PartKind::kText;
      if (event.kind == Event::Kind::kPartEnded) is_open_ = false;
      break;
    case Event::Kind::kStopped:
      if (has_answer_ && !has_other_calls_ && event.stop == StopReason::kToolCalls)
        changed.stop = StopReason::kEnd;
      break;
    default:
      break;
  }
  emit(changed);
}

}  // namespace omni::llm
