#include "source/llm/media.h"

#include <fmt/format.h>

#include "source/base/strings.h"

namespace omni::llm {
namespace {

struct Filename {
  std::string_view type, name;
};
constexpr Filename kFilenames[] = {
    {"application/pdf", "document.pdf"},
    {"text/plain", "document.txt"},
    {"text/csv", "document.csv"},
    {"text/markdown", "document.md"},
    {"text/html", "document.html"},
    {"text/xml", "document.xml"},
    {"application/json", "document.json"},
    {"application/msword", "document.doc"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document.docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document.xlsx"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", "document.pptx"},
    {"video/mp4", "video.mp4"},
    {"video/mpeg", "video.mpeg"},
    {"video/webm", "video.webm"},
    {"video/quicktime", "video.mov"},
};

bool begins_with(std::string_view text, std::string_view prefix) {
  return starts_with_ignoring_case(text, prefix);
}

// Everybody's servers refuse these but Google's (ai.google.dev/gemini-api/docs/files,
// ai.google.dev/gemini-api/docs/video-understanding).
bool is_google_only(std::string_view url) {
  if (begins_with(url, "gs://")) return true;
  for (const std::string_view scheme : {"https://", "http://"})
    if (begins_with(url, scheme)) url.remove_prefix(scheme.size());
  for (const std::string_view host : {"www.", "m."})
    if (begins_with(url, host)) url.remove_prefix(host.size());
  for (const std::string_view place :
       {"generativelanguage.googleapis.com/", "youtube.com/", "youtu.be/"})
    if (begins_with(url, place)) return true;
  return false;
}

std::string_view field_of_messages(Dialect origin) {
  if (origin == Dialect::kGemini) return "contents";
  return origin == Dialect::kOpenaiResponses ? "input" : "messages";
}

// Empty where nothing speaks against it.
std::string_view problem_of(const Part& part, const UrlRule& rule) {
  if (part.kind == PartKind::kAudio) return "this model takes sounds as Base64 data only";
  if (is_google_only(part.media.url.decoded()))
    return "a file or video that only Google's models can open cannot be sent to this one";
  if (part.kind == PartKind::kFile && !rule.takes_files)
    return "this model takes documents as Base64 data only, not by URL";
  return {};
}

std::string_view find_problem(const std::vector<Part>& parts, const UrlRule& rule) {
  for (const Part& part : parts) {
    std::string_view problem = find_problem(part.content, rule);
    if (problem.empty() && part.media.url.is_given() && !part.media.data.is_given())
      problem = problem_of(part, rule);
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace

std::string_view media_type_of(const Media& media) {
  const std::string_view type = media.media_type.inside();
  const bool is_jpg =
      equals_ignoring_case(type, "image/jpg") || equals_ignoring_case(type, "image\\/jpg");
  return is_jpg ? std::string_view("image/jpeg") : type;
}

std::string_view default_filename(const Media& media) {
  const std::string decoded = media.media_type.decoded();
  const std::string_view type = std::string_view(decoded).substr(0, decoded.find(';'));
  for (const Filename& known : kFilenames)
    if (equals_ignoring_case(type, known.type)) return known.name;
  return begins_with(type, "text/") ? "document.txt" : "document.bin";
}

std::optional<CallError> check_urls(const Request& request, const UrlRule& rule) {
  if (request.origin == rule.dialect) return std::nullopt;
  const std::string_view field = field_of_messages(request.origin);
  for (const Message& message : request.messages)
    if (const std::string_view problem = find_problem(message.parts, rule); !problem.empty())
      return CallError{400, "unsupported_value", fmt::format("{}: {}", field, problem),
                       std::string(field)};
  return std::nullopt;
}

}  // namespace omni::llm
