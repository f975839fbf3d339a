#include "source/llm/openai/answer_encoder.h"

#include <fmt/format.h>

#include "source/json/builder.h"
#include "source/llm/logprobs.h"
#include "source/llm/openai/answer_words.h"
#include "source/llm/parts.h"

namespace omni::llm::openai {

ChatEncoder::ChatEncoder(const AnswerOptions& options)
    : model_(options.model), fallback_id_(options.fallback_id), now_(options.now) {}

ChatEncoder::Choice& ChatEncoder::choice(int index) {
  while (choices_.size() <= static_cast<size_t>(index)) choices_.emplace_back();
  return choices_[static_cast<size_t>(index)];
}

void ChatEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      id_ = event.id.inside();
      said_model_ = event.model.inside();
      created_ = event.created_at;
      return;
    case Event::Kind::kPartBegan:
      return began(event);
    case Event::Kind::kDelta:
      return delta(event);
    case Event::Kind::kPartEnded:
      return ended(event);
    case Event::Kind::kSignature: {
      if (event.part_kind != PartKind::kReasoning) return;
      Choice& in = choice(event.choice);
      if (!in.details.empty()) in.details += ',';
      append_detail(in.details, event, in.thought, 0);
      return;
    }
    case Event::Kind::kLogprobs: {
      Choice& in = choice(event.choice);
      if (++in.logprob_count == 1) in.logprobs = event.raw;
      return append_logprob_entries(in.entries, event.raw);
    }
    case Event::Kind::kStopped:
      choice(event.choice).stop = event.stop;
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

void ChatEncoder::began(const Event& event) {
  Choice& in = choice(event.choice);
  if (event.part_kind == PartKind::kText) in.has_content = true;
  if (event.part_kind == PartKind::kReasoning) in.thought.clear();
  if (event.part_kind == PartKind::kToolCall) {
    if (!in.tool_calls.empty()) in.tool_calls += ',';
    append_call_begin(in.tool_calls, event);
    // The end of the call, written when its arguments are all there.
    in.thought = "\"}";
    append_extra_content(in.thought, event.signature);
    in.thought += "}";
  } else if (event.part_kind == PartKind::kImage && event.media != nullptr) {
    if (!in.images.empty()) in.images += ',';
    in.images += R"({"type":"image_url","image_url":{"url":")";
    append_media_url(in.images, *event.media);
    in.images += "\"}}";
  }
}

void ChatEncoder::delta(const Event& event) {
  Choice& in = choice(event.choice);
  switch (event.part_kind) {
    case PartKind::kReasoning:
      in.thought += event.text.inside();
      in.reasoning += event.text.inside();
      return;
    case PartKind::kRefusal:
      in.refusal += event.text.inside();
      return;
    case PartKind::kToolCall:
      in.tool_calls += event.text.inside();
      return;
    default:
      in.content += event.text.inside();
  }
}

void ChatEncoder::ended(const Event& event) {
  if (event.part_kind != PartKind::kToolCall) return;
  Choice& in = choice(event.choice);
  in.tool_calls += in.thought;
  in.thought.clear();
}

void ChatEncoder::write(std::string& out) {
  json::Builder json(out);
  json.object().text("id", answer_id(id_, fallback_id_)).string("object", "chat.completion");
  json.number("created", created_ > 0 ? created_ : now_);
  if (said_model_.empty()) {
    json.string("model", model_);
  } else {
    json.text("model", said_model_);
  }
  json.array("choices");
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (i > 0) out += ',';
    write(choices_[i], static_cast<int>(i), out);
  }
  json.end_array();
  if (usage_.is_known()) {
    json.key("usage");
    append_usage(out, usage_);
  }
  out += '}';
}

void ChatEncoder::write(const Choice& choice, int index, std::string& out) {
  json::Builder json(out);
  json.object().number("index", index).object("message").string("role", "assistant");
  if (choice.has_content) {
    json.text("content", choice.content);
  } else {
    json.null("content");
  }
  if (choice.refusal.empty()) {
    json.null("refusal");
  } else {
    json.text("refusal", choice.refusal);
  }
  if (!choice.reasoning.empty()) json.text("reasoning_content", choice.reasoning);
  const auto list = [&](std::string_view key, const std::string& items) {
    if (!items.empty()) json.array(key).item(items).end_array();
  };
  list("reasoning_details", choice.details);
  list("tool_calls", choice.tool_calls);
  list("images", choice.images);
  json.end_object();
  json.member("logprobs", choice.logprob_count > 1    ? logprobs_of(choice.entries)
                          : choice.logprob_count == 1 ? choice.logprobs
                                                      : "null");
  json.string("finish_reason", finish_reason(choice.stop)).end_object();
}

}  // namespace omni::llm::openai
