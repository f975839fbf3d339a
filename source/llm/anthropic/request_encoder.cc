#include "source/llm/anthropic/request_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "source/base/strings.h"
#include "source/llm/anthropic/message_writer.h"
#include "source/llm/anthropic/models.h"
#include "source/llm/anthropic/tool_writer.h"
#include "source/llm/json_note.h"
#include "source/llm/media.h"
#include "source/llm/parts.h"

namespace omni::llm::anthropic {
namespace {

// The field is required: what a model without a known limit is given.
constexpr int64_t kDefaultMaxTokens = 4096;
// The least that may be thought.
constexpr int64_t kMinBudget = 1024;
// Every model that thinks by budget may say as much
// (platform.claude.com/docs/en/about-claude/models/overview).
constexpr int64_t kLeastMaxOutput = 32000;

double number_of(RawJson raw) {
  double out = 0;
  std::from_chars(raw.data(), raw.data() + raw.size(), out);
  return out;
}

class Encoder {
 public:
  Encoder(const Request& request, const RequestOptions& options)
      : request_(request),
        options_(options),
        json_(body_),
        takes_effort_only_(takes_effort_only(options.model)) {}

  EncodeResult run();

 private:
  bool is_foreign() const { return request_.origin != Dialect::kAnthropic; }
  bool marks_prefix() const;
  bool may_think() const;
  bool wants_thought() const;
  void limits();
  void plan_budget();
  void reasoning();
  void adaptive(std::string_view display);
  void effort();
  void sampling();
  void stop();
  void others();
  void extras();
  void refuse(std::string param, std::string message) {
    if (!error_) error_ = CallError{400, "unsupported_value", std::move(message), std::move(param)};
  }

