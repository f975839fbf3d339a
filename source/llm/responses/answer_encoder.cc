#include "source/llm/responses/answer_encoder.h"

#include <fmt/format.h>

#include <utility>

#include "source/llm/logprobs.h"

namespace omni::llm::responses {
namespace {

bool is_spoken(PartKind kind) { return kind == PartKind::kText || kind == PartKind::kRefusal; }

bool is_cut(StopReason stop) {
  return stop == StopReason::kLength || stop == StopReason::kFiltered ||
         stop == StopReason::kRefusal;
}

}  // namespace

ResponseEncoder::ResponseEncoder(const AnswerOptions& options)
    : is_stream_(options.stream), response_(options), spaces_(options.request) {}

void ResponseEncoder::put(const Event& event, std::string& out) {
  if (event.choice > 0) return;
  if (event.kind != Event::Kind::kUsage) settle(event, out);
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
      return citation(event, out);
    case Event::Kind::kLogprobs:
      return logprobs(event);
    case Event::Kind::kPartEnded:
      ending_ = event.part_kind;
      return;
    case Event::Kind::kStopped:
      stop_ = event.stop;
      return;
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      return finish(out);
    case Event::Kind::kFailed:
      return fail(*event.error, out);
  }
}

void ResponseEncoder::start(const Event& event, std::string& out) {
  if (std::exchange(has_started_, true)) return;
  response_.start(event);
  tell_response("response.created", {}, out);
  tell_response("response.in_progress", {}, out);
}

void ResponseEncoder::open(std::string_view prefix) {
  open_ = {};
  open_.id = fmt::format("{}_{}_{}", prefix, response_.id_stem(), index_);
}

void ResponseEncoder::began(const Event& event, std::string& out) {
  switch (event.part_kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      begin_message(event.part_kind, out);
      return keep_proof(Proof::Of::kPrevious, event.signature);
    case PartKind::kReasoning:
      open("rs");
      keep_proof(Proof::Of::kThought, event.signature);
      keep_proof(Proof::Of::kRedacted, event.redacted);
      return tell_item(false, out, [&](json::Builder& json) { write_reasoning(json, false); });
    case PartKind::kToolCall:
      return begin_call(event, out);
    case PartKind::kImage:
    case PartKind::kOpaque:
      return whole_item(event, out);
    default:
      return;
  }
}

void ResponseEncoder::begin_message(PartKind kind, std::string& out) {
  open("msg");
  tell_item(false, out, [&](json::Builder& json) { write_message(json, kind, false); });
  tell("response.content_part.added", out, [&](json::Builder& json) {
    write_place(json, true);
    json.key("part");
    write_part(json, kind, false);
  });
}

void ResponseEncoder::begin_call(const Event& event, std::string& out) {
  if (event.signature.value.is_given()) whole_proof(Proof::Of::kNext, event.signature, out);
  open(event.is_custom ? "ctc" : "fc");
  open_.call_id = event.id.inside();
  open_.name = event.name.inside();
  open_.is_custom = event.is_custom;
  tell_item(false, out, [&](json::Builder& json) { write_call(json, false); });
}

void ResponseEncoder::keep_proof(Proof::Of of, const Signature& signature) {
  if (!signature.value.is_given()) return;
  open_.proof_text = signature.value.inside();
  open_.proof = {of, {Text(open_.proof_text), signature.origin}};
}

void ResponseEncoder::delta(const Event& event, std::string& out) {
  const std::string_view text = event.text.inside();
  if (text.empty()) return;
  const auto fragment = [&](json::Builder& json) {
    write_place(json, is_spoken(event.part_kind));
    if (event.part_kind == PartKind::kReasoning) json.number("summary_index", 0);
    json.text("delta", text);
    if (event.part_kind == PartKind::kText) json.array("logprobs").end_array();
  };
  switch (event.part_kind) {
    case PartKind::kText:
      tell("response.output_text.delta", out, fragment);
      break;
    case PartKind::kRefusal:
      tell("response.refusal.delta", out, fragment);
      break;
    case PartKind::kReasoning:
      if (open_.text.empty())
        tell("response.reasoning_summary_part.added", out, [&](json::Builder& json) {
          write_place(json, false);
          json.number("summary_index", 0).member("part", R"({"type":"summary_text","text":""})");
        });
      tell("response.reasoning_summary_text.delta", out, fragment);
      break;
    case PartKind::kToolCall:
      tell(open_.is_custom ? "response.custom_tool_call_input.delta"
                           : "response.function_call_arguments.delta",
           out, fragment);
      break;
    default:
      return;
  }
  open_.text += text;
}

void ResponseEncoder::signature(const Event& event, std::string& out) {
  if (event.part_kind != PartKind::kReasoning)
    return keep_proof(Proof::Of::kPrevious, event.signature);
  // One item holds one proof.
  if (open_.proof.is_given()) {
    end_reasoning(out);
    open("rs");
    tell_item(false, out, [&](json::Builder& json) { write_reasoning(json, false); });
  }
  keep_proof(Proof::Of::kThought, event.signature);
  keep_proof(Proof::Of::kRedacted, event.redacted);
}

