#include "source/llm/ollama/answer_decoder.h"

#include <absl/time/time.h>

#include <algorithm>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/json/each.h"
#include "source/json/valid.h"
#include "source/llm/logprobs.h"

namespace omni::llm::ollama {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

int64_t seconds_of(const Skimmed& value) {
  absl::Time time;
  std::string error;
  if (value.kind != Kind::kString) return 0;
  if (!absl::ParseTime(absl::RFC3339_full, std::string(value.inside()), &time, &error)) return 0;
  return std::max<int64_t>(0, absl::ToUnixSeconds(time));
}

int64_t count_of(const Skimmed& value) {
  return value.kind == Kind::kNumber ? std::max<int64_t>(-1, value.integer().value_or(-1)) : -1;
}

}  // namespace

// The members of one line, which may stand in any order.
struct ChatDecoder::Line {
  Event started;
  std::optional<Skimmed> message, reason;
  std::optional<Skimmed> response, thinking;  // Of /api/generate, which has no message.
  std::optional<Skimmed> logprobs;
  bool has_error = false, has_usage = false, is_done = false;
};

ChatDecoder::ChatDecoder(const DecoderOptions& options) : tracker_(options.id_seed) {
  if (options.request == nullptr) return;
  for (const Tool& tool : options.request->tools)
    if (tool.kind == Tool::Kind::kCustom) custom_.emplace(tool.name.inside());
}

absl::Status ChatDecoder::read(std::string_view data, Line& line) {
  line.started.kind = Event::Kind::kStarted;
  json::Skimmer skimmer(data, Kind::kObject);
  for (Skimmed value; skimmer.next(value);) {
    const std::string_view key = value.key;
    if (key == "message" && value.kind == Kind::kObject) {
      line.message = value;
    } else if (key == "response") {
      line.response = value;
    } else if (key == "thinking") {
      line.thinking = value;
    } else if (key == "logprobs" && value.kind == Kind::kArray) {
      line.logprobs = value;
    } else if (key == "model") {
      OMNI_RETURN_IF_ERROR(take_text(value, line.started.model));
    } else if (key == "created_at") {
      line.started.created_at = seconds_of(value);
    } else if (key == "done") {
      line.is_done = value.is_true();
    } else if (key == "done_reason" && value.kind == Kind::kString) {
      line.reason = value;
    } else if (key == "prompt_eval_count") {
      line.has_usage = true;
      usage_.input = count_of(value);
    } else if (key == "eval_count") {
      line.has_usage = true;
      usage_.output = count_of(value);
    } else if (key == "error" && value.kind != Kind::kNull) {
      line.has_error = true;
    }
  }
  return skimmer.status();
}

absl::Status ChatDecoder::event(const sse::Event& event, Emit emit) {
  if (!event.has_data || is_over_) return absl::OkStatus();
  Line line;
  OMNI_RETURN_IF_ERROR(read(event.data, line));
  if (!line.has_error) return tell(line, emit);
  is_over_ = true;
  const Error error = parse_error(502, event.data);
  Event failed;
  failed.kind = Event::Kind::kFailed;
  failed.error = &error;
  emit(failed);
  return absl::OkStatus();
}

absl::Status ChatDecoder::whole(std::string_view body, Emit emit) {
  Line line;
  OMNI_RETURN_IF_ERROR(read(body, line));
  if (line.has_error) return failed("the answer is an error object");
  if (!line.message && !line.response) return failed("the answer has no message");
  if (!line.is_done) return failed("the answer is not done");
  return tell(line, emit);
}

absl::Status ChatDecoder::tell(const Line& line, Emit emit) {
  if (line.message || line.response || line.is_done) tracker_.start(line.started, emit);
  if (line.message) OMNI_RETURN_IF_ERROR(message(*line.message, emit));
  if (line.thinking) OMNI_RETURN_IF_ERROR(text(PartKind::kReasoning, *line.thinking, emit));
  if (line.response) OMNI_RETURN_IF_ERROR(text(PartKind::kText, *line.response, emit));
  if (line.logprobs) OMNI_RETURN_IF_ERROR(logprobs(*line.logprobs, emit));
  if (line.has_usage && usage_.is_known()) {
    Event usage;
    usage.kind = Event::Kind::kUsage;
    usage.usage = &usage_;
    emit(usage);
  }
  if (!line.is_done) return absl::OkStatus();
  return end(line.reason ? line.reason->inside() : std::string_view(), emit);
}

