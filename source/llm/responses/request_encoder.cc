#include "source/llm/responses/request_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/llm/json_note.h"
#include "source/llm/media.h"
#include "source/llm/parts.h"
#include "source/llm/responses/item_writer.h"
#include "source/llm/responses/settings_writer.h"

namespace omni::llm::responses {
namespace {

// Members that Chat Completions and Responses have in common; `store` is written on its own.
constexpr std::array<std::string_view, 5> kShared = {"service_tier", "prompt_cache_key",
                                                     "prompt_cache_retention", "safety_identifier",
                                                     "prompt_cache_options"};

// Below this the vendor refuses the request.
constexpr int64_t kLeastOutput = 16;

class Encoder {
 public:
  Encoder(const Request& request, const RequestOptions& options)
      : request_(request),
        options_(options),
        is_own_(request.origin == Dialect::kOpenaiResponses),
        names_(options.is_strict ? kOpenaiNames : NameRule()),
        json_(body_) {}

  EncodeResult run() {
    check();
    if (error_) return std::move(*error_);
    body_.reserve(1024);
    json_.object().string("model", options_.model);
    if (options_.stream) json_.boolean("stream", true);
    input();
    tools();
    text();
    reasoning();
    limits();
    state();
    extras();
    json_.end_object();
    return EncodedRequest{std::move(body_), dropped_.take()};
  }

 private:
  void check();
  size_t instructions();
  void input();
  void tools();
  void text();
  bool shows_thoughts() const;
  void reasoning();
  void limits();
  void state();
  void include();
  void extras();
  bool has_own_proof() const;
  void raw(std::string_view key, RawJson value) {
    if (!value.empty()) json_.member(key, value);
  }
  void drop(std::string_view name, RawJson value) {
    if (!value.empty()) dropped_.add(name);
  }
  void refuse(std::string_view param, std::string message) {
    if (!error_)
      error_ = CallError{400, "unsupported_value", std::move(message), std::string(param)};
  }

  const Request& request_;
  const RequestOptions& options_;
  const bool is_own_;
  // Other servers may take longer ones.
  const NameRule names_;
  std::string body_;
  json::Builder json_;
  Dropped dropped_;
  std::optional<CallError> error_;
};

void Encoder::check() {
  if (request_.choices > 1) refuse("n", "n: this model gives one answer to a request");
  if (!error_) error_ = check_urls(request_, {Dialect::kOpenaiResponses});
  for (const Tool& tool : request_.tools) {
    const bool is_foreign =
        tool.kind == Tool::Kind::kHosted && tool.origin != Dialect::kOpenaiResponses;
    if (is_foreign && may_leave_out(tool, request_)) {
      dropped_.add(tool.name.inside());
    } else if (is_foreign) {
      refuse("tools", fmt::format("tools: '{}' runs at its own provider, and this model is at "
                                  "another",
                                  tool.name.inside()));
    }
    if (!tool.cache_control.empty()) dropped_.add("cache_control");
  }
}

// System text in front of everything; returns how many messages that was. A request of nothing else
// keeps it as input, which may not be empty.
size_t Encoder::instructions() {
  const auto& messages = request_.messages;
  const auto is_lifted = [&](const Message& message) {
    return message.role == Role::kSystem || (message.role == Role::kDeveloper && !is_own_);
  };
  const size_t count = static_cast<size_t>(
      std::find_if_not(messages.begin(), messages.end(), is_lifted) - messages.begin());
  const bool may_be_alone = is_own_ && find_extra(request_, "previous_response_id") != nullptr;
  if (count == 0 || (count == messages.size() && !may_be_alone)) return 0;
  json_.begin_text("instructions");
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) body_ += "\\n\\n";
    append_texts(body_, messages[i].parts, "\\n");
    for (const Part& part : messages[i].parts)
      if (!part.cache_control.empty()) dropped_.add("cache_control");
  }
  json_.end_text();
  return count;
}

void Encoder::input() {
  const size_t lifted = instructions();
  ItemWriter writer(json_, request_, names_, dropped_);
  json_.array("input");
  // The vendor looks for the word in the input.
  if (needs_json_note(request_)) {
    Message note{.role = Role::kSystem};
    note.parts.push_back({.text = Text(kJsonNote)});
    writer.write(note);
  }
  for (size_t i = lifted; i < request_.messages.size(); ++i) writer.write(request_.messages[i]);
  json_.end_array();
}

void Encoder::tools() {
  if (!request_.tools.empty()) {
    json_.array("tools");
    write_tools(json_, request_, &names_);
    json_.end_array();
  }
  if (request_.tools.empty() && !is_own_) return;
  if (request_.tool_choice.kind != ToolChoice::Kind::kUnset) {
    json_.key("tool_choice");
    write_tool_choice(json_, request_, &names_);
  }
  if (request_.parallel_tool_calls)
    json_.boolean("parallel_tool_calls", *request_.parallel_tool_calls);
}

