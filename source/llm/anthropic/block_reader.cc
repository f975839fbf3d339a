#include "source/llm/anthropic/block_reader.h"

#include <fmt/format.h>

#include <utility>

#include "source/llm/signature.h"

namespace omni::llm::anthropic {
namespace {

using json::Skimmed;

// The members of one block, whatever its kind: the kind may be told last.
struct Block {
  Text type, text, thinking, signature, data, id, name, tool_use_id, tool_name, title;
  std::optional<Skimmed> source, content;
  RawJson input, cache_control, citations;
  bool has_context = false, may_cite = false;
  std::optional<bool> is_error;
};

class BlockReader {
 public:
  BlockReader(FieldWalk& walk, Request& request, std::vector<Part>& out)
      : walk_(walk), request_(request), out_(out) {}

  bool read(const Skimmed& value, const Place& at);

 private:
  bool field(const Skimmed& value, const Place& at, Block& block);
  bool text(const Block& block, const Place& at);
  bool media(const Block& block, const Skimmed& value, const Place& at, PartKind kind);
  std::string_view own_members(const Block& block) const;
  bool source(const Skimmed& value, const Place& at, const Block& block, Part& part);
  bool tool_use(const Block& block, const Place& at);
  bool tool_result(const Block& block, const Place& at);
  bool tool_reference(const Block& block, const Skimmed& value, const Place& at);
  bool search_result(const Block& block, const Skimmed& value, const Place& at);
  bool thinking(const Block& block);
  Part& add(PartKind kind, const Block& block) {
    Part& part = out_.emplace_back();
    part.kind = kind;
    part.origin = Dialect::kAnthropic;
    part.cache_control = block.cache_control;
    return part;
  }

  FieldWalk& walk_;
  Request& request_;
  std::vector<Part>& out_;
};

bool BlockReader::read(const Skimmed& value, const Place& at) {
  Block block;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    return field(member, place, block);
  });
  if (!ok || !walk_.required(block.type, at, "type")) return false;
  const std::string_view type = block.type.inside();
  if (type == "text") return text(block, at);
  if (type == "image") return media(block, value, at, PartKind::kImage);
  if (type == "document") return media(block, value, at, PartKind::kFile);
  if (type == "tool_use") return tool_use(block, at);
  if (type == "tool_result") return tool_result(block, at);
  if (type == "tool_reference") return tool_reference(block, value, at);
  if (type == "search_result") return search_result(block, value, at);
  if (type == "thinking" || type == "redacted_thinking") return thinking(block);
  // What the provider's own tools said: for the provider alone.
  Part& part = add(PartKind::kOpaque, block);
  part.name = block.type;
  return walk_.raw(value, at, part.raw);
}

bool BlockReader::field(const Skimmed& value, const Place& at, Block& block) {
  const std::string_view key = value.key;
  if (key == "type") return walk_.text(value, at, block.type);
  if (key == "text") return walk_.text(value, at, block.text);
  if (key == "thinking") return walk_.text(value, at, block.thinking);
  if (key == "signature") return walk_.text(value, at, block.signature);
  if (key == "data") return walk_.text(value, at, block.data);
  if (key == "id") return walk_.text(value, at, block.id);
  if (key == "name") return walk_.text(value, at, block.name);
  if (key == "tool_use_id") return walk_.text(value, at, block.tool_use_id);
  if (key == "tool_name") return walk_.text(value, at, block.tool_name);
  if (key == "title" && value.kind == json::Kind::kString)
    return walk_.text(value, at, block.title);
  if (key == "input") return walk_.raw_object(value, at, block.input);
  if (key == "cache_control") return walk_.raw_object(value, at, block.cache_control);
  if (key == "is_error") return walk_.boolean(value, at, block.is_error);
  if (key == "source") block.source = value;
  if (key == "content") block.content = value;
  if (key == "context") block.has_context = value.kind == json::Kind::kString;
  // {"enabled": true}: the model may say what of a document it quotes.
  if (key == "citations" && value.kind == json::Kind::kObject)
    block.may_cite = value.raw.find("true") != std::string_view::npos;
  if (key == "citations" && value.kind == json::Kind::kArray)
    return walk_.raw(value, at, block.citations);
  return true;
}

bool BlockReader::text(const Block& block, const Place& at) {
  if (!block.text.is_given()) return walk_.fail(Place{&at, "text"}, "is missing");
  Part& part = add(PartKind::kText, block);
  part.text = block.text;
  part.citations = block.citations;
  return true;
}

std::string_view BlockReader::own_members(const Block& block) const {
  if (block.has_context) return block.may_cite ? "context,citations" : "context";
  return block.may_cite ? "citations" : "";
}

bool BlockReader::media(const Block& block, const Skimmed& value, const Place& at, PartKind kind) {
  const Place place{&at, "source"};
  if (!block.source) return walk_.fail(place, "is missing");
  Part part{.kind = kind, .cache_control = block.cache_control, .origin = Dialect::kAnthropic};
  part.media.filename = block.title;
  part.own_members = own_members(block);
  if (!part.own_members.empty() && !walk_.raw(value, at, part.raw)) return false;
  const size_t before = out_.size();
  if (!source(*block.source, place, block, part)) return false;
  if (part.kind != PartKind::kOpaque) {
    out_.push_back(std::move(part));
  } else if (out_.size() > before) {
    // A document that is made of blocks was added already, by its blocks.
    out_[before].own_members = part.own_members;
  }
  return true;
}

