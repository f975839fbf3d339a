#include "source/llm/gemini/request_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/llm/gemini/config_reader.h"
#include "source/llm/gemini/config_writer.h"
#include "source/llm/gemini/content_writer.h"
#include "source/llm/gemini/names.h"
#include "source/llm/parts.h"
#include "source/llm/tool_names.h"

namespace omni::llm::gemini {
namespace {

bool is_system(const Message& message) {
  return message.role == Role::kSystem || message.role == Role::kDeveloper;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

class Encoder {
 public:
  Encoder(const Request& request, const RequestOptions& options)
      : request_(request), options_(options), json_(body_) {}

  EncodeResult run() {
    if (request_.choices > kMostCandidates)
      error_ = CallError{400, "unsupported_value", "n: this model gives at most 8 choices.", "n"};
    body_.reserve(1024);
    json_.object();
    contents();
    tools();
    tool_config();
    write_config(json_, request_, options_, dropped_);
    others();
    json_.end_object();
    if (error_) return std::move(*error_);
    return EncodedRequest{std::move(body_), dropped_.take()};
  }

 private:
  void contents();
  void system(bool as_contents);
  void tools();
  void function(const Tool& tool);
  void tool_config();
  void calling();
  void others();
  void extra(const Extra& extra);
  bool is_own() const { return request_.origin == Dialect::kGemini; }

  const Request& request_;
  const RequestOptions& options_;
  std::string body_;
  json::Builder json_;
  Dropped dropped_;
  std::optional<CallError> error_;
};

// All that the system says is one instruction, wherever it stood. Contents may not be empty: where
// nobody else speaks, it is what the user says.
void Encoder::contents() {
  // Clients of the vendor's own dialect know its rules.
  const bool needs_proof = !is_own() && is_third_generation(options_.model);
  ContentWriter writer(json_, request_, needs_proof, dropped_, error_);
  json_.array("contents");
  for (const Message& message : request_.messages)
    if (!is_system(message)) writer.write(message);
  writer.finish();
  const bool is_alone = !writer.has_written();
  if (is_alone) system(true);
  json_.end_array();
  if (!is_alone) system(false);
}

void Encoder::system(bool as_contents) {
  bool is_open = false;
  for (const Message& message : request_.messages) {
    if (!is_system(message)) continue;
    for (const Part& part : message.parts) {
      if (!part.cache_control.empty()) dropped_.add("cache_control");
      if (part.text.is_empty()) continue;
      if (!std::exchange(is_open, true)) {
        if (as_contents) {
          json_.object().string("role", "user");
        } else {
          json_.object("systemInstruction");
        }
        json_.array("parts");
      }
      json_.object().text("text", part.text.inside()).end_object();
    }
  }
  if (is_open) json_.end_array().end_object();
}

void Encoder::tools() {
  if (request_.tools.empty()) return;
  bool is_open = false;
  json_.array("tools");
  for (const Tool& tool : request_.tools) {
    if (tool.kind == Tool::Kind::kHosted || tool.kind == Tool::Kind::kSpace) continue;
    if (!std::exchange(is_open, true)) json_.object().array("functionDeclarations");
    function(tool);
  }
  if (is_open) json_.end_array().end_object();
  for (const Tool& tool : request_.tools) {
    if (tool.kind != Tool::Kind::kHosted) continue;
    if (tool.origin == Dialect::kGemini) {
      json_.item(tool.raw);
    } else if (may_leave_out(tool, request_)) {
      dropped_.add(tool.name.inside());
    } else if (!error_) {
      error_ = CallError{400, "unsupported_value",
                         fmt::format("tools: '{}' runs at its own provider, and this model is at "
                                     "another",
                                     tool.name.inside()),
                         "tools"};
    }
  }
  json_.end_array();
}

// `parametersJsonSchema` takes JSON Schema as it is; `parameters` is the older OpenAPI subset,
// which knows neither $ref nor additionalProperties (ai.google.dev/api/caching
// #FunctionDeclaration).
void Encoder::function(const Tool& tool) {
  if (!tool.cache_control.empty()) dropped_.add("cache_control");
  if (tool.origin == Dialect::kGemini && !tool.raw.empty()) {
    json_.item(tool.raw);
    return;
  }
  if (tool.strict.value_or(false)) dropped_.add("strict");
  json_.object().begin_text("name");
  append_wire_name(body_, tool.name, kGeminiNames);
  json_.end_text();
  if (tool.description.is_given()) json_.text("description", tool.description.inside());
  if (tool.kind == Tool::Kind::kCustom) {
    if (!tool.raw.empty()) dropped_.add("format");
    json_.member("parametersJsonSchema", kFreeTextSchema);
  } else if (!tool.schema.empty()) {
    json_.member("parametersJsonSchema", tool.schema);
  }
  json_.end_object();
}

void Encoder::tool_config() {
  if (request_.parallel_tool_calls && !*request_.parallel_tool_calls)
    dropped_.add("parallel_tool_calls");
  const auto is_config = [](const Extra& extra) { return begins_with(extra.key, kInToolConfig); };
  const bool has_extras =
      is_own() && std::any_of(request_.extras.begin(), request_.extras.end(), is_config);
  const bool has_choice =
      request_.tool_choice.kind != ToolChoice::Kind::kUnset && !request_.tools.empty();
  if (!has_extras && !has_choice) return;
  json_.object("toolConfig");
  if (has_choice) calling();
  for (const Extra& extra : request_.extras)
    if (has_extras && is_config(extra) && !begins_with(extra.key, kInCalling))
      append_extra(json_, extra.key.substr(kInToolConfig.size()), extra.value);
  json_.end_object();
}

void Encoder::calling() {
  constexpr std::string_view kModes[] = {"", "AUTO", "NONE", "ANY", "ANY"};
  const ToolChoice& choice = request_.tool_choice;
  // AUTO takes no names; VALIDATED leaves the model the same choice and does.
  const bool narrows = choice.kind == ToolChoice::Kind::kAuto && !choice.names.empty();
  std::string_view mode = narrows ? "VALIDATED" : kModes[static_cast<size_t>(choice.kind)];
  json_.object("functionCallingConfig");
  for (const Extra& extra : request_.extras) {
    if (!is_own() || !begins_with(extra.key, kInCalling)) continue;
    const std::string_view key = extra.key.substr(kInCalling.size());
    if (key == "mode") mode = extra.value.substr(1, extra.value.size() - 2);
    if (key != "mode") append_extra(json_, key, extra.value);
  }
  json_.string("mode", mode);
  if (!choice.names.empty()) {
    json_.array("allowedFunctionNames");
    for (const Text& name : choice.names) {
      std::string wire;
      append_wire_name(wire, name, kGeminiNames);
      json_.text_item(wire);
    }
    json_.end_array();
  }
  json_.end_object();
}

void Encoder::others() {
  if (request_.user.is_given()) dropped_.add("user");
  if (!request_.metadata.empty()) dropped_.add("metadata");
  for (const Extra& extra : request_.extras) {
    const bool is_inner =
        begins_with(extra.key, kInConfig) || begins_with(extra.key, kInToolConfig);
    if (is_own() && is_inner) continue;
    // Clients of other dialects give these by the vendor's own name.
    const bool is_known = is_key(extra.key, "safetySettings") || is_key(extra.key, "cachedContent");
    if (is_own() || is_known) {
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

}  // namespace omni::llm::gemini
