#include <fmt/format.h>

#include "source/base/format.h"
#include "source/json/builder.h"
#include "source/llm/anthropic/answer_encoder.h"
#include "source/llm/anthropic/answer_words.h"
#include "source/llm/signature.h"

namespace omni::llm::anthropic {

MessagesStreamEncoder::MessagesStreamEncoder(const AnswerOptions& options)
    : model_(options.model), fallback_id_(options.fallback_id) {}

void MessagesStreamEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      return start(event, out);
    case Event::Kind::kPartBegan:
      return began(event, out);
    case Event::Kind::kDelta:
      return delta(event, out);
    case Event::Kind::kSignature:
      return signature(event, out);
    case Event::Kind::kCitations:
      if (event.origin != Dialect::kAnthropic || open_ != Open::kText) return;
      begin_delta("citations_delta", "citation", out);
      out += event.raw;
      out += "}}\n\n";
      return;
    case Event::Kind::kPartEnded:
      return close(out);
    case Event::Kind::kStopped:
      stop_ = event.stop;
      stop_sequence_ = event.stop_sequence.inside();
      return;
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      return end(out);
    case Event::Kind::kFailed:
      out += render_stream_error(Dialect::kAnthropic, *event.error);
      return;
    default:
      return;
  }
}

void MessagesStreamEncoder::start(const Event& event, std::string& out) {
  has_started_ = true;
  out += "event: message_start\ndata: ";
  json::Builder json(out);
  json.object().string("type", "message_start").object("message");
  json.text("id", message_id(event.id.inside(), fallback_id_));
  json.string("type", "message").string("role", "assistant");
  if (event.model.is_given()) {
    json.text("model", event.model.inside());
  } else {
    json.string("model", model_);
  }
  json.member("content", "[]").null("stop_reason").null("stop_sequence").key("usage");
  append_usage(out, usage_);
  out += "}}\n\n";
}

void MessagesStreamEncoder::block(std::string_view content_block, std::string& out) {
  append_format(out,
                "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":{},"
                "\"content_block\":{}}}\n\n",
                ++index_, content_block);
}

void MessagesStreamEncoder::open(Open kind, std::string& out) {
  if (open_ == kind) return;
  close(out);
  open_ = kind;
  if (kind == Open::kText) block(R"({"type":"text","text":""})", out);
  if (kind == Open::kThinking) block(R"({"type":"thinking","thinking":"","signature":""})", out);
}

void MessagesStreamEncoder::close(std::string& out) {
  if (open_ == Open::kNone) return;
  open_ = Open::kNone;
  append_format(
      out, "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{}}}\n\n",
      index_);
}

// Text and thoughts open their block with their first word: an empty one is not worth a block.
void MessagesStreamEncoder::began(const Event& event, std::string& out) {
  close(out);
  if (event.part_kind != PartKind::kToolCall) return;
  if (event.signature.value.is_given()) {
    proof(event.signature, out);
    close(out);
  }
  open_ = Open::kTool;
  std::string begin;
  json::Builder json(begin);
  json.object().string("type", "tool_use").text("id", event.id.inside());
  json.text("name", event.name.inside()).member("input", "{}").end_object();
  block(begin, out);
}

void MessagesStreamEncoder::begin_delta(std::string_view type, std::string_view field,
                                        std::string& out) {
  append_format(out,
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{},"
                "\"delta\":{{\"type\":\"{}\",\"{}\":",
                index_, type, field);
}

void MessagesStreamEncoder::delta(const Event& event, std::string& out) {
  switch (event.part_kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      open(Open::kText, out);
      begin_delta("text_delta", "text", out);
      break;
    case PartKind::kReasoning:
      open(Open::kThinking, out);
      begin_delta("thinking_delta", "thinking", out);
      break;
    case PartKind::kToolCall:
      begin_delta("input_json_delta", "partial_json", out);
      break;
    default:
      return;
  }
  out += '"';
  out += event.text.inside();
  out += "\"}}\n\n";
}

void MessagesStreamEncoder::signature(const Event& event, std::string& out) {
  if (event.part_kind != PartKind::kReasoning) return;
  if (event.redacted.value.is_given()) {
    close(out);
    block(proof_block(event), out);
    open_ = Open::kThinking;
    return close(out);
  }
  proof(event.signature, out);
}

// Clients look for it in a delta, as the vendor sends it.
void MessagesStreamEncoder::proof(const Signature& signature, std::string& out) {
  open(Open::kThinking, out);
  begin_delta("signature_delta", "signature", out);
  out += '"';
  put_signature(out, Dialect::kAnthropic, signature);
  out += "\"}}\n\n";
}

void MessagesStreamEncoder::end(std::string& out) {
  if (!has_started_) start({}, out);  // Nothing was said.
  out += R"(event: message_delta
data: {"type":"message_delta","delta":{)";
  append_stop(out, stop_, stop_sequence_);
  out += R"(},"usage":)";
  append_usage(out, usage_);
  out += "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}

}  // namespace omni::llm::anthropic
