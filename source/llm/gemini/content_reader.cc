#include "source/llm/gemini/content_reader.h"

#include <algorithm>

#include "source/llm/gemini/names.h"
#include "source/llm/gemini/signature_field.h"

namespace omni::llm::gemini {
namespace {

using json::Kind;
using json::Skimmed;

class ContentReader {
 public:
  ContentReader(FieldWalk& walk, CallIds* ids, Request& request)
      : walk_(walk), ids_(ids), request_(request) {}

  bool read(const Skimmed& value, const Place& place) {
    bool has_parts = false;
    // The role, wherever it stands, says what the parts may be.
    const bool has_role = walk_.members(value, place, [&](const Skimmed& member, const Place& at) {
      return member.key != "role" || role(member, at);
    });
    if (!has_role) return false;
    const bool ok = walk_.members(value, place, [&](const Skimmed& member, const Place& at) {
      if (member.key != "parts") return true;
      has_parts = true;
      return walk_.items(member, at, [&](auto& item, auto& where) { return part(item, where); });
    });
    return ok && finish(place, has_parts);
  }

 private:
  // What a part says beside its content.
  struct Said {
    int contents = 0;
    std::optional<bool> is_thought;
    Text signature;
    bool is_verbatim = false;  // Only the vendor knows all of it.
  };

  bool role(const Skimmed& value, const Place& at);
  bool part(const Skimmed& value, const Place& at);
  bool member(const Skimmed& value, const Place& at, Part& out, Said& said);
  bool content(const Skimmed& value, const Place& at, Part& out, bool& is_content);
  bool blob(const Skimmed& value, const Place& at, Part& out);
  bool file(const Skimmed& value, const Place& at, Part& out);
  bool call(const Skimmed& value, const Place& at, Part& out);
  bool response(const Skimmed& value, const Place& at, Part& out);
  bool response_part(const Skimmed& value, const Place& at, Part& out);
  void response_text(Part& out);
  void note_own(std::string_view key, Part& out);
  bool add(Part&& part, const Said& said, const Place& at);
  bool check_side(const Part& part, const Place& at);
  Text standard_base64(Text data);
  bool finish(const Place& place, bool has_parts);

