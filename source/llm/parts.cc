#include "source/llm/parts.h"

#include <algorithm>

#include "source/json/valid.h"

namespace omni::llm {
namespace {

constexpr size_t kMaxNames = 64, kMaxName = 128;

}  // namespace

void Dropped::add(std::string_view name) {
  std::string clean(name.substr(0, kMaxName));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
  if (names_.size() >= kMaxNames || std::find(names_.begin(), names_.end(), clean) != names_.end())
    return;
  names_.push_back(std::move(clean));
}

void Dropped::add_each(std::string_view names) {
  while (!names.empty()) {
    const size_t size = std::min(names.find(','), names.size());
    add(names.substr(0, size));
    names.remove_prefix(std::min(size + 1, names.size()));
  }
}

SettingNames setting_names(Dialect origin) {
  if (origin == Dialect::kGemini)
    return {"stopSequences", "topP", "topK", "frequencyPenalty", "presencePenalty"};
  const std::string_view stop = origin == Dialect::kAnthropic ? "stop_sequences" : "stop";
  return {stop, "top_p", "top_k", "frequency_penalty", "presence_penalty"};
}

void append_extra(json::Builder& json, std::string_view key, RawJson value) {
  std::string escaped;
  append_escaped(escaped, key);
  json.member(escaped, value);
}

void append_texts(std::string& out, const std::vector<Part>& parts, std::string_view separator) {
  bool is_first = true;
  for (const Part& part : parts) {
    if (part.kind != PartKind::kText && part.kind != PartKind::kRefusal) continue;
    if (!std::exchange(is_first, false)) out += separator;
    out += part.text.inside();
  }
}

bool has_text(const std::vector<Part>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const Part& part) {
    return part.kind == PartKind::kText && !part.text.is_empty();
  });
}

bool has_kind(const std::vector<Part>& parts, PartKind kind) {
  return std::any_of(parts.begin(), parts.end(),
                     [kind](const Part& part) { return part.kind == kind; });
}

void append_arguments_object(std::string& out, const Part& call) {
  if (!call.arguments.empty()) {
    out += call.arguments;
    return;
  }
  const std::string text = call.arguments_text.decoded();
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    out += "{}";
  } else if (!call.is_custom && text[first] == '{' && json::is_valid(text)) {
    out += text;
  } else {
    json::Builder(out)
        .object()
        .text(call.is_custom ? "input" : "_arguments", call.arguments_text.inside())
        .end_object();
  }
}

void append_arguments_text(std::string& out, const Part& call) {
  if (!call.arguments.empty()) return append_escaped(out, call.arguments);
  if (call.arguments_text.is_empty() && !call.is_custom) {
    out += "{}";
  } else {
    out += call.arguments_text.inside();
  }
}

bool may_leave_out(const Tool& hosted, const Request& request) {
  const auto is_own = [](const Tool& tool) {
    return tool.kind == Tool::Kind::kFunction || tool.kind == Tool::Kind::kCustom;
  };
  const auto names_it = [&](const Text& name) { return name.inside() == hosted.name.inside(); };
  // A choice of a hosted tool has a form of its own in Responses.
  const auto is_choice = [](const Extra& extra) { return extra.key == "tool_choice"; };
  const std::vector<Text>& names = request.tool_choice.names;
  return std::any_of(request.tools.begin(), request.tools.end(), is_own) &&
         std::none_of(names.begin(), names.end(), names_it) &&
         std::none_of(request.extras.begin(), request.extras.end(), is_choice);
}

bool takes_user(Text user, bool is_strict) {
  constexpr size_t kVendor = 64, kOthers = 128;
  return user.decoded().size() <= (is_strict ? kVendor : kOthers);
}

void append_media_url(std::string& out, const Media& media) {
  if (!media.data.is_given()) {
    out += media.url.inside();
    return;
  }
  out += "data:";
  out += media.media_type.is_given() ? media.media_type.inside()
                                     : std::string_view("application/octet-stream");
  out += ";base64,";
  out += media.data.inside();
}

int64_t budget_of(Reasoning::Effort effort) {
  switch (effort) {
    case Reasoning::Effort::kUnset:
      return -1;
    case Reasoning::Effort::kNone:
      return 0;
    case Reasoning::Effort::kMinimal:
    case Reasoning::Effort::kLow:
      return 1024;
    case Reasoning::Effort::kMedium:
      return 10240;
    default:
      return 32768;
  }
}

Reasoning::Effort effort_of(int64_t budget) {
  if (budget < 0) return Reasoning::Effort::kMedium;
  if (budget == 0) return Reasoning::Effort::kNone;
  if (budget <= 1024) return Reasoning::Effort::kLow;
  return budget <= 10240 ? Reasoning::Effort::kMedium : Reasoning::Effort::kHigh;
}

std::string_view name_of(Reasoning::Effort effort) {
  constexpr std::string_view kNames[] = {"", "none", "minimal", "low", "medium", "high", "xhigh"};
  return kNames[static_cast<size_t>(effort)];
}

}  // namespace omni::llm
