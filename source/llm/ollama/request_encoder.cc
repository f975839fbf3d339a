#include "source/llm/ollama/request_encoder.h"

#include <fmt/format.h>

#include "source/base/strings.h"
#include "source/llm/ollama/message_writer.h"
#include "source/llm/ollama/request_decoder.h"
#include "source/llm/parts.h"

namespace omni::llm::ollama {
namespace {

class Encoder {
 public:
  Encoder(const Request& request, const RequestOptions& options)
      : request_(request), options_(options), json_(body_) {}

  EncodeResult run() {
    body_.reserve(1024);
    // It streams unless told otherwise.
    json_.object().string("model", options_.model).boolean("stream", options_.stream);
    messages();
    tools();
    format();
    think();
    settings();
    others();
    json_.end_object();
    if (error_) return std::move(*error_);
    return EncodedRequest{std::move(body_), dropped_.take()};
  }

 private:
  void messages() {
    MessageWriter writer(json_, request_, dropped_, error_);
    json_.array("messages");
    for (const Message& message : request_.messages) writer.write(message);
    json_.end_array();
  }
  void tools();
  void tool(const Tool& tool);
  void format();
  void think();
  void settings();
  void members(json::Builder& json);
  void others();
  bool is_own() const { return request_.origin == Dialect::kOllama; }
  void refuse(std::string_view param, std::string_view message) {
    if (!error_)
      error_ = CallError{400, "unsupported_value", fmt::format("{}: {}", param, message),
                         std::string(param)};
  }

  const Request& request_;
  const RequestOptions& options_;
  std::string body_;
  json::Builder json_;
  Dropped dropped_;
  std::optional<CallError> error_;
};

// The server knows no choice: the model is free to call what it is shown. So it is shown what it
// may call, and a call that must be made cannot be asked for.
void Encoder::tools() {
  using Kind = ToolChoice::Kind;
  const Kind kind = request_.tool_choice.kind;
  if (request_.tools.empty()) return;
  if (kind == Kind::kRequired || kind == Kind::kNamed)
    return refuse("tool_choice", "this model's server cannot be made to call a tool");
  if (request_.parallel_tool_calls && !*request_.parallel_tool_calls)
    dropped_.add("parallel_tool_calls");
  if (kind == Kind::kNone) return;
  StringSet allowed;
  for (const Text& name : request_.tool_choice.names) allowed.emplace(name.inside());
  json_.array("tools");
  for (const Tool& one : request_.tools)
    if (allowed.empty() || allowed.contains(one.name.inside())) tool(one);
  json_.end_array();
}

void Encoder::tool(const Tool& tool) {
  if (tool.kind == Tool::Kind::kSpace) return;
  if (tool.kind == Tool::Kind::kHosted && may_leave_out(tool, request_))
    return dropped_.add(tool.name.inside());
  if (tool.kind == Tool::Kind::kHosted)
    return refuse("tools",
                  fmt::format("'{}' runs at its own provider, and this model is at another",
                              tool.name.inside()));
  if (tool.strict.value_or(false)) dropped_.add("strict");
  if (!tool.cache_control.empty()) dropped_.add("cache_control");
  json_.object().string("type", "function").object("function");
  json_.text("name", tool.name.inside());
  if (tool.description.is_given()) json_.text("description", tool.description.inside());
  if (tool.kind == Tool::Kind::kCustom) {
    if (!tool.raw.empty()) dropped_.add("format");
    json_.member("parameters", kFreeTextSchema);
  } else {
    json_.member("parameters", tool.schema.empty() ? RawJson(R"({"type":"object","properties":{}})")
                                                   : tool.schema);
  }
  json_.end_object().end_object();
}

void Encoder::format() {
  using Kind = OutputFormat::Kind;
  const OutputFormat& format = request_.format;
  if (format.kind == Kind::kSchema && !format.schema.empty()) {
    json_.member("format", format.schema);
  } else if (format.kind == Kind::kJson || format.kind == Kind::kSchema) {
    json_.string("format", "json");
  }
}

// A model that knows no levels takes one for true.
void Encoder::think() {
  using Effort = Reasoning::Effort;
  const Reasoning& reasoning = request_.reasoning;
  if (!reasoning.is_given()) return;
  const bool has_level = reasoning.effort != Effort::kUnset && reasoning.effort != Effort::kNone;
  if (has_level) {
    const bool is_least = reasoning.effort == Effort::kMinimal;
    const bool is_most = reasoning.effort == Effort::kMax;
    json_.string("think", is_least              ? "low"
                          : is_most && is_own() ? "max"
                          : is_most             ? "high"
                                                : name_of(reasoning.effort));
  } else {
    const bool is_off = reasoning.effort == Effort::kNone || reasoning.budget.value_or(-1) == 0;
    json_.boolean("think", !is_off);
  }
}

void Encoder::settings() {
  std::string settings;
  json::Builder json(settings);
  json.object();
  members(json);
  json.end_object();
  if (settings != "{}") json_.member("options", settings);
}

void Encoder::members(json::Builder& json) {
  const auto number = [&](std::string_view key, RawJson value) {
    if (!value.empty()) json.member(key, value);
  };
  if (request_.max_tokens) json.number("num_predict", *request_.max_tokens);
  number("temperature", request_.temperature);
  number("top_p", request_.top_p);
  number("top_k", request_.top_k);
  number("seed", request_.seed);
  number("frequency_penalty", request_.frequency_penalty);
  number("presence_penalty", request_.presence_penalty);
  if (!request_.stop.empty()) {
    json.array("stop");
    for (const Text& stop : request_.stop) json.text_item(stop.inside());
    json.end_array();
  }
  for (const Extra& extra : request_.extras)
    if (is_own() && extra.key.substr(0, kInOptions.size()) == kInOptions)
      append_extra(json, extra.key.substr(kInOptions.size()), extra.value);
}

void Encoder::others() {
  if (request_.choices > 1) refuse("n", "this model's server gives one answer only");
  if (request_.logprobs) json_.boolean("logprobs", *request_.logprobs);
  if (!request_.top_logprobs.empty()) json_.member("top_logprobs", request_.top_logprobs);
  if (request_.user.is_given()) dropped_.add("user");
  if (!request_.metadata.empty()) dropped_.add("metadata");
  for (const Extra& extra : request_.extras) {
    const bool is_option = extra.key.substr(0, kInOptions.size()) == kInOptions;
    if (is_own() && is_option) continue;
    // Clients of other dialects give it by the server's own name.
    if (is_own() || extra.key == "keep_alive") {
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

}  // namespace omni::llm::ollama
