#include "source/llm/anthropic/answer_encoder.h"

#include "source/json/builder.h"
#include "source/json/valid.h"
#include "source/llm/anthropic/answer_words.h"
#include "source/llm/parts.h"
#include "source/llm/signature.h"

namespace omni::llm::anthropic {

MessagesEncoder::MessagesEncoder(const AnswerOptions& options)
    : model_(options.model), fallback_id_(options.fallback_id) {}

void MessagesEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      id_ = event.id.inside();
      said_model_ = event.model.inside();
      return;
    case Event::Kind::kPartBegan:
      return began(event);
    case Event::Kind::kDelta:
      text_ += event.text.inside();
      return;
    case Event::Kind::kSignature:
      return signature(event);
    case Event::Kind::kCitations:
      if (event.origin != Dialect::kAnthropic) return;
      if (!citations_.empty()) citations_ += ',';
      citations_ += event.raw;
      return;
    case Event::Kind::kPartEnded:
      return ended(event);
    case Event::Kind::kStopped:
      stop_ = event.stop;
      stop_sequence_ = event.stop_sequence.inside();
      return;
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      return write(out);
    default:
      return;
  }
}

void MessagesEncoder::comma() {
  if (!content_.empty()) content_ += ',';
}

void MessagesEncoder::began(const Event& event) {
  text_.clear();
  proof_.clear();
  citations_.clear();
  call_.clear();
  if (event.part_kind != PartKind::kToolCall) return;
  if (event.signature.value.is_given()) {
    comma();
    content_ += proof_block(event);
  }
  json::Builder json(call_);
  json.object().string("type", "tool_use").text("id", event.id.inside());
  json.text("name", event.name.inside()).key("input");
}

void MessagesEncoder::signature(const Event& event) {
  if (event.part_kind != PartKind::kReasoning) return;
  if (event.redacted.value.is_given()) {
    comma();
    content_ += proof_block(event);
  } else {
    put_signature(proof_, Dialect::kAnthropic, event.signature);
  }
}

void MessagesEncoder::ended(const Event& event) {
  json::Builder json(content_);
  switch (event.part_kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      if (text_.empty()) return;
      comma();
      json.object().string("type", "text").text("text", text_);
      if (!citations_.empty()) json.array("citations").item(citations_).end_array();
      json.end_object();
      return;
    case PartKind::kReasoning:
      if (text_.empty() && proof_.empty()) return;
      comma();
      json.object().string("type", "thinking").text("thinking", text_);
      json.text("signature", proof_).end_object();
      return;
    case PartKind::kToolCall: {
      comma();
      content_ += call_;
      Part call{.kind = PartKind::kToolCall};
      call.arguments_text = Text(text_);
      append_arguments_object(content_, call);
      content_ += '}';
      return;
    }
    default:
      return;
  }
}

void MessagesEncoder::write(std::string& out) {
  json::Builder json(out);
  json.object().text("id", message_id(id_, fallback_id_)).string("type", "message");
  json.string("role", "assistant");
  if (said_model_.empty()) {
    json.string("model", model_);
  } else {
    json.text("model", said_model_);
  }
  json.array("content").item(content_);
  json.end_array();
  out += ',';
  append_stop(out, stop_, stop_sequence_);
  out += R"(,"usage":)";
  append_usage(out, usage_);
  out += '}';
}

}  // namespace omni::llm::anthropic
