#include "source/llm/openai/message_reader.h"

#include <fmt/format.h>

#include <utility>

#include "source/llm/signature.h"

namespace omni::llm::openai {
namespace {

using json::Skimmed;

// Reads one message: content comes in the order of the parts, whatever the order of the members.
class MessageReader {
 public:
  MessageReader(FieldWalk& walk, Request& request) : walk_(walk), request_(request) {}

  bool read(const Skimmed& value, const Place& place) {
    const bool ok = walk_.members(
        value, place, [&](const Skimmed& member, const Place& at) { return field(member, at); });
    if (!ok) return false;
    if (!has_role_) return walk_.fail(Place{&place, "role"}, "is missing");
    return finish(place);
  }

 private:
  bool field(const Skimmed& value, const Place& at);
  bool role(const Skimmed& value, const Place& at);
  bool content(const Skimmed& value, const Place& at);
  bool part(const Skimmed& value, const Place& at);
  bool image(const Skimmed& value, const Place& at, Part& out);
  bool audio(const Skimmed& value, const Place& at, Part& out);
  bool file(const Skimmed& value, const Place& at, Part& out);
  bool tool_call(const Skimmed& value, const Place& at);
  bool function(const Skimmed& value, const Place& at, Part& out);
  bool thought_signature(const Skimmed& value, const Place& at, Part& out);
  bool thought(const Skimmed& value, const Place& at);
  bool finish(const Place& place);
  bool finish_tool(const Place& place);

  FieldWalk& walk_;
  Request& request_;
  Message message_;
  bool has_role_ = false, is_legacy_function_ = false;
  Text refusal_, tool_call_id_, reasoning_;
  RawJson cache_control_, audio_;
  std::vector<Part> content_, calls_, thoughts_;
};

bool MessageReader::field(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "role") return role(value, at);
  if (key == "content") return content(value, at);
  if (key == "name") return walk_.text(value, at, message_.name);
  if (key == "tool_call_id") return walk_.text(value, at, tool_call_id_);
  if (key == "refusal") return walk_.text(value, at, refusal_);
  if (key == "reasoning_content" || key == "reasoning")
    return value.kind != json::Kind::kString || walk_.text(value, at, reasoning_);
  if (key == "cache_control") return walk_.raw_object(value, at, cache_control_);
  if (key == "audio") return walk_.raw_object(value, at, audio_);
  if (key == "tool_calls")
    return walk_.items(value, at, [&](auto& item, auto& place) { return tool_call(item, place); });
  if (key == "function_call") {
    Part call{.kind = PartKind::kToolCall};
    if (!function(value, at, call)) return false;
    call.id = call.name;
    calls_.push_back(std::move(call));
    return true;
  }
  if (key == "reasoning_details" || key == "thinking_blocks")
    return walk_.items(value, at, [&](auto& item, auto& place) { return thought(item, place); });
  return true;
}

bool MessageReader::role(const Skimmed& value, const Place& at) {
  int index = 0;
  if (!walk_.word(value, at, {"system", "developer", "user", "assistant", "tool", "function"},
                  index))
    return false;
  has_role_ = true;
  is_legacy_function_ = index == 5;
  message_.role = is_legacy_function_ ? Role::kTool : static_cast<Role>(index);
  return true;
}

bool MessageReader::content(const Skimmed& value, const Place& at) {
  if (value.kind == json::Kind::kString) {
    Part& text = content_.emplace_back();
    return walk_.text(value, at, text.text);
  }
  if (value.kind != json::Kind::kArray)
    return walk_.fail(at, "must be a string or an array of parts");
  return walk_.items(value, at, [&](auto& item, auto& place) { return part(item, place); });
}

bool MessageReader::part(const Skimmed& value, const Place& at) {
  Part out;
  Text type;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    const std::string_view key = member.key;
    if (key == "type") return walk_.text(member, place, type);
    if (key == "text") return walk_.text(member, place, out.text);
    if (key == "refusal") {
      out.kind = PartKind::kRefusal;
      return walk_.text(member, place, out.text);
    }
    if (key == "image_url") return image(member, place, out);
    if (key == "input_audio") return audio(member, place, out);
    if (key == "file") return file(member, place, out);
    if (key == "cache_control") return walk_.raw_object(member, place, out.cache_control);
    return true;
  });
  if (!ok || !walk_.required(type, at, "type")) return false;
  const PartKind said = type.is("text")          ? PartKind::kText
                        : type.is("refusal")     ? PartKind::kRefusal
                        : type.is("image_url")   ? PartKind::kImage
                        : type.is("input_audio") ? PartKind::kAudio
                        : type.is("file")        ? PartKind::kFile
                                                 : PartKind::kOpaque;
  if (said == PartKind::kOpaque)
    return walk_.fail(Place{&at, "type"},
                      fmt::format("'{}' is not a known kind of content", type.inside()));
  if (said != out.kind || (said == PartKind::kText && !out.text.is_given()))
    return walk_.fail(Place{&at, type.inside()}, "is missing");
  content_.push_back(std::move(out));
  return true;
}

