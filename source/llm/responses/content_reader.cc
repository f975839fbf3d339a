#include "source/llm/responses/content_reader.h"

#include <fmt/format.h>

#include <utility>

namespace omni::llm::responses {
namespace {

using json::Skimmed;

class ContentReader {
 public:
  ContentReader(FieldWalk& walk, Request& request, std::vector<Part>& out)
      : walk_(walk), request_(request), out_(out) {}

  bool part(const Skimmed& value, const Place& at);

 private:
  // Members whose meaning depends on the type, which may come behind them.
  struct Fields {
    Text type, text, image_url, file_data, file_url;
  };

  bool member(const Skimmed& value, const Place& at, Fields& fields, Part& part);
  bool text(const Fields& fields, const Place& at, PartKind kind, Part&& part);
  bool image(const Fields& fields, const Place& at, Part&& part);
  bool file(const Fields& fields, const Place& at, Part&& part);
  bool audio(const Skimmed& value, const Place& at, Part& part);
  void take_data(Text data, Media& media);

  FieldWalk& walk_;
  Request& request_;
  std::vector<Part>& out_;
};

bool ContentReader::part(const Skimmed& value, const Place& at) {
  Part out;
  Fields fields;
  const bool ok = walk_.members(value, at, [&](const Skimmed& inner, const Place& place) {
    return member(inner, place, fields, out);
  });
  if (!ok || !walk_.required(fields.type, at, "type")) return false;
  const Text type = fields.type;
  if (type.is("input_text") || type.is("output_text") || type.is("text"))
    return text(fields, at, PartKind::kText, std::move(out));
  if (type.is("refusal")) return text(fields, at, PartKind::kRefusal, std::move(out));
  if (type.is("input_image")) return image(fields, at, std::move(out));
  if (type.is("input_file")) return file(fields, at, std::move(out));
  if (!type.is("input_audio"))
    return walk_.fail(Place{&at, "type"},
                      fmt::format("'{}' is not a known kind of content", type.inside()));
  if (!out.media.data.is_given()) return walk_.fail(Place{&at, "input_audio"}, "is missing");
  out.kind = PartKind::kAudio;
  out_.push_back(std::move(out));
  return true;
}

bool ContentReader::member(const Skimmed& value, const Place& at, Fields& fields, Part& part) {
  const std::string_view key = value.key;
  if (key == "type") return walk_.text(value, at, fields.type);
  if (key == "text" || key == "refusal") return walk_.text(value, at, fields.text);
  if (key == "image_url") return walk_.text(value, at, fields.image_url);
  if (key == "detail") return walk_.text(value, at, part.media.detail);
  if (key == "file_id") return walk_.text(value, at, part.media.file_id);
  if (key == "file_data") return walk_.text(value, at, fields.file_data);
  if (key == "file_url") return walk_.text(value, at, fields.file_url);
  if (key == "filename") return walk_.text(value, at, part.media.filename);
  if (key == "input_audio") return audio(value, at, part);
  if (key == "annotations" && value.kind == json::Kind::kArray) {
    part.origin = Dialect::kOpenaiResponses;
    return walk_.raw(value, at, part.citations);
  }
  return true;
}

bool ContentReader::text(const Fields& fields, const Place& at, PartKind kind, Part&& part) {
  if (!fields.text.is_given())
    return walk_.fail(Place{&at, kind == PartKind::kRefusal ? "refusal" : "text"}, "is missing");
  part.kind = kind;
  part.text = fields.text;
  out_.push_back(std::move(part));
  return true;
}

void ContentReader::take_data(Text data, Media& media) {
  std::string_view type, bytes;
  if (split_data_url(data.inside(), type, bytes)) {
    media.media_type = Text(type);
    media.data = Text(bytes);
  } else {
    media.url = data;
  }
}

bool ContentReader::image(const Fields& fields, const Place& at, Part&& part) {
  if (!fields.image_url.is_given() && !part.media.file_id.is_given())
    return walk_.fail(at, "needs image_url or file_id");
  part.kind = PartKind::kImage;
  if (fields.image_url.is_given()) take_data(fields.image_url, part.media);
  if (part.media.is_empty()) return walk_.fail(at, "must not be empty");
  out_.push_back(std::move(part));
  return true;
}

bool ContentReader::file(const Fields& fields, const Place& at, Part&& part) {
  part.kind = PartKind::kFile;
  if (fields.file_data.is_given()) {
    take_data(fields.file_data, part.media);
    // Bare Base64 is taken for what the vendor's first examples were.
    if (part.media.url.is_given()) {
      part.media.data = std::exchange(part.media.url, Text());
      part.media.media_type = Text("application/pdf");
    }
  } else if (fields.file_url.is_given()) {
    part.media.url = fields.file_url;
  } else if (!part.media.file_id.is_given()) {
    return walk_.fail(at, "needs file_data, file_url or file_id");
  }
  if (part.media.is_empty()) return walk_.fail(at, "must not be empty");
  out_.push_back(std::move(part));
  return true;
}

bool ContentReader::audio(const Skimmed& value, const Place& at, Part& part) {
  Text format;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "data") return walk_.text(member, place, part.media.data);
    if (member.key == "format") return walk_.text(member, place, format);
    return true;
  });
  if (!ok || !walk_.required(part.media.data, at, "data") || !walk_.required(format, at, "format"))
    return false;
  part.media.media_type = Text(request_.keep(fmt::format("audio/{}", format.inside())));
  return true;
}

}  // namespace

bool read_content(FieldWalk& walk, Request& request, const Skimmed& value, const Place& at,
                  std::vector<Part>& out) {
  if (value.kind == json::Kind::kString) return walk.text(value, at, out.emplace_back().text);
  if (value.kind != json::Kind::kArray)
    return walk.fail(at, "must be a string or an array of parts");
  ContentReader reader(walk, request, out);
  return walk.items(value, at, [&](auto& item, auto& place) { return reader.part(item, place); });
}

}  // namespace omni::llm::responses
