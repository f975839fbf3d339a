#include "source/llm/ollama/answer_encoder.h"

#include <absl/time/time.h>

#include <algorithm>

#include "source/json/builder.h"
#include "source/llm/logprobs.h"
#include "source/llm/ollama/error.h"
#include "source/llm/parts.h"

namespace omni::llm::ollama {
namespace {

std::string_view done_reason(StopReason stop) {
  if (stop == StopReason::kLength) return "length";
  // Nothing in the dialect is said for it, and it is no end that a client may take for one.
  return stop == StopReason::kMalformed ? "error" : "stop";
}

void append_item(std::string& items, std::string_view item) {
  if (!items.empty()) items += ',';
  items += item;
}

}  // namespace

ChatEncoder::ChatEncoder(const AnswerOptions& options, bool is_generate)
    : is_stream_(options.stream),
      is_generate_(is_generate),
      model_(options.model),
      now_(options.now) {}

void ChatEncoder::put(const Event& event, std::string& out) {
  if (event.choice != 0) return;
  switch (event.kind) {
    case Event::Kind::kStarted:
      return start(event);
    case Event::Kind::kPartBegan:
      return began(event, out);
    case Event::Kind::kDelta:
      return delta(event, out);
    case Event::Kind::kPartEnded:
      return ended(event, out);
    case Event::Kind::kLogprobs:
      return logprobs(event, out);
    case Event::Kind::kStopped:
      stop_ = event.stop;
      return;
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      return end(out);
    case Event::Kind::kFailed:
      if (!is_stream_) return;
      out += render_error(*event.error);
      out += '\n';
      return;
    default:
      return;
  }
}

void ChatEncoder::start(const Event& event) {
  std::string object;
  json::Builder json(object);
  json.object();
  if (event.model.is_given()) {
    json.text("model", event.model.inside());
  } else {
    json.string("model", model_);
  }
  const absl::Time created = absl::FromUnixSeconds(event.created_at > 0 ? event.created_at : now_);
  json.string("created_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", created, absl::UTCTimeZone()));
  names_ = object;
}

void ChatEncoder::began(const Event& event, std::string& out) {
  if (event.part_kind == PartKind::kToolCall) {
    id_ = event.id.inside();
    name_ = event.name.inside();
    is_custom_ = event.is_custom;
    arguments_.clear();
  } else if (event.part_kind == PartKind::kImage && event.media != nullptr &&
             event.media->data.is_given()) {
    std::string image = "\"";
    image += event.media->data.inside();
    image += '"';
    if (!is_stream_) return append_item(images_, image);
    line({}, R"("images":[)" + image + "]", out);
  }
}

void ChatEncoder::delta(const Event& event, std::string& out) {
  const std::string_view text = event.text.inside();
  if (event.part_kind == PartKind::kToolCall) {
    arguments_ += text;
  } else if (event.part_kind == PartKind::kReasoning) {
    thinking_ += text;
    if (!is_stream_) return;
    std::string thinking;
    json::Builder json(thinking);
    json.text("thinking", std::exchange(thinking_, {}));
    line({}, thinking, out);
  } else if (is_stream_) {
    line(text, {}, out);
  } else {
    content_ += text;
  }
}

void ChatEncoder::ended(const Event& event, std::string& out) {
  if (event.part_kind != PartKind::kToolCall) return;
  Part part{.kind = PartKind::kToolCall};
  part.arguments_text = Text(arguments_);
  part.is_custom = is_custom_;
  std::string arguments, call;
  append_arguments_object(arguments, part);
  json::Builder json(call);
  json.object().text("id", id_).object("function").number("index", call_index_++);
  json.text("name", name_).member("arguments", arguments).end_object().end_object();
  if (!is_stream_) return append_item(calls_, call);
  line({}, R"("tool_calls":[)" + call + "]", out);
}

void ChatEncoder::open(std::string_view content, std::string_view more, std::string& out) {
  out += names_;
  out += is_generate_ ? R"(,"response":")" : R"(,"message":{"role":"assistant","content":")";
  out += content;
  out += '"';
  if (!more.empty()) {
    out += ',';
    out += more;
  }
  out += is_generate_ ? R"(,"done":)" : R"(},"done":)";
}

void ChatEncoder::line(std::string_view content, std::string_view more, std::string& out) {
  open(content, more, out);
  out += "false}\n";
}

// A line of a stream has those of its own text; here they follow it.
void ChatEncoder::logprobs(const Event& event, std::string& out) {
  append_logprob_entries(logprobs_, event.raw);
  if (!is_stream_ || logprobs_.empty()) return;
  open({}, {}, out);
  out += R"(false,"logprobs":[)";
  out += std::exchange(logprobs_, {});
  out += "]}\n";
}

void ChatEncoder::end(std::string& out) {
  std::string more;
  json::Builder json(more);
  if (!thinking_.empty()) json.text("thinking", thinking_);
  if (!images_.empty()) json.array("images").item(images_).end_array();
  if (!calls_.empty()) json.array("tool_calls").item(calls_).end_array();
  open(content_, more, out);
  out += R"(true,"done_reason":")";
  out += done_reason(stop_);
  out += '"';
  if (!logprobs_.empty()) {
    out += R"(,"logprobs":[)";
    out += logprobs_;
    out += ']';
  }
  append_counts(out);
  out += '}';
  if (is_stream_) out += '\n';
}

// How long it took is the upstream's knowledge, which other dialects do not share.
void ChatEncoder::append_counts(std::string& out) const {
  std::string counts;
  json::Builder json(counts);
  json.object().number("total_duration", 0).number("load_duration", 0);
  json.number("prompt_eval_count", std::max<int64_t>(0, usage_.input));
  json.number("prompt_eval_duration", 0);
  json.number("eval_count", std::max<int64_t>(0, usage_.output)).number("eval_duration", 0);
  json.end_object();
  counts[0] = ',';
  counts.pop_back();
  out += counts;
}

}  // namespace omni::llm::ollama
