#include "source/llm/responses/stream_event.h"

#include <algorithm>

#include "source/base/status.h"

namespace omni::llm::responses {
namespace {

using json::Kind;
using json::Skimmed;

void take_index(const Skimmed& value, int64_t& out) {
  if (value.kind == Kind::kNumber) out = std::max<int64_t>(-1, value.integer().value_or(-1));
}

}  // namespace

absl::Status StreamEvent::read(std::string_view event_type, std::string_view data) {
  type = event_type;
  json::Skimmer skimmer(data, Kind::kObject);
  Skimmed value;
  while (skimmer.next(value)) {
    const std::string_view key = value.key;
    if (key == "type") {
      if (value.kind == Kind::kString) type = value.inside();
    } else if (key == "sequence_number") {
      take_index(value, sequence);
    } else if (key == "output_index") {
      take_index(value, output);
    } else if (key == "content_index" || key == "summary_index") {
      take_index(value, part);
    } else if (key == "delta") {
      OMNI_RETURN_IF_ERROR(take_text(value, delta));
    } else if (key == "text" || key == "arguments" || key == "input" || key == "refusal") {
      OMNI_RETURN_IF_ERROR(take_text(value, full));
    } else if (value.kind == Kind::kArray) {
      if (key == "logprobs") logprobs = value;
    } else if (value.kind == Kind::kObject) {
      if (key == "response") response = value;
      if (key == "item") item = value;
      if (key == "part") added_part = value;
      if (key == "annotation") annotation = value;
      if (key == "error") error = value;
    }
  }
  return skimmer.status();
}

}  // namespace omni::llm::responses
