#include "source/llm/responses/response_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/json/builder.h"
#include "source/llm/parts.h"
#include "source/llm/responses/error.h"
#include "source/llm/responses/history.h"
#include "source/llm/responses/settings_writer.h"
#include "source/llm/responses/usage.h"

namespace omni::llm::responses {
namespace {

constexpr std::string_view kIdPrefix = "resp_";

// Settings that are repeated only where they were given.
constexpr std::array<std::string_view, 5> kRepeated = {"max_tool_calls", "prompt_cache_key",
                                                       "prompt_cache_retention",
                                                       "safety_identifier", "service_tier"};

void raw_or(json::Builder& json, std::string_view key, RawJson value, std::string_view otherwise) {
  json.member(key, value.empty() ? otherwise : value);
}

json::Builder& extra_or(json::Builder& json, const Request& request, std::string_view key,
                        std::string_view otherwise) {
  const Extra* extra = find_extra(request, key);
  return json.member(key, extra != nullptr ? extra->value : otherwise);
}

void write_instructions(json::Builder& json, const Request& request) {
  if (request.messages.empty() || request.messages.front().role != Role::kSystem) {
    json.null("instructions");
    return;
  }
  json.begin_text("instructions");
  append_texts(json.out(), request.messages.front().parts, "\\n");
  json.end_text();
}

void write_before(json::Builder& json, const Request& request) {
  write_instructions(json, request);
  if (request.max_tokens) {
    json.number("max_output_tokens", *request.max_tokens);
  } else {
    json.null("max_output_tokens");
  }
}

void write_reasoning(json::Builder& json, const Request& request) {
  const std::string_view effort = effort_word(request);
  json.object("reasoning").key("effort");
  effort.empty() ? json.item("null") : json.string_item(effort);
  json.key("summary");
  const Text summary = request.reasoning.summary;
  summary.is_given() ? json.text_item(summary.inside()) : json.item("null");
  json.end_object();
}

void write_text(json::Builder& json, const Request& request) {
  json.object("text");
  if (request.format.kind == OutputFormat::Kind::kUnset)
    json.member("format", R"({"type":"text"})");
  write_text_config(json, request);
  json.end_object();
}

void write_tool_settings(json::Builder& json, const Request& request) {
  if (const Extra* choice = find_extra(request, "tool_choice")) {
    json.member("tool_choice", choice->value);
  } else {
    json.key("tool_choice");
    write_tool_choice(json, request);
  }
  json.array("tools");
  write_tools(json, request);
  json.end_array();
}

void write_behind(json::Builder& json, const Request& request, const Keeping* keeping) {
  json.boolean("parallel_tool_calls", request.parallel_tool_calls.value_or(true));
  if (keeping != nullptr && !keeping->previous.empty()) {
    json.member("previous_response_id", keeping->previous);
  } else {
    extra_or(json, request, "previous_response_id", "null");
  }
  write_reasoning(json, request);
  keeping != nullptr ? json.boolean("store", true) : extra_or(json, request, "store", "false");
  raw_or(json, "temperature", request.temperature, "null");
  write_text(json, request);
  write_tool_settings(json, request);
  raw_or(json, "top_logprobs", request.top_logprobs, "0");
  raw_or(json, "top_p", request.top_p, "null");
  extra_or(json, request, "truncation", "\"disabled\"");
  for (const std::string_view key : kRepeated)
    if (const Extra* extra = find_extra(request, key)) json.member(key, extra->value);
}

void write_user(json::Builder& json, const Request& request) {
  if (request.user.is_given()) {
    json.text("user", request.user.inside());
  } else {
    json.null("user");
  }
  raw_or(json, "metadata", request.metadata, "{}");
}

void write_error(json::Builder& json, const Error* error) {
  if (error == nullptr) {
    json.null("error");
    return;
  }
  json.object("error").string("code", failure_code(*error));
  json.string("message", error->message.empty() ? "The answer could not be finished."
                                                : std::string_view(error->message));
  json.end_object();
}

}  // namespace

ResponseObject::ResponseObject(const AnswerOptions& options)
    : model_(options.model),
      fallback_id_(options.fallback_id),
      now_(options.now),
      kept_id_(options.keeping != nullptr ? options.keeping->id : ""),
      is_background_(options.keeping != nullptr && options.keeping->is_background) {
  const Request nothing_asked;
  const Request& request = options.request != nullptr ? *options.request : nothing_asked;
  // Fragments of an object: a comma stands before each member.
  const auto fragment = [&](std::string& out, auto... writers) {
    json::Builder json(out);
    json.object();
    (writers(json, request), ...);
    out.front() = ',';
  };
  fragment(before_, write_before);
  const auto write_kept = [&](json::Builder& json, const Request& asked) {
    write_behind(json, asked, options.keeping);
  };
  fragment(behind_, write_kept, write_user);
}

void ResponseObject::start(const Event& started) {
  id_stem_ = started.id.is_empty() ? fallback_id_ : std::string(started.id.inside());
  // Providers' ids need not be unique, and what is kept goes by its id.
  if (!kept_id_.empty()) id_stem_ = kept_id_;
  if (std::string_view(id_stem_).substr(0, kIdPrefix.size()) == kIdPrefix)
    id_stem_.erase(0, kIdPrefix.size());
  id_ = fmt::format("{}{}", kIdPrefix, id_stem_);
  said_model_ = started.model.inside();
  created_ = started.created_at > 0 ? started.created_at : now_;
}

void ResponseObject::append(std::string& out, const State& state) const {
  json::Builder json(out);
  json.object().text("id", id_).string("object", "response").number("created_at", created_);
  json.string("status", state.status).boolean("background", is_background_);
  write_error(json, state.error);
  if (state.incomplete_reason.empty()) {
    json.null("incomplete_details");
  } else {
    json.object("incomplete_details").string("reason", state.incomplete_reason).end_object();
  }
  out += before_;
  if (said_model_.empty()) {
    json.string("model", model_);
  } else {
    json.text("model", said_model_);
  }
  json.array("output");
  if (!state.output.empty()) json.item(state.output);
  json.end_array();
  out += behind_;
  if (state.usage != nullptr && state.usage->is_known()) {
    json.key("usage");
    append_usage(out, *state.usage);
  } else {
    json.null("usage");
  }
  json.end_object();
}

}  // namespace omni::llm::responses