  FieldWalk& walk_;
  CallIds* const ids_;  // Null in the system's instruction, which has no calls.
  Request& request_;
  bool is_model_ = false;
  std::vector<Part> parts_, results_;
};

bool ContentReader::role(const Skimmed& value, const Place& at) {
  if (value.raw == "\"\"" || ids_ == nullptr) return true;
  int index = 0;
  // "function" is what the role of a function's response was called first.
  if (!walk_.word(value, at, {"user", "model", "function"}, index)) return false;
  is_model_ = index == 1;
  return true;
}

bool ContentReader::part(const Skimmed& value, const Place& at) {
  Part out;
  Said said;
  const bool ok = walk_.members(value, at, [&](const Skimmed& inner, const Place& place) {
    return member(inner, place, out, said);
  });
  if (!ok) return false;
  if (said.contents > 1) return walk_.fail(at, "holds two kinds of content");
  if (said.contents == 0 && !said.signature.is_given()) return walk_.fail(at, "has no content");
  if (said.is_verbatim || out.kind == PartKind::kOpaque) {
    out.origin = Dialect::kGemini;
    if (!walk_.raw(value, at, out.raw)) return false;
  }
  return add(std::move(out), said, at);
}

bool ContentReader::member(const Skimmed& value, const Place& at, Part& out, Said& said) {
  const std::string_view key = value.key;
  if (key == "thought") return walk_.boolean(value, at, said.is_thought);
  if (is_key(key, "thoughtSignature")) return walk_.text(value, at, said.signature);
  if (is_key(key, "videoMetadata") || is_key(key, "mediaResolution") || is_key(key, "partMetadata"))
    return note_own(key, out), said.is_verbatim = true;
  bool is_content = true;
  if (!content(value, at, out, is_content)) return false;
  if (is_content) ++said.contents;
  return true;
}

void ContentReader::note_own(std::string_view key, Part& out) {
  std::string names(out.own_members);
  if (!names.empty()) names += ',';
  names += key;
  out.own_members = request_.keep(std::move(names));
}

bool ContentReader::content(const Skimmed& value, const Place& at, Part& out, bool& is_content) {
  const std::string_view key = value.key;
  if (key == "text") return walk_.text(value, at, out.text);
  if (is_key(key, "inlineData")) return blob(value, at, out);
  if (is_key(key, "fileData")) return file(value, at, out);
  if (is_key(key, "functionCall")) return call(value, at, out);
  if (is_key(key, "functionResponse")) return response(value, at, out);
  for (const std::string_view known :
       {"executableCode", "codeExecutionResult", "toolCall", "toolResponse"})
    if (is_key(key, known)) return out.kind = PartKind::kOpaque, true;
  is_content = false;
  return true;
}

// The vendor takes both alphabets of RFC 4648 and no padding; others the first, padded.
Text ContentReader::standard_base64(Text data) {
  const std::string_view inside = data.inside();
  if (inside.size() % 4 == 0 && inside.find_first_of("-_\\") == std::string_view::npos) return data;
  std::string plain = data.decoded();
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  while (plain.size() % 4 != 0) plain += '=';
  std::string escaped;
  append_escaped(escaped, plain);
  return Text(request_.keep(std::move(escaped)));
}

bool ContentReader::blob(const Skimmed& value, const Place& at, Part& out) {
  Media& media = out.media;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (is_key(member.key, "mimeType")) return walk_.text(member, place, media.media_type);
    if (member.key == "data") return walk_.text(member, place, media.data);
    if (is_key(member.key, "displayName")) return walk_.text(member, place, media.filename);
    return true;
  });
  if (!ok || !walk_.required(media.media_type, at, "mimeType") ||
      !walk_.required(media.data, at, "data"))
    return false;
  media.data = standard_base64(media.data);
  out.kind = kind_of_type(media.media_type.inside());
  return true;
}

bool ContentReader::file(const Skimmed& value, const Place& at, Part& out) {
  Media& media = out.media;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (is_key(member.key, "mimeType")) return walk_.text(member, place, media.media_type);
    if (is_key(member.key, "fileUri")) return walk_.text(member, place, media.url);
    if (is_key(member.key, "displayName")) return walk_.text(member, place, media.filename);
    return true;
  });
  if (!ok || !walk_.required(media.url, at, "fileUri")) return false;
  const std::string_view type =
      media.media_type.is_given() ? media.media_type.inside() : type_of_url(media.url.inside());
  out.kind = kind_of_type(type);
  return true;
}

bool ContentReader::call(const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kToolCall;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "id") return walk_.text(member, place, out.id);
    if (member.key == "name") return walk_.text(member, place, out.name);
    return member.key != "args" || walk_.raw_object(member, place, out.arguments);
  });
  if (out.arguments.empty()) out.arguments = "{}";
  return ok && walk_.required(out.name, at, "name");
}

bool ContentReader::response(const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kToolResult;
  out.structured = "{}";
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "id") return walk_.text(member, place, out.id);
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key == "response") return walk_.raw_object(member, place, out.structured);
    if (member.key != "parts") return true;
    return walk_.items(member, place, [&](const Skimmed& item, const Place& inner) {
      return response_part(item, inner, out);
    });
  });
  if (!ok || !walk_.required(out.name, at, "name")) return false;
  response_text(out);
  return true;
}

bool ContentReader::response_part(const Skimmed& value, const Place& at, Part& out) {
  Part media;
  bool is_media = false;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (is_key(member.key, "inlineData")) return is_media = true, blob(member, place, media);
    if (is_key(member.key, "fileData")) return is_media = true, file(member, place, media);
    return true;
  });
  if (ok && is_media) out.content.push_back(std::move(media));
  return ok;
}

