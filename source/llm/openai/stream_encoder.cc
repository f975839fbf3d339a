#include <fmt/format.h>

#include <utility>

#include "source/base/format.h"
#include "source/json/builder.h"
#include "source/json/writer.h"
#include "source/llm/openai/answer_encoder.h"
#include "source/llm/openai/answer_words.h"
#include "source/llm/parts.h"

namespace omni::llm::openai {

ChatStreamEncoder::ChatStreamEncoder(const AnswerOptions& options)
    : include_usage_(options.include_usage),
      model_(options.model),
      fallback_id_(options.fallback_id),
      now_(options.now) {}

ChatStreamEncoder::Choice& ChatStreamEncoder::choice(int index) {
  while (choices_.size() <= static_cast<size_t>(index)) choices_.emplace_back();
  return choices_[static_cast<size_t>(index)];
}

void ChatStreamEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      return start(event);
    case Event::Kind::kPartBegan:
      return began(event, out);
    case Event::Kind::kDelta:
      return delta(event, out);
    case Event::Kind::kSignature:
      return signature(event, out);
    case Event::Kind::kLogprobs:
      return logprobs(event, out);
    case Event::Kind::kStopped:
      open(event.choice, out);
      return close(finish_reason(event.stop), out);
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      if (include_usage_ && usage_.is_known()) usage(out);
      out += "data: [DONE]\n\n";
      return;
    case Event::Kind::kFailed:
      out += render_stream_error(Dialect::kOpenai, *event.error);
      return;
    default:
      return;
  }
}

void ChatStreamEncoder::start(const Event& event) {
  prefix_ = "data: ";
  json::Builder json(prefix_);
  json.object().text("id", answer_id(event.id.inside(), fallback_id_));
  json.string("object", "chat.completion.chunk");
  json.number("created", event.created_at > 0 ? event.created_at : now_);
  if (event.model.is_given()) {
    json.text("model", event.model.inside());
  } else {
    json.string("model", model_);
  }
}

void ChatStreamEncoder::open(int index, std::string& out) {
  out += prefix_;
  out += R"(,"choices":[{"index":)";
  append_format(out, "{}", index);
  out += R"(,"delta":{)";
}

void ChatStreamEncoder::close(std::string_view finish, std::string& out) {
  if (finish.empty()) {
    out += "},\"finish_reason\":null}]}\n\n";
    return;
  }
  out += "},\"finish_reason\":\"";
  out += finish;
  out += "\"}]}\n\n";
}

void ChatStreamEncoder::began(const Event& event, std::string& out) {
  Choice& in = choice(event.choice);
  if (!std::exchange(in.has_begun, true)) {
    open(event.choice, out);
    out += R"("role":"assistant","content":)";
    out += event.part_kind == PartKind::kToolCall ? "null" : "\"\"";
    close({}, out);
  }
  if (event.part_kind == PartKind::kReasoning) in.thought.clear();
  if (event.part_kind == PartKind::kToolCall) {
    in.is_custom = event.is_custom;
    open(event.choice, out);
    out += fmt::format(R"("tool_calls":[{{"index":{},)", in.tool_calls++);
    std::string call;
    append_call_begin(call, event);
    out.append(call, 1);
    out += "\"}";
    append_extra_content(out, event.signature);
    out += "}]";
    close({}, out);
  } else if (event.part_kind == PartKind::kImage && event.media != nullptr) {
    open(event.choice, out);
    out += R"("images":[{"type":"image_url","image_url":{"url":")";
    append_media_url(out, *event.media);
    out += "\"}}]";
    close({}, out);
  }
}

void ChatStreamEncoder::delta(const Event& event, std::string& out) {
  open(event.choice, out);
  Choice& in = choice(event.choice);
  switch (event.part_kind) {
    case PartKind::kReasoning:
      in.thought += event.text.inside();
      out += R"("reasoning_content":")";
      break;
    case PartKind::kRefusal:
      out += R"("refusal":")";
      break;
    case PartKind::kToolCall:
      append_format(out, R"("tool_calls":[{{"index":{},"{}":{{"{}":")", in.tool_calls - 1,
                    in.is_custom ? "custom" : "function", in.is_custom ? "input" : "arguments");
      break;
    default:
      out += R"("content":")";
  }
  out += event.text.inside();
  out += event.part_kind == PartKind::kToolCall ? "\"}}]" : "\"";
  close({}, out);
}

void ChatStreamEncoder::signature(const Event& event, std::string& out) {
  if (event.part_kind != PartKind::kReasoning) return;
  Choice& in = choice(event.choice);
  open(event.choice, out);
  out += R"("reasoning_details":[)";
  append_detail(out, event, in.thought, in.thoughts++);
  out += "]";
  close({}, out);
}

// Behind the text that they are of, which was not held back for them.
void ChatStreamEncoder::logprobs(const Event& event, std::string& out) {
  open(event.choice, out);
  out += R"(},"logprobs":)";
  out += event.raw;
  out += ",\"finish_reason\":null}]}\n\n";
}

void ChatStreamEncoder::usage(std::string& out) {
  if (prefix_.empty()) start({});  // Nothing but the count was said.
  out += prefix_;
  out += R"(,"choices":[],"usage":)";
  append_usage(out, usage_);
  out += "}\n\n";
}

}  // namespace omni::llm::openai