// Only this dialect's own annotations fit.
void ResponseEncoder::citation(const Event& event, std::string& out) {
  if (event.origin != Dialect::kOpenaiResponses || event.part_kind != PartKind::kText) return;
  tell("response.output_text.annotation.added", out, [&](json::Builder& json) {
    write_place(json, true);
    json.number("annotation_index", open_.citation_count).member("annotation", event.raw);
  });
  ++open_.citation_count;
  if (!open_.citations.empty()) open_.citations += ',';
  open_.citations += event.raw;
}

// Chat Completions' {"content": [...]}. Told at the end of the text: a fragment is not held back
// until it is known whether its probabilities follow.
void ResponseEncoder::logprobs(const Event& event) {
  append_logprob_entries(open_.logprobs, event.raw);
}

// Whether an item is complete is known when something follows it, or the answer's end does.
void ResponseEncoder::settle(const Event& next, std::string& out) {
  if (!ending_) return;
  const PartKind kind = *std::exchange(ending_, std::nullopt);
  is_cut_ = next.kind == Event::Kind::kStopped && is_cut(next.stop);
  if (is_spoken(kind)) return end_message(kind, out);
  if (kind == PartKind::kReasoning) return end_reasoning(out);
  if (kind == PartKind::kToolCall) return end_call(out);
}

void ResponseEncoder::end_message(PartKind kind, std::string& out) {
  const bool is_refusal = kind == PartKind::kRefusal;
  tell(is_refusal ? "response.refusal.done" : "response.output_text.done", out,
       [&](json::Builder& json) {
         write_place(json, true);
         json.text(is_refusal ? "refusal" : "text", open_.text);
         if (is_refusal) return;
         json.array("logprobs");
         if (!open_.logprobs.empty()) json.item(open_.logprobs);
         json.end_array();
       });
  tell("response.content_part.done", out, [&](json::Builder& json) {
    write_place(json, true);
    json.key("part");
    write_part(json, kind, true);
  });
  tell_item(true, out, [&](json::Builder& json) { write_message(json, kind, true); });
  if (!open_.proof.is_given()) return;
  const std::string value = std::move(open_.proof_text);
  whole_proof(open_.proof.of, {Text(value), open_.proof.signature.origin}, out);
}

void ResponseEncoder::end_call(std::string& out) {
  const std::string_view type = open_.is_custom ? "response.custom_tool_call_input.done"
                                                : "response.function_call_arguments.done";
  tell(type, out, [&](json::Builder& json) {
    write_place(json, false);
    if (!open_.is_custom) json.text("name", open_.name);
    json.text(open_.is_custom ? "input" : "arguments", open_.text);
  });
  tell_item(true, out, [&](json::Builder& json) { write_call(json, true); });
  if (!open_.proof.is_given()) return;
  const std::string value = std::move(open_.proof_text);
  whole_proof(open_.proof.of, {Text(value), open_.proof.signature.origin}, out);
}

void ResponseEncoder::end_reasoning(std::string& out) {
  if (!open_.text.empty()) {
    tell("response.reasoning_summary_text.done", out, [&](json::Builder& json) {
      write_place(json, false);
      json.number("summary_index", 0).text("text", open_.text);
    });
    tell("response.reasoning_summary_part.done", out, [&](json::Builder& json) {
      write_place(json, false);
      json.number("summary_index", 0).object("part").string("type", "summary_text");
      json.text("text", open_.text).end_object();
    });
  }
  tell_item(true, out, [&](json::Builder& json) { write_reasoning(json, true); });
}

void ResponseEncoder::whole_proof(Proof::Of of, const Signature& signature, std::string& out) {
  open("rs");
  keep_proof(of, signature);
  tell_item(false, out, [&](json::Builder& json) { write_reasoning(json, false); });
  tell_item(true, out, [&](json::Builder& json) { write_reasoning(json, true); });
}

void ResponseEncoder::whole_item(const Event& event, std::string& out) {
  const bool is_own = event.origin == Dialect::kOpenaiResponses && !event.raw.empty();
  const bool is_image =
      event.part_kind == PartKind::kImage && event.media != nullptr && event.media->data.is_given();
  if (!is_own && !is_image) return;
  open("ig");
  const auto write = [&](json::Builder& json) {
    if (is_own) {
      json.item(event.raw);
      return;
    }
    json.object().text("id", open_.id).string("type", "image_generation_call");
    json.string("status", "completed").text("result", event.media->data.inside()).end_object();
  };
  tell_item(false, out, write);
  tell_item(true, out, write);
}

void ResponseEncoder::finish(std::string& out) {
  ResponseObject::State state{"completed", {}, output_, &usage_, nullptr};
  switch (stop_) {
    case StopReason::kLength:
      state.incomplete_reason = "max_output_tokens";
      break;
    case StopReason::kFiltered:
    case StopReason::kRefusal:
      state.incomplete_reason = "content_filter";
      break;
    case StopReason::kMalformed: {
      const Error error{.status = 502,
                        .message = "The model gave up, or wrote a tool call that cannot be read."};
      state.status = "failed";
      state.error = &error;
      return tell_response("response.failed", state, out);
    }
    default:
      return tell_response("response.completed", state, out);
  }
  state.status = "incomplete";
  tell_response("response.incomplete", state, out);
}

// Of a plain answer that broke off the gateway says so, in words of its own.
void ResponseEncoder::fail(const Error& error, std::string& out) {
  if (!is_stream_) return;
  start({}, out);
  tell_response("response.failed", {"failed", {}, output_, &usage_, &error}, out);
}

}  // namespace omni::llm::responses
