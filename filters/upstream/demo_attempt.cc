#include "filters/upstream/demo_attempt.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/status.h"
#include "source/json/writer.h"
#include "source/llm/decoded.h"

namespace omni::filters {
namespace {

constexpr std::string_view kLorem =
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut "
    "labore et "
    "dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi "
    "ut aliquip "
    "ex ea commodo consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse "
    "cillum dolore eu "
    "fugiat nulla pariatur.";
constexpr absl::Duration kLoremPace = absl::Milliseconds(40);

std::string last_user_text(const llm::Request& request) {
  std::string last;
  for (const llm::Message& message : request.messages) {
    if (message.role != llm::Role::kUser) continue;
    last.clear();
    for (const llm::Part& part : message.parts)
      if (part.kind == llm::PartKind::kText) last += part.text.decoded();
  }
  return last;
}

// Words with the blanks that follow them, so that they join to the very same text.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    size_t end = text.find_first_of(" \n");
    end = end == std::string_view::npos ? text.size() : text.find_first_not_of(" \n", end);
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return words;
}

}  // namespace

DemoAttempt::DemoAttempt(Exchange& exchange, const Target& target, AttemptEvents& events)
    : exchange_(exchange),
      target_(target),
      events_(events),
      began_us_(exchange.elapsed_us()),
      id_(fmt::format("chatcmpl-{}", exchange.public_id())),
      created_(absl::ToUnixSeconds(exchange.dispatcher().clock().now())) {
  const bool is_lorem = target.model == "lorem";
  pace_ = is_lorem ? kLoremPace : absl::ZeroDuration();
  llm::Call& call = exchange.facts().call;
  std::string text;
  if (is_lorem) {
    text = kLorem;
  } else if (const llm::Decoded& decoded = call.asked(); !decoded.error) {
    text = last_user_text(decoded.request);
  }
  if (text.empty()) text = "(There was no user message to repeat.)";
  words_ = words_of(text);
  input_tokens_ = static_cast<int64_t>(exchange.facts().call.body().size() + 3) / 4;
  exchange.dispatcher().at_turn_end(*this);
}

void DemoAttempt::hold(bool hold) {
  held_ = hold;
  if (!held_ && std::exchange(waiting_, false)) timer_->arm(absl::ZeroDuration());
}

void DemoAttempt::begin() {
  Facts& facts = exchange_.facts();
  if (facts.call.dialect() != Dialect::kOpenai && facts.call.asked().error) {
    const llm::CallError& error = *facts.call.asked().error;
    return events_.on_attempt_failed({.reply = {.status = error.status,
                                                .code = error.code,
                                                .message = error.message,
                                                .param = error.param}});
  }
  const bool stream = facts.call.wants_stream();
  facts.answer.source = Answer::Source::kDemo;
  facts.answer.dialect = Dialect::kOpenai;
  facts.answer.is_stream = stream;
  facts.answer.is_committed = true;
  facts.answer.provider = target_.provider;
  facts.answer.model = target_.model;
  facts.attempts.push_back(
      {.provider = target_.provider, .model = target_.model, .status = 200, .start_us = began_us_});
  if (!stream) return send_plain();
  ResponseHead head;
  head.headers.add("content-type", "text/event-stream; charset=utf-8");
  head.headers.add("cache-control", "no-cache");
  head.headers.add("x-accel-buffering", "no");
  events_.on_commit(std::move(head));
  send_chunk(R"({"role":"assistant","content":""})", "null");
  timer_ = exchange_.dispatcher().make_timer([this] { step(); });
  step();
}

void DemoAttempt::send_plain() {
  std::string text;
  for (const std::string& word : words_) text += word;
  const auto output = static_cast<int64_t>(words_.size());
  std::string body = fmt::format(
      R"({{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":[{{"index":0,"message":{{"role":"assistant","content":{},"refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}}}})",
      id_, created_, json::quoted(target_.model), json::quoted(text), input_tokens_, output,
      input_tokens_ + output);
  exchange_.facts().answer.usage = {.input = input_tokens_, .output = output};
  ResponseHead head;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  events_.on_commit(std::move(head));
  events_.on_committed_body(Buffer(body));
  events_.on_committed_complete();
}

void DemoAttempt::send_chunk(std::string_view delta, std::string_view finish) {
  events_.on_committed_body(
      Buffer(fmt::format("data: "
                         "{{\"id\":\"{}\",\"object\":\"chat.completion.chunk\",\"created\":{},"
                         "\"model\":{},\"choices\":[{{\"index\":0,"
                         "\"delta\":{},\"finish_reason\":{}}}]}}\n\n",
                         id_, created_, json::quoted(target_.model), delta, finish)));
}

void DemoAttempt::step() {
  while (next_word_ < words_.size()) {
    if (held_) {
      waiting_ = true;
      return;
    }
    send_chunk(fmt::format("{{\"content\":{}}}", json::quoted(words_[next_word_++])), "null");
    if (pace_ > absl::ZeroDuration()) return timer_->arm(pace_);
  }
  finish_stream();
}

void DemoAttempt::finish_stream() {
  send_chunk("{}", "\"stop\"");
  const auto output = static_cast<int64_t>(words_.size());
  std::string last;
  const llm::Call& call = exchange_.facts().call;
  if (call.asked_for_usage() || call.dialect() != Dialect::kOpenai) {
    last = fmt::format(
        "data: "
        "{{\"id\":\"{}\",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{},"
        "\"choices\":[],\"usage\":{{"
        "\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{}}}}}\n\n",
        id_, created_, json::quoted(target_.model), input_tokens_, output, input_tokens_ + output);
  }
  events_.on_committed_body(Buffer(last + "data: [DONE]\n\n"));
  events_.on_committed_complete();
}

}  // namespace omni::filters