// Thinking comes before the text that it led to, and calls behind both, whatever the members'
// order.
absl::Status ChatDecoder::message(const Skimmed& value, Emit emit) {
  std::optional<Skimmed> thinking, content, images, calls;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
    if (member.key == "thinking") thinking = member;
    if (member.key == "content") content = member;
    if (member.key == "images" && member.kind == Kind::kArray) images = member;
    if (member.key == "tool_calls" && member.kind == Kind::kArray) calls = member;
    return absl::OkStatus();
  }));
  if (thinking) OMNI_RETURN_IF_ERROR(text(PartKind::kReasoning, *thinking, emit));
  if (content) OMNI_RETURN_IF_ERROR(text(PartKind::kText, *content, emit));
  if (images)
    OMNI_RETURN_IF_ERROR(each(*images, [&](const Skimmed& item) { return image(item, emit); }));
  if (!calls) return absl::OkStatus();
  return each(*calls, [&](const Skimmed& item) { return call(item, emit); });
}

absl::Status ChatDecoder::text(PartKind kind, const Skimmed& value, Emit emit) {
  Text delta;
  OMNI_RETURN_IF_ERROR(take_text(value, delta));
  if (!delta.is_empty()) has_text_ = kind == PartKind::kText;
  return delta.is_empty() ? absl::OkStatus() : tracker_.text(0, kind, delta, emit);
}

// The entries are OpenAI's (docs.ollama.com/api/chat). Where no text was told there is none that
// they could be of.
absl::Status ChatDecoder::logprobs(const Skimmed& row, Emit emit) {
  if (!has_text_ || !json::is_valid(row.raw)) return absl::OkStatus();
  const std::string whole = logprobs_of(row.raw.substr(1, row.raw.size() - 2));
  Event note;
  note.kind = Event::Kind::kLogprobs;
  note.raw = whole;
  return tracker_.note(0, PartKind::kText, note, emit);
}

absl::Status ChatDecoder::image(const Skimmed& value, Emit emit) {
  Media media;
  OMNI_RETURN_IF_ERROR(take_text(value, media.data));
  if (media.data.is_empty()) return absl::OkStatus();
  media.media_type = Text("image/png");
  Event part;
  part.part_kind = PartKind::kImage;
  part.media = &media;
  return tracker_.whole(0, part, emit);
}

absl::Status ChatDecoder::call(const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  PartTracker::ToolCall told{.key = calls_++};
  std::string arguments = "{}";
  std::optional<Skimmed> object;
  const auto function = [&](const Skimmed& member) -> absl::Status {
    if (member.key == "name") return take_text(member, told.name);
    if (member.key != "arguments") return absl::OkStatus();
    if (member.kind == Kind::kString) {
      arguments = member.inside();
      Text checked;
      return Text::of(member, checked);
    }
    if (member.kind != Kind::kObject) return absl::OkStatus();
    if (!json::is_valid(member.raw)) return invalid("a tool call's arguments are broken");
    object = member;
    arguments.clear();
    append_escaped(arguments, member.raw);
    return absl::OkStatus();
  };
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "id") return take_text(member, told.id);
    if (member.key != "function" || member.kind != Kind::kObject) return absl::OkStatus();
    return each(member, function);
  }));
  has_text_ = false;
  told.fragment = Text(arguments);
  told.is_custom = custom_.contains(told.name.inside());
  if (told.is_custom && object)
    OMNI_RETURN_IF_ERROR(each(*object, [&](const Skimmed& member) {
      return member.key == "input" ? take_text(member, told.fragment) : absl::OkStatus();
    }));
  OMNI_RETURN_IF_ERROR(tracker_.tool_call(0, told, emit));
  // It came whole.
  tracker_.end_part(0, emit);
  return absl::OkStatus();
}

absl::Status ChatDecoder::end(std::string_view reason, Emit emit) {
  const StopReason stop = reason == "length" ? StopReason::kLength : StopReason::kEnd;
  OMNI_RETURN_IF_ERROR(tracker_.stop(0, stop, {}, emit));
  is_over_ = true;
  Event done;
  done.kind = Event::Kind::kDone;
  emit(done);
  return absl::OkStatus();
}

}  // namespace omni::llm::ollama