bool BlockReader::source(const Skimmed& value, const Place& at, const Block& block, Part& part) {
  Text type, data;
  std::optional<Skimmed> content;
  Media& media = part.media;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "type") return walk_.text(member, place, type);
    if (member.key == "media_type") return walk_.text(member, place, media.media_type);
    if (member.key == "data") return walk_.text(member, place, data);
    if (member.key == "url") return walk_.text(member, place, media.url);
    if (member.key == "file_id") return walk_.text(member, place, media.file_id);
    if (member.key == "content") content = member;
    return true;
  });
  if (!ok || !walk_.required(type, at, "type")) return false;
  if (type.is("base64")) {
    media.data = data;
    return walk_.required(data, at, "data") && walk_.required(media.media_type, at, "media_type");
  }
  if (type.is("url")) return walk_.required(media.url, at, "url");
  if (type.is("file")) return walk_.required(media.file_id, at, "file_id");
  if (type.is("text")) {
    // Plain text under a name is text to everybody else.
    part.kind = PartKind::kText;
    part.text =
        block.title.is_given()
            ? Text(request_.keep(fmt::format("[{}]\\n{}", block.title.inside(), data.inside())))
            : data;
    return walk_.required(data, at, "data");
  }
  if (type.is("content") && content) {
    part.kind = PartKind::kOpaque;
    return read_content(walk_, *content, Place{&at, "content"}, request_, out_);
  }
  return walk_.fail(Place{&at, "type"}, fmt::format("'{}' is not known", type.inside()));
}

bool BlockReader::tool_use(const Block& block, const Place& at) {
  if (!walk_.required(block.id, at, "id") || !walk_.required(block.name, at, "name")) return false;
  Signature signature;
  // Gemini's proof for this call travelled as a thought without text. Nobody else proves calls: in
  // front of one, any other is of a thought that was not shown.
  if (!out_.empty() && out_.back().kind == PartKind::kReasoning && out_.back().text.is_empty() &&
      out_.back().signature.is_for(Dialect::kGemini)) {
    signature = out_.back().signature;
    out_.pop_back();
  }
  Part& part = add(PartKind::kToolCall, block);
  part.id = block.id;
  part.name = block.name;
  part.signature = signature;
  part.arguments = block.input.empty() ? RawJson("{}") : block.input;
  return true;
}

bool BlockReader::tool_result(const Block& block, const Place& at) {
  if (!walk_.required(block.tool_use_id, at, "tool_use_id")) return false;
  std::vector<Part> content;
  if (block.content &&
      !read_content(walk_, *block.content, Place{&at, "content"}, request_, content))
    return false;
  Part& part = add(PartKind::kToolResult, block);
  part.id = block.tool_use_id;
  part.content = std::move(content);
  part.is_error = block.is_error.value_or(false);
  return true;
}

// What a search for tools found. The vendor shows the model that tool from here on; others have
// been shown all of them, and read its name.
bool BlockReader::tool_reference(const Block& block, const Skimmed& value, const Place& at) {
  if (!walk_.required(block.tool_name, at, "tool_name")) return false;
  Part& part = add(PartKind::kText, block);
  part.text = block.tool_name;
  return walk_.raw(value, at, part.raw);
}

// What a search of the client's own found (docs.claude.com/en/docs/build-with-claude/
// search-results): others read its title, its source and its texts.
bool BlockReader::search_result(const Block& block, const Skimmed& value, const Place& at) {
  Text source;
  if (block.source && !walk_.text(*block.source, Place{&at, "source"}, source)) return false;
  std::vector<Part> content;
  if (block.content &&
      !read_content(walk_, *block.content, Place{&at, "content"}, request_, content))
    return false;
  std::string text;
  if (block.title.is_given()) text = fmt::format("[{}]", block.title.inside());
  if (source.is_given()) text += fmt::format("{}{}", text.empty() ? "" : " ", source.inside());
  for (const Part& said : content) {
    if (said.kind != PartKind::kText) continue;
    if (!text.empty()) text += "\\n";
    text += said.text.inside();
  }
  Part& part = add(PartKind::kText, block);
  part.text = Text(request_.keep(std::move(text)));
  part.own_members = own_members(block);
  return walk_.raw(value, at, part.raw);
}

bool BlockReader::thinking(const Block& block) {
  Part& part = add(PartKind::kReasoning, block);
  part.text = block.thinking.is_given() ? block.thinking : Text("");
  if (block.signature.is_given() && !block.signature.is_empty())
    part.signature = signature_in(Dialect::kAnthropic, block.signature);
  if (block.data.is_given()) part.redacted = signature_in(Dialect::kAnthropic, block.data);
  return true;
}

}  // namespace

bool read_content(FieldWalk& walk, const Skimmed& value, const Place& place, Request& request,
                  std::vector<Part>& out) {
  if (value.kind == json::Kind::kString) {
    Part& part = out.emplace_back();
    part.origin = Dialect::kAnthropic;
    return walk.text(value, place, part.text);
  }
  if (value.kind != json::Kind::kArray)
    return walk.fail(place, "must be a string or an array of blocks");
  BlockReader reader(walk, request, out);
  return walk.items(value, place,
                    [&](const Skimmed& item, const Place& at) { return reader.read(item, at); });
}

}  // namespace omni::llm::anthropic