void Encoder::text() {
  const bool has_verbosity = find_extra(request_, "verbosity") != nullptr;
  if (request_.format.kind == OutputFormat::Kind::kUnset && !has_verbosity) return;
  json_.object("text");
  write_text_config(json_, request_);
  json_.end_object();
}

// Where thinking is asked for in Anthropic's or Ollama's words, it is shown unless the client wants
// it hidden. Chat Completions asks for an effort and shows nothing of itself.
bool Encoder::shows_thoughts() const {
  const Reasoning& reasoning = request_.reasoning;
  if (reasoning.visible) return *reasoning.visible;
  const bool is_shown =
      request_.origin == Dialect::kAnthropic || request_.origin == Dialect::kOllama;
  const bool is_off =
      reasoning.effort == Reasoning::Effort::kNone || reasoning.budget.value_or(-1) == 0;
  return is_shown && reasoning.is_given() && !is_off;
}

void Encoder::reasoning() {
  const std::string_view effort = effort_word(request_);
  const Text summary = request_.reasoning.summary;
  const bool wants_summary = summary.is_given() || shows_thoughts();
  if (effort.empty() && !wants_summary) return;
  json_.object("reasoning");
  if (!effort.empty()) json_.string("effort", effort);
  if (wants_summary) json_.text("summary", summary.is_given() ? summary.inside() : "auto");
  json_.end_object();
}

void Encoder::limits() {
  if (request_.max_tokens) {
    const bool is_low = options_.is_strict && *request_.max_tokens < kLeastOutput;
    json_.number("max_output_tokens", is_low ? kLeastOutput : *request_.max_tokens);
  }
  raw("temperature", request_.temperature);
  raw("top_p", request_.top_p);
  raw("top_logprobs", request_.top_logprobs);
  if (request_.user.is_given()) {
    if (takes_user(request_.user, options_.is_strict)) {
      json_.text("user", request_.user.inside());
    } else {
      dropped_.add("user");
    }
  }
  raw("metadata", request_.metadata);
  const SettingNames names = setting_names(request_.origin);
  if (!request_.stop.empty()) dropped_.add(names.stop);
  drop(names.top_k, request_.top_k);
  drop("seed", request_.seed);
  drop(names.frequency_penalty, request_.frequency_penalty);
  drop(names.presence_penalty, request_.presence_penalty);
}

// Who comes from another dialect sends the whole conversation each time, and nothing is to be kept
// for him at the provider.
void Encoder::state() {
  if (is_own_) return;
  const Extra* store =
      request_.origin == Dialect::kOpenai ? find_extra(request_, "store") : nullptr;
  json_.member("store", store != nullptr ? store->value : "false");
  include();
}

bool Encoder::has_own_proof() const {
  const auto is_proven = [](const Part& part) {
    return part.signature.is_for(Dialect::kOpenaiResponses) ||
           part.redacted.is_for(Dialect::kOpenaiResponses);
  };
  return std::any_of(request_.messages.begin(), request_.messages.end(),
                     [&](const Message& message) {
                       return std::any_of(message.parts.begin(), message.parts.end(), is_proven);
                     });
}

void Encoder::include() {
  // A model that does not reason refuses to be asked for it ("Encrypted content is not supported
  // with this model").
  const bool reasons = request_.reasoning.effort != Reasoning::Effort::kNone &&
                       (request_.reasoning.is_adaptive || !effort_word(request_).empty() ||
                        request_.reasoning.visible.value_or(false));
  const bool wants_proof = reasons || has_own_proof();
  const bool wants_logprobs = request_.logprobs.value_or(false);
  if (!wants_proof && !wants_logprobs) return;
  json_.array("include");
  if (wants_proof) json_.string_item("reasoning.encrypted_content");
  if (wants_logprobs) json_.string_item("message.output_text.logprobs");
  json_.end_array();
}

void Encoder::extras() {
  for (const Extra& extra : request_.extras) {
    if (extra.key == "verbosity" && (is_own_ || request_.origin == Dialect::kOpenai)) continue;
    if (extra.key == "store" && request_.origin == Dialect::kOpenai) continue;
    const bool is_shared =
        is_own_ || (request_.origin == Dialect::kOpenai &&
                    std::find(kShared.begin(), kShared.end(), extra.key) != kShared.end());
    if (is_shared) {
      append_extra(json_, extra.key, extra.value);
    } else {
      dropped_.add(extra.key);
    }
  }
}

}  // namespace

EncodeResult encode_request(const Request& request, const RequestOptions& options) {
  return Encoder(request, options).run();
}

}  // namespace omni::llm::responses
