#include "source/llm/ollama/request_decoder.h"

#include <fmt/format.h>

#include "source/llm/field_walk.h"
#include "source/llm/ollama/message_reader.h"

namespace omni::llm::ollama {
namespace {

using json::Kind;
using json::Skimmed;

class Decoder {
 public:
  Decoder(Request& out, bool is_generate) : is_generate_(is_generate), out_(out), ids_(out) {
    out.origin = Dialect::kOllama;
  }

  std::optional<CallError> run(std::string_view body) {
    walk_.document(body, [&](const Skimmed& value, const Place& at) {
      return is_generate_ ? generate_member(value, at) : member(value, at);
    });
    if (is_generate_) return finish_generate();
    if (!walk_.error() && out_.messages.empty())
      walk_.fail(Place{nullptr, "messages"}, "must hold at least one message");
    return std::move(walk_.error());
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool generate_member(const Skimmed& value, const Place& at);
  bool only_empty(const Skimmed& value, const Place& at);
  std::optional<CallError> finish_generate();
  bool option(const Skimmed& value, const Place& at);
  bool limit(const Skimmed& value, const Place& at);
  bool stop(const Skimmed& value, const Place& at);
  bool tool(const Skimmed& value, const Place& at);
  bool function(const Skimmed& value, const Place& at, Tool& out);
  bool format(const Skimmed& value, const Place& at);
  bool think(const Skimmed& value, const Place& at);
  bool extra(std::string_view prefix, const Skimmed& value, const Place& at);

  const bool is_generate_;
  FieldWalk walk_;
  Request& out_;
  CallIds ids_;
  Text prompt_, system_;
  std::vector<Part> images_;
};

bool Decoder::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  // Read by the call already.
  if (key == "model" || key == "stream") return true;
  if (key == "messages")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return read_message(walk_, ids_, item, place, out_);
    });
  if (key == "tools")
    return walk_.items(value, at, [&](auto& item, auto& place) { return tool(item, place); });
  if (key == "options")
    return walk_.members(value, at, [&](auto& inner, auto& place) { return option(inner, place); });
  if (key == "format") return format(value, at);
  if (key == "think") return think(value, at);
  if (key == "logprobs") return walk_.boolean(value, at, out_.logprobs);
  if (key == "top_logprobs") return walk_.number(value, at, out_.top_logprobs);
  return extra({}, value, at);
}

bool Decoder::generate_member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "prompt") return walk_.text(value, at, prompt_);
  if (key == "system") return walk_.text(value, at, system_);
  if (key == "images")
    return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
      return read_image(walk_, item, place, images_.emplace_back());
    });
  if (key == "suffix" || key == "template" || key == "context" || key == "raw")
    return only_empty(value, at);
  return member(value, at);
}

// Clients repeat what they were given, and we give nothing of the kind.
bool Decoder::only_empty(const Skimmed& value, const Place& at) {
  const bool is_empty = value.raw == "\"\"" || value.raw == "false" || value.raw == "[]";
  return is_empty || walk_.fail(at, "cannot be told to a chat model");
}

std::optional<CallError> Decoder::finish_generate() {
  if (!walk_.error() && prompt_.is_empty() && images_.empty())
    walk_.fail(Place{nullptr, "prompt"}, "is missing");
  if (walk_.error()) return std::move(walk_.error());
  if (!system_.is_empty())
    out_.messages.push_back({.role = Role::kSystem, .parts = {{.text = system_}}});
  Message& question = out_.messages.emplace_back();
  if (!prompt_.is_empty()) question.parts.push_back({.text = prompt_});
  for (Part& image : images_) question.parts.push_back(std::move(image));
  return std::nullopt;
}

bool Decoder::option(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "temperature") return walk_.number(value, at, out_.temperature);
  if (key == "top_p") return walk_.number(value, at, out_.top_p);
  if (key == "top_k") return walk_.number(value, at, out_.top_k);
  if (key == "frequency_penalty") return walk_.number(value, at, out_.frequency_penalty);
  if (key == "presence_penalty") return walk_.number(value, at, out_.presence_penalty);
  if (key == "seed") return walk_.number(value, at, out_.seed);
  if (key == "num_predict") return limit(value, at);
  if (key == "stop") return stop(value, at);
  return extra(kInOptions, value, at);
}

// -1 is no limit, which is what others do anyway; -2 is what the context has room for.
bool Decoder::limit(const Skimmed& value, const Place& at) {
  std::optional<int64_t> limit;
  if (!walk_.integer(value, at, limit)) return false;
  if (*limit < 0) return extra(kInOptions, value, at);
  out_.max_tokens = limit;
  return true;
}

bool Decoder::stop(const Skimmed& value, const Place& at) {
  if (value.kind == Kind::kString) return walk_.text(value, at, out_.stop.emplace_back());
  return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    return walk_.text(item, place, out_.stop.emplace_back());
  });
}

bool Decoder::tool(const Skimmed& value, const Place& at) {
  Tool& out = out_.tools.emplace_back();
  out.origin = Dialect::kOllama;
  bool has_function = false;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key != "function") return true;
    has_function = true;
    return function(member, place, out);
  });
  return ok && (has_function || walk_.fail(Place{&at, "function"}, "is missing"));
}

bool Decoder::function(const Skimmed& value, const Place& at, Tool& out) {
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "description") return walk_.text(member, place, out.description);
    return member.key != "parameters" || walk_.raw_object(member, place, out.schema);
  });
  return ok && walk_.required(out.name, at, "name");
}

// "json", a schema, or by many clients the empty string for neither.
bool Decoder::format(const Skimmed& value, const Place& at) {
  using Format = OutputFormat::Kind;
  if (value.kind == Kind::kObject) {
    out_.format.kind = Format::kSchema;
    return walk_.raw(value, at, out_.format.schema);
  }
  int index = 0;
  if (!walk_.word(value, at, {"json", ""}, index)) return false;
  if (index == 0) out_.format.kind = Format::kJson;
  return true;
}

bool Decoder::think(const Skimmed& value, const Place& at) {
  using Effort = Reasoning::Effort;
  Reasoning& reasoning = out_.reasoning;
  if (value.kind == Kind::kBoolean) {
    if (value.is_true()) {
      reasoning.budget = -1;
    } else {
      reasoning.effort = Effort::kNone;
    }
    return true;
  }
  int index = 0;
  if (!walk_.word(value, at, {"low", "medium", "high", "max"}, index)) return false;
  constexpr Effort kEfforts[] = {Effort::kLow, Effort::kMedium, Effort::kHigh, Effort::kMax};
  reasoning.effort = kEfforts[index];
  return true;
}

bool Decoder::extra(std::string_view prefix, const Skimmed& value, const Place& at) {
  Extra& out = out_.extras.emplace_back();
  out.key = out_.keep(fmt::format("{}{}", prefix, value.key));
  return walk_.raw(value, at, out.value);
}

}  // namespace

std::optional<CallError> decode_request(std::string_view body, Request& out) {
  return Decoder(out, false).run(body);
}

std::optional<CallError> decode_generate_request(std::string_view body, Request& out) {
  return Decoder(out, true).run(body);
}

}  // namespace omni::llm::ollama
