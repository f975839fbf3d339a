#include "source/llm/openai/request_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/llm/json_note.h"
#include "source/llm/media.h"
#include "source/llm/openai/message_writer.h"
#include "source/llm/parts.h"
#include "source/llm/tool_schema.h"
#include "source/llm/wrapped_answer.h"

namespace omni::llm::openai {
namespace {

// More are refused (platform.openai.com/docs/api-reference/chat/create: stop).
constexpr size_t kMaxStops = 4;

// Members that Chat Completions and Responses have in common.
constexpr std::array<std::string_view, 7> kShared = {"service_tier",      "store",
                                                     "prompt_cache_key",  "prompt_cache_retention",
                                                     "safety_identifier", "prompt_cache_options",
                                                     "verbosity"};

class Encoder {
 public:
  Encoder(const Request& request, const RequestOptions& options)
      : request_(request),
        options_(options),
        json_(body_),
        takes_free_text_(options.is_strict || request.origin == Dialect::kOpenai),
        names_(options.is_strict ? kOpenaiNames : NameRule()) {}

  EncodeResult run() {
    body_.reserve(1024);
    json_.object().string("model", options_.model);
    if (options_.stream) stream();
    messages();
    files();
    tools();
    tool_choice();
    format();
    limits();
    sampling();
    extras();
    json_.end_object();
    if (error_) return std::move(*error_);
    return EncodedRequest{std::move(body_), dropped_.take()};
  }

 private:
  void stream() {
    json_.boolean("stream", true);
    if (options_.ask_usage) json_.member("stream_options", R"({"include_usage":true})");
  }

  void messages() {
    MessageWriter writer(json_, options_, takes_free_text_, names_, dropped_);
    json_.array("messages");
    auto message = request_.messages.begin();
    if (needs_json_note(request_)) {
      Message first{.role = Role::kSystem};
      // Some servers take one system message only, in front.
      if (message != request_.messages.end() && message->role == Role::kSystem) first = *message++;
      first.parts.push_back({.text = Text(kJsonNote)});
      writer.write(first);
    }
    for (; message != request_.messages.end(); ++message) writer.write(*message);
    writer.finish();
    json_.end_array();
  }

  void tools() {
    if (request_.tools.empty()) return;
    json_.array("tools");
    for (const Tool& tool : request_.tools) write(tool);
    json_.end_array();
  }

  void files();
  void check_files(const std::vector<Part>& parts);
  void write(const Tool& tool);
  void tool_choice();
  void named_choice(Text name);
  void name(Text name);
  void format();
  void limits();
  void stop();
  void sampling();
  void number(std::string_view key, RawJson value) {
    if (!value.empty()) json_.member(key, value);
  }
  void effort();
  void extras();
  void refuse(std::string param, std::string message) {
    if (!error_) error_ = CallError{400, "unsupported_value", std::move(message), std::move(param)};
  }
  bool is_custom(Text name) const {
    return takes_free_text_ &&
           std::any_of(request_.tools.begin(), request_.tools.end(), [&](const Tool& tool) {
             return tool.kind == Tool::Kind::kCustom && tool.name.inside() == name.inside();
           });
  }