// {"url": ...}, or by many clients the address itself.
bool MessageReader::image(const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kImage;
  Text url;
  if (value.kind == json::Kind::kString) {
    if (!walk_.text(value, at, url)) return false;
  } else {
    const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
      if (member.key == "url") return walk_.text(member, place, url);
      if (member.key == "detail") return walk_.text(member, place, out.media.detail);
      return true;
    });
    if (!ok || !walk_.required(url, at, "url")) return false;
  }
  std::string_view type, data;
  if (!split_data_url(url.inside(), type, data)) return out.media.url = url, true;
  out.media.media_type = Text(type);
  out.media.data = Text(data);
  return true;
}

bool MessageReader::audio(const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kAudio;
  Text format;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "data") return walk_.text(member, place, out.media.data);
    if (member.key == "format") return walk_.text(member, place, format);
    return true;
  });
  if (!ok || !walk_.required(out.media.data, at, "data") || !walk_.required(format, at, "format"))
    return false;
  out.media.media_type = Text(request_.keep(fmt::format("audio/{}", format.inside())));
  return true;
}

bool MessageReader::file(const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kFile;
  Text data;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "file_data") return walk_.text(member, place, data);
    if (member.key == "file_id") return walk_.text(member, place, out.media.file_id);
    if (member.key == "filename") return walk_.text(member, place, out.media.filename);
    return true;
  });
  if (!ok) return false;
  if (!data.is_given() && !out.media.file_id.is_given())
    return walk_.fail(at, "needs file_data or file_id");
  std::string_view type, bytes;
  if (split_data_url(data.inside(), type, bytes)) {
    out.media.media_type = Text(type);
    out.media.data = Text(bytes);
  } else if (data.inside().substr(0, 4) == "http") {
    out.media.url = data;
  } else if (data.is_given()) {
    out.media.media_type = Text("application/pdf");
    out.media.data = data;
  }
  return !out.media.is_empty() || walk_.fail(at, "must not be empty");
}

bool MessageReader::tool_call(const Skimmed& value, const Place& at) {
  Part out{.kind = PartKind::kToolCall};
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "id") return walk_.text(member, place, out.id);
    if (member.key == "function") return function(member, place, out);
    if (member.key == "custom") return out.is_custom = true, function(member, place, out);
    if (member.key == "extra_content") return thought_signature(member, place, out);
    if (member.key == "cache_control") return walk_.raw_object(member, place, out.cache_control);
    return true;
  });
  if (!ok || !walk_.required(out.id, at, "id")) return false;
  if (!walk_.required(out.name, Place{&at, out.is_custom ? "custom" : "function"}, "name"))
    return false;
  calls_.push_back(std::move(out));
  return true;
}