// What another dialect shows of the response object: the text alone where the object is nothing but
// the vendor's wrapping of one ("output" and "error" of FunctionResponse.response, and the "result"
// of the vendor's own clients), else the object.
void ContentReader::response_text(Part& out) {
  Part text;
  int members = 0;
  json::Skimmer skimmer(out.structured, Kind::kObject);
  for (Skimmed member; skimmer.next(member); ++members) {
    const bool is_error = member.key == "error";
    if (members > 0 || member.kind != Kind::kString ||
        (!is_error && member.key != "result" && member.key != "output"))
      continue;
    if (!Text::of(member, text.text).ok()) continue;
    out.is_error = is_error;
  }
  if (members != 1 || !text.text.is_given()) {
    out.is_error = false;
    std::string whole;
    append_escaped(whole, out.structured);
    text.text = Text(request_.keep(std::move(whole)));
  }
  out.content.insert(out.content.begin(), std::move(text));
}

bool ContentReader::check_side(const Part& part, const Place& at) {
  if (part.kind == PartKind::kToolCall && !is_model_)
    return walk_.fail(Place{&at, "functionCall"}, "stands in content of the role 'model' only");
  if (part.kind == PartKind::kToolResult && is_model_)
    return walk_.fail(Place{&at, "functionResponse"}, "stands in content of the role 'user' only");
  return true;
}

bool ContentReader::add(Part&& part, const Said& said, const Place& at) {
  if (ids_ == nullptr && part.kind != PartKind::kText)
    return walk_.fail(at, "holds more than text");
  if (!check_side(part, at)) return false;
  if (said.signature.is_given())
    read_signature(said.signature, request_, part.signature, part.redacted);
  const bool has_proof = part.signature.value.is_given() || part.redacted.value.is_given();
  const bool is_thought = said.is_thought.value_or(false);
  // A proof without text stands for itself, as reasoning of which nothing can be read.
  if (part.kind == PartKind::kText && (is_thought || (has_proof && part.text.is_empty())))
    part.kind = PartKind::kReasoning;
  // Streams tell a thought's proof in an empty part behind its text.
  if (is_thought && has_proof && part.text.is_empty() && !parts_.empty() &&
      parts_.back().kind == PartKind::kReasoning) {
    Part& last = parts_.back();
    if (part.redacted.value.is_given() && !last.redacted.value.is_given())
      return last.redacted = part.redacted, true;
    if (part.signature.value.is_given() && !last.signature.value.is_given())
      return last.signature = part.signature, true;
  }
  (part.kind == PartKind::kToolResult ? results_ : parts_).push_back(std::move(part));
  return true;
}

bool ContentReader::finish(const Place& place, bool has_parts) {
  if (!has_parts && !is_model_) return walk_.fail(Place{&place, "parts"}, "is missing");
  for (std::vector<Part>* row : {&results_, &parts_})
    for (Part& part : *row) {
      if (part.kind == PartKind::kToolCall) part.id = ids_->of_call(part.id, part.name);
      if (part.kind == PartKind::kToolResult) part.id = ids_->of_result(part.id, part.name);
    }
  if (!results_.empty())
    request_.messages.push_back({.role = Role::kTool, .parts = std::move(results_)});
  const Role role = ids_ == nullptr ? Role::kSystem : is_model_ ? Role::kAssistant : Role::kUser;
  // A model that had no room to answer leaves an empty turn behind.
  if (!parts_.empty()) request_.messages.push_back({.role = role, .parts = std::move(parts_)});
  return true;
}

}  // namespace

bool read_content(FieldWalk& walk, CallIds& ids, const Skimmed& value, const Place& place,
                  Request& request) {
  return ContentReader(walk, &ids, request).read(value, place);
}

bool read_system(FieldWalk& walk, const Skimmed& value, const Place& place, Request& request) {
  if (value.kind != Kind::kString) return ContentReader(walk, nullptr, request).read(value, place);
  Message message{.role = Role::kSystem};
  if (!walk.text(value, place, message.parts.emplace_back().text)) return false;
  request.messages.push_back(std::move(message));
  return true;
}

}  // namespace omni::llm::gemini
