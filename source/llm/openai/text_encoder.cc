#include "source/llm/openai/text_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/base/strings.h"
#include "source/json/builder.h"
#include "source/llm/openai/answer_words.h"

namespace omni::llm::openai {
namespace {

std::string prompt_of(const AnswerOptions& options) {
  if (options.request == nullptr || !options.request->echo) return {};
  return std::string(options.request->messages.back().parts.front().text.inside());
}

// A chat's id becomes one of a completion; others stay.
std::string text_id(std::string_view upstream, std::string_view fallback) {
  const std::string id = answer_id(upstream, fallback);
  constexpr std::string_view kChat = "chatcmpl-";
  return "cmpl-" + id.substr(id.rfind(kChat, 0) == 0 ? kChat.size() : 0);
}

}  // namespace

TextEncoder::TextEncoder(const AnswerOptions& options)
    : is_stream_(options.stream),
      include_usage_(options.include_usage),
      model_(options.model),
      fallback_id_(options.fallback_id),
      echo_(prompt_of(options)),
      now_(options.now) {}

void TextEncoder::put(const Event& event, std::string& out) {
  switch (event.kind) {
    case Event::Kind::kStarted:
      return start(event);
    case Event::Kind::kDelta:
      return delta(event, out);
    case Event::Kind::kLogprobs:
      return logprobs(event, out);
    case Event::Kind::kStopped: {
      Choice& in = choice(event.choice, out);
      in.stop = event.stop;
      if (is_stream_) piece(event.choice, {}, "null", finish_reason(event.stop), out);
      return;
    }
    case Event::Kind::kUsage:
      usage_ = *event.usage;
      return;
    case Event::Kind::kDone:
      return done(out);
    case Event::Kind::kFailed:
      if (is_stream_) out += render_stream_error(Dialect::kOpenaiText, *event.error);
      return;
    default:
      return;
  }
}

void TextEncoder::start(const Event& event) {
  prefix_.clear();
  json::Builder json(prefix_);
  json.object().text("id", text_id(event.id.inside(), fallback_id_));
  json.string("object", "text_completion");
  json.number("created", event.created_at > 0 ? event.created_at : now_);
  if (event.model.is_given()) {
    json.text("model", event.model.inside());
  } else {
    json.string("model", model_);
  }
}

TextEncoder::Choice& TextEncoder::choice(int index, std::string& out) {
  while (choices_.size() <= static_cast<size_t>(index)) choices_.emplace_back();
  Choice& in = choices_[static_cast<size_t>(index)];
  if (std::exchange(in.has_begun, true) || echo_.empty()) return in;
  in.offset = length_of(Text(echo_).decoded());
  if (is_stream_) {
    piece(index, echo_, "null", {}, out);
  } else {
    in.text = echo_;
  }
  return in;
}

void TextEncoder::delta(const Event& event, std::string& out) {
  if (event.part_kind != PartKind::kText && event.part_kind != PartKind::kRefusal) return;
  Choice& in = choice(event.choice, out);
  if (is_stream_) return piece(event.choice, event.text.inside(), "null", {}, out);
  in.text += event.text.inside();
}

void TextEncoder::logprobs(const Event& event, std::string& out) {
  Choice& in = choice(event.choice, out);
  std::string made = text_logprobs(event.raw, in.offset);
  if (is_stream_) return piece(event.choice, {}, made, {}, out);
  in.logprobs = std::move(made);
}

void TextEncoder::append_choice(int index, std::string_view text, std::string_view logprobs,
                                std::string_view finish, std::string& out) {
  json::Builder json(out);
  json.object().number("index", index).text("text", text);
  json.member("logprobs", logprobs.empty() ? std::string_view("null") : logprobs);
  if (finish.empty()) {
    json.null("finish_reason");
  } else {
    json.string("finish_reason", finish);
  }
  json.end_object();
}

void TextEncoder::piece(int index, std::string_view text, std::string_view logprobs,
                        std::string_view finish, std::string& out) {
  if (prefix_.empty()) start({});
  out += "data: ";
  out += prefix_;
  out += R"(,"choices":[)";
  append_choice(index, text, logprobs, finish, out);
  out += "]}\n\n";
}

void TextEncoder::done(std::string& out) {
  if (prefix_.empty()) start({});  // Nothing was said.
  const bool has_usage = usage_.is_known() && (include_usage_ || !is_stream_);
  if (!is_stream_ || has_usage) {
    if (is_stream_) out += "data: ";
    out += prefix_;
    out += R"(,"choices":[)";
    for (size_t i = 0; i < choices_.size() && !is_stream_; ++i) {
      if (i > 0) out += ',';
      const Choice& in = choices_[i];
      append_choice(static_cast<int>(i), in.text, in.logprobs, finish_reason(in.stop), out);
    }
    out += ']';
    if (has_usage) {
      out += R"(,"usage":)";
      append_usage(out, usage_);
    }
    out += is_stream_ ? "}\n\n" : "}";
  }
  if (is_stream_) out += "data: [DONE]\n\n";
}

}  // namespace omni::llm::openai