bool MessageReader::function(const Skimmed& value, const Place& at, Part& out) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "input") return walk_.text(member, place, out.arguments_text);
    if (member.key != "arguments") return true;
    // Some clients send the object itself.
    if (member.kind == json::Kind::kObject) return walk_.raw(member, place, out.arguments);
    return walk_.text(member, place, out.arguments_text);
  });
}

// {"google": {"thought_signature": ...}} (ai.google.dev/gemini-api/docs/thought-signatures).
bool MessageReader::thought_signature(const Skimmed& value, const Place& at, Part& out) {
  return walk_.members(value, at, [&](const Skimmed& vendor, const Place& place) {
    if (vendor.key != "google") return true;
    return walk_.members(vendor, place, [&](const Skimmed& member, const Place& inner) {
      Text text;
      if (member.key != "thought_signature") return true;
      if (!walk_.text(member, inner, text)) return false;
      if (text.is_given()) out.signature = signature_in(Dialect::kGemini, text);
      return true;
    });
  });
}

// Of reasoning_details: reasoning.text {text, signature}, reasoning.summary {summary} and
// reasoning.encrypted {data} (openrouter.ai/docs/use-cases/reasoning-tokens). Of thinking_blocks:
// Anthropic's own {thinking, signature} and {data}.
bool MessageReader::thought(const Skimmed& value, const Place& at) {
  Part out{.kind = PartKind::kReasoning};
  Text signature, data;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    const std::string_view key = member.key;
    if (key == "text" || key == "summary" || key == "thinking")
      return walk_.text(member, place, out.text);
    if (key == "signature") return walk_.text(member, place, signature);
    if (key == "data") return walk_.text(member, place, data);
    return true;
  });
  if (!ok) return false;
  if (signature.is_given()) out.signature = signature_in(Dialect::kAnthropic, signature);
  if (data.is_given()) out.redacted = signature_in(Dialect::kAnthropic, data);
  thoughts_.push_back(std::move(out));
  return true;
}

bool MessageReader::finish(const Place& place) {
  if (message_.role != Role::kAssistant && !calls_.empty())
    return walk_.fail(Place{&place, "tool_calls"},
                      "stands in messages of the role 'assistant' only");
  if (message_.role == Role::kTool) return finish_tool(place);
  // Details say the same as the plain text, and more.
  if (thoughts_.empty() && reasoning_.is_given() && !reasoning_.is_empty())
    thoughts_.push_back({.kind = PartKind::kReasoning, .text = reasoning_});
  if (refusal_.is_given() && !refusal_.is_empty())
    content_.push_back({.kind = PartKind::kRefusal, .text = refusal_});
  // An earlier answer, which its provider keeps by an id.
  if (message_.role == Role::kAssistant && !audio_.empty())
    content_.push_back({.kind = PartKind::kOpaque, .raw = audio_});
  for (auto* row : {&thoughts_, &content_, &calls_})
    for (Part& part : *row) message_.parts.push_back(std::move(part));
  if (!cache_control_.empty() && !message_.parts.empty())
    message_.parts.back().cache_control = cache_control_;
  request_.messages.push_back(std::move(message_));
  return true;
}

bool MessageReader::finish_tool(const Place& place) {
  Part result{.kind = PartKind::kToolResult};
  result.id = is_legacy_function_ ? message_.name : tool_call_id_;
  if (!walk_.required(result.id, place, is_legacy_function_ ? "name" : "tool_call_id"))
    return false;
  result.name = message_.name;
  result.content = std::move(content_);
  result.cache_control = cache_control_;
  // One marker stays one: the vendor that reads it takes four.
  if (cache_control_.empty() && !result.content.empty())
    result.cache_control = std::exchange(result.content.back().cache_control, RawJson());
  message_.parts.push_back(std::move(result));
  request_.messages.push_back(std::move(message_));
  return true;
}

}  // namespace

bool read_message(FieldWalk& walk, const Skimmed& value, const Place& place, Request& request) {
  return MessageReader(walk, request).read(value, place);
}

}  // namespace omni::llm::openai