  const Request& request_;
  const RequestOptions& options_;
  std::string body_;
  json::Builder json_;
  const bool takes_effort_only_;
  Dropped dropped_;
  std::optional<CallError> error_;
  int64_t max_tokens_ = 0;
  int64_t budget_ = 0;  // Of thinking; below the least: none.
  bool is_thinking_ = false;
};

EncodeResult Encoder::run() {
  if (request_.choices > 1) refuse("n", "n: this model gives one choice.");
  if (!error_) error_ = check_urls(request_, {Dialect::kAnthropic});
  body_.reserve(1024);
  json_.object().string("model", options_.model);
  limits();
  if (options_.stream) json_.boolean("stream", true);
  reasoning();
  MessageWriter messages(json_, request_, dropped_, marks_prefix());
  messages.write(request_.format.kind == OutputFormat::Kind::kJson ? kJsonNote
                                                                   : std::string_view());
  write_tools(json_, request_, dropped_, error_);
  sampling();
  extras();
  json_.end_object();
  if (messages.error()) return std::move(*messages.error());
  if (error_) return std::move(*error_);
  EncodedRequest out{std::move(body_), dropped_.take(), {}};
  if (has_format_tool(request_)) out.format_tool = kFormatTool;
  return out;
}

// A client whose dialect has no markers cannot ask for caching; one that has them did.
bool Encoder::marks_prefix() const {
  if (!options_.adds_cache_control || !is_foreign()) return false;
  const auto has_marker = [](const Part& part) { return !part.cache_control.empty(); };
  for (const Message& message : request_.messages)
    if (std::any_of(message.parts.begin(), message.parts.end(), has_marker)) return false;
  return std::none_of(request_.tools.begin(), request_.tools.end(),
                      [](const Tool& tool) { return !tool.cache_control.empty(); });
}

void Encoder::limits() {
  max_tokens_ = request_.max_tokens.value_or(options_.max_output > 0 ? options_.max_output
                                                                     : kDefaultMaxTokens);
  if (request_.max_tokens && options_.max_output > 0)
    max_tokens_ = std::min(max_tokens_, options_.max_output);
  plan_budget();
  json_.number("max_tokens", max_tokens_);
}

bool Encoder::wants_thought() const {
  const Reasoning& reasoning = request_.reasoning;
  return reasoning.is_given() && reasoning.budget != 0 &&
         (reasoning.budget || reasoning.effort != Reasoning::Effort::kNone);
}

// What is thought counts towards max_tokens. A limit that is ours grows with the budget; of one
// that is not, a budget that the client did not count out itself leaves a quarter for the answer.
void Encoder::plan_budget() {
  const Reasoning& reasoning = request_.reasoning;
  if (!wants_thought() || takes_effort_only_ || reasoning.is_adaptive || !may_think()) return;
  budget_ = reasoning.budget.value_or(budget_of(reasoning.effort));
  const bool is_counted_out = reasoning.budget.value_or(-1) > 0;
  if (budget_ < 0) budget_ = budget_of(Reasoning::Effort::kMedium);
  budget_ = std::max(budget_, kMinBudget);
  if (!request_.max_tokens && options_.max_output <= 0) {
    budget_ = std::min(budget_, kLeastMaxOutput - kDefaultMaxTokens);
    max_tokens_ = kDefaultMaxTokens + budget_;
  } else {
    budget_ = std::min(budget_, is_counted_out ? max_tokens_ - 1 : max_tokens_ / 4 * 3);
  }
}

// With thinking on, a turn that is still calling tools must open with its own thought, and a tool
// cannot be forced (docs.claude.com/en/docs/build-with-claude/extended-thinking). What a user says
// right behind results shares their message, and so ends no turn.
bool Encoder::may_think() const {
  using Kind = ToolChoice::Kind;
  if (has_format_tool(request_) || request_.tool_choice.kind == Kind::kRequired ||
      request_.tool_choice.kind == Kind::kNamed)
    return false;
  for (auto at = request_.messages.rbegin(); at != request_.messages.rend(); ++at) {
    const auto before = std::next(at);
    const bool shares = before != request_.messages.rend() && before->role == Role::kTool;
    if (at->role == Role::kUser && !shares) return true;
    if (at->role != Role::kAssistant || !has_kind(at->parts, PartKind::kToolCall)) continue;
    const bool has_thought = std::any_of(at->parts.begin(), at->parts.end(), [](const Part& part) {
      return part.kind == PartKind::kReasoning && (part.signature.is_for(Dialect::kAnthropic) ||
                                                   part.redacted.is_for(Dialect::kAnthropic));
    });
    if (!has_thought) return false;
  }
  return true;
}

void Encoder::reasoning() {
  const Reasoning& reasoning = request_.reasoning;
  if (!wants_thought()) return;
  if (takes_effort_only_) {
    // These models do not show what they think unless they are told to.
    if (may_think()) adaptive(reasoning.visible.value_or(true) ? "summarized" : "omitted");
    return effort();
  }
  if (!may_think()) return dropped_.add("reasoning_effort");
  if (reasoning.is_adaptive) {
    adaptive({});
    return effort();
  }
  if (budget_ < kMinBudget) return dropped_.add("reasoning_effort");
  is_thinking_ = true;
  json_.object("thinking").string("type", "enabled").number("budget_tokens", budget_).end_object();
}

void Encoder::adaptive(std::string_view display) {
  is_thinking_ = true;
  json_.object("thinking").string("type", "adaptive");
  if (!display.empty()) json_.string("display", display);
  json_.end_object();
}

void Encoder::effort() {
  using Effort = Reasoning::Effort;
  const Reasoning& reasoning = request_.reasoning;
  Effort effort = reasoning.effort;
  if (effort == Effort::kUnset && reasoning.budget) effort = effort_of(*reasoning.budget);
  if (effort == Effort::kUnset) return;
  if (effort == Effort::kMinimal) effort = Effort::kLow;
  json_.object("output_config").string("effort", name_of(effort)).end_object();
}

void Encoder::sampling() {
  // Thinking allows no other temperature than its own.
  const bool is_fixed = is_thinking_ || takes_effort_only_;
  const SettingNames names = setting_names(request_.origin);
  const auto put = [&](std::string_view key, RawJson value, std::string_view name) {
    if (value.empty()) return;
    if (is_fixed) return dropped_.add(name);
    json_.member(key, value);
  };
  if (!request_.temperature.empty() && number_of(request_.temperature) > 1) {
    dropped_.add("temperature");
    if (!is_fixed) json_.member("temperature", "1");
  } else {
    put("temperature", request_.temperature, "temperature");
  }
  if (!request_.top_p.empty() && !request_.temperature.empty() &&
      takes_one_sampling(options_.model)) {
    dropped_.add(names.top_p);
  } else {
    put("top_p", request_.top_p, names.top_p);
  }
  put("top_k", request_.top_k, names.top_k);
  stop();
  others();
}

// "stop_sequences: each stop sequence must contain non-whitespace".
void Encoder::stop() {
  bool is_open = false;
  for (const Text& stop : request_.stop) {
    if (trim(stop.decoded()).empty()) {
      dropped_.add(setting_names(request_.origin).stop);
      continue;
    }
    if (!std::exchange(is_open, true)) json_.array("stop_sequences");
    json_.text_item(stop.inside());
  }
  if (is_open) json_.end_array();
}

void Encoder::others() {
  const SettingNames names = setting_names(request_.origin);
  const std::pair<std::string_view, bool> kUnknown[] = {
      {names.frequency_penalty, !request_.frequency_penalty.empty()},
      {names.presence_penalty, !request_.presence_penalty.empty()},
      {"seed", !request_.seed.empty()},
      {"logprobs", request_.logprobs.value_or(false)},
      {"top_logprobs", !request_.top_logprobs.empty()},
      {"metadata", !request_.metadata.empty()}};
  for (const auto& [name, is_given] : kUnknown)
    if (is_given) dropped_.add(name);
  if (request_.user.is_given())
    json_.object("metadata").text("user_id", request_.user.inside()).end_object();
}

void Encoder::extras() {
  for (const Extra& extra : request_.extras) {
    if (is_foreign()) {
      dropped_.add(extra.key);
    } else {
      append_extra(json_, extra.key, extra.value);
    }
  }
}

}  // namespace

EncodeResult encode_request(const Request& request, const RequestOptions& options) {
  return Encoder(request, options).run();
}

}  // namespace omni::llm::anthropic