  const Request& request_;
  const RequestOptions& options_;
  std::string body_;
  json::Builder json_;
  // Tools of free text are the vendor's own: servers that are compatible with it know functions.
  const bool takes_free_text_;
  // Other servers may take longer ones.
  const NameRule names_;
  Dropped dropped_;
  std::optional<CallError> error_;
};

void Encoder::files() {
  for (const Message& message : request_.messages) check_files(message.parts);
  // The vendor takes no document by URL (platform.openai.com/docs/guides/pdf-files); other servers
  // of this dialect do.
  std::optional<CallError> error = check_urls(request_, {Dialect::kOpenai, !options_.is_strict});
  if (error && !error_) error_ = std::move(error);
}

// A stored image has no place here, a stored file only where the provider may be the same.
void Encoder::check_files(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    check_files(part.content);
    const bool is_foreign =
        part.kind == PartKind::kImage ||
        (part.kind == PartKind::kFile && request_.origin == Dialect::kAnthropic);
    if (part.media.file_id.is_given() && is_foreign)
      refuse("messages",
             "messages: a file that another provider stores cannot be sent to this one.");
  }
}

void Encoder::write(const Tool& tool) {
  if (tool.kind == Tool::Kind::kSpace) return;
  if (tool.kind == Tool::Kind::kHosted && may_leave_out(tool, request_))
    return dropped_.add(tool.name.inside());
  if (tool.kind == Tool::Kind::kHosted)
    return refuse("tools", fmt::format("tools: '{}' runs at its own provider, and this model is at "
                                       "another",
                                       tool.name.inside()));
  const bool is_custom = tool.kind == Tool::Kind::kCustom && takes_free_text_;
  json_.object().string("type", is_custom ? "custom" : "function");
  json_.object(is_custom ? "custom" : "function");
  name(tool.name);
  if (tool.description.is_given()) json_.text("description", tool.description.inside());
  if (is_custom) {
    number("format", tool.raw);
  } else if (tool.kind == Tool::Kind::kCustom) {
    if (!tool.raw.empty()) dropped_.add("format");
    json_.member("parameters", kFreeTextSchema);
  } else {
    json_.key("parameters");
    append_tool_schema(body_, tool.schema, SchemaRule::kWithProperties);
    json_.after_value();
    if (tool.strict) json_.boolean("strict", *tool.strict);
  }
  json_.end_object();
  if (!tool.cache_control.empty()) {
    if (options_.takes_cache_control) {
      json_.member("cache_control", tool.cache_control);
    } else {
      dropped_.add("cache_control");
    }
  }
  json_.end_object();
}

void Encoder::named_choice(Text chosen) {
  const std::string_view type = is_custom(chosen) ? "custom" : "function";
  json_.object().string("type", type).object(type);
  name(chosen);
  json_.end_object().end_object();
}

void Encoder::name(Text name) {
  json_.begin_text("name");
  append_wire_name(body_, name, names_);
  json_.end_text();
}

void Encoder::tool_choice() {
  using Kind = ToolChoice::Kind;
  const ToolChoice& choice = request_.tool_choice;
  if (request_.parallel_tool_calls && !request_.tools.empty())
    json_.boolean("parallel_tool_calls", *request_.parallel_tool_calls);
  if (choice.kind == Kind::kUnset || request_.tools.empty()) return;
  if (choice.kind == Kind::kNamed) {
    json_.key("tool_choice");
    return named_choice(choice.names.front());
  }
  constexpr std::string_view kWords[] = {"", "auto", "none", "required"};
  const std::string_view word = kWords[static_cast<size_t>(choice.kind)];
  if (choice.names.empty()) {
    json_.string("tool_choice", word);
    return;
  }
  json_.object("tool_choice").string("type", "allowed_tools");
  json_.object("allowed_tools").string("mode", word).array("tools");
  for (const Text& name : choice.names) named_choice(name);
  json_.end_array().end_object().end_object();
}

void Encoder::format() {
  using Kind = OutputFormat::Kind;
  const OutputFormat& format = request_.format;
  if (format.kind == Kind::kUnset || format.kind == Kind::kText) return;
  if (format.kind == Kind::kJson) {
    json_.member("response_format", R"({"type":"json_object"})");
    return;
  }
  json_.object("response_format").string("type", "json_schema").object("json_schema");
  json_.text("name", format.name.is_given() ? format.name.inside() : "answer");
  if (format.description.is_given()) json_.text("description", format.description.inside());
  if (!format.schema.empty()) {
    json_.key("schema");
    append_format_schema(body_, request_, Dialect::kOpenai);
    json_.after_value();
  }
  if (format.strict) json_.boolean("strict", *format.strict);
  json_.end_object().end_object();
}

void Encoder::limits() {
  // The vendor's newer models refuse the old name, other servers do not know the new one.
  if (request_.max_tokens)
    json_.number(options_.is_strict ? "max_completion_tokens" : "max_tokens", *request_.max_tokens);
  if (request_.choices > 1) json_.number("n", request_.choices);
  stop();
  effort();
}

void Encoder::stop() {
  if (request_.stop.empty()) return;
  const size_t count =
      options_.is_strict ? std::min(kMaxStops, request_.stop.size()) : request_.stop.size();
  if (count < request_.stop.size()) dropped_.add(setting_names(request_.origin).stop);
  json_.array("stop");
  for (size_t i = 0; i < count; ++i) json_.text_item(request_.stop[i].inside());
  json_.end_array();
}

void Encoder::effort() {
  const Reasoning& reasoning = request_.reasoning;
  Reasoning::Effort effort = reasoning.budget == 0 ? Reasoning::Effort::kNone : reasoning.effort;
  if (effort == Reasoning::Effort::kUnset && reasoning.budget)
    effort = effort_of(*reasoning.budget);
  // Off is what models without an effort do anyway, and most refuse the word.
  if (effort == Reasoning::Effort::kUnset ||
      (effort == Reasoning::Effort::kNone && request_.origin != Dialect::kOpenaiResponses))
    return;
  json_.string("reasoning_effort", name_of(effort));
}

void Encoder::sampling() {
  number("temperature", request_.temperature);
  number("top_p", request_.top_p);
  number("frequency_penalty", request_.frequency_penalty);
  number("presence_penalty", request_.presence_penalty);
  number("seed", request_.seed);
  if (request_.logprobs) json_.boolean("logprobs", *request_.logprobs);
  number("top_logprobs", request_.top_logprobs);
  if (!request_.top_k.empty()) {
    if (options_.is_strict) {
      dropped_.add(setting_names(request_.origin).top_k);
    } else {
      json_.member("top_k", request_.top_k);
    }
  }
  if (request_.user.is_given()) {
    if (takes_user(request_.user, options_.is_strict)) {
      json_.text("user", request_.user.inside());
    } else {
      dropped_.add("user");
    }
  }
  number("metadata", request_.metadata);
}

void Encoder::extras() {
  for (const Extra& extra : request_.extras) {
    const bool is_shared = request_.origin == Dialect::kOpenai ||
                           (request_.origin == Dialect::kOpenaiResponses &&
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

}  // namespace omni::llm::openai
