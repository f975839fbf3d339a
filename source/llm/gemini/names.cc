#include "source/llm/gemini/names.h"

#include "source/base/strings.h"

namespace omni::llm::gemini {
namespace {

struct Extension {
  std::string_view end, type;
};
constexpr Extension kExtensions[] = {
    {"png", "image/png"},       {"jpg", "image/jpeg"},  {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},       {"webp", "image/webp"}, {"heic", "image/heic"},
    {"heif", "image/heif"},     {"bmp", "image/bmp"},   {"wav", "audio/wav"},
    {"mp3", "audio/mp3"},       {"flac", "audio/flac"}, {"ogg", "audio/ogg"},
    {"aac", "audio/aac"},       {"m4a", "audio/m4a"},   {"mp4", "video/mp4"},
    {"mov", "video/mov"},       {"webm", "video/webm"}, {"mpeg", "video/mpeg"},
    {"pdf", "application/pdf"}, {"txt", "text/plain"},  {"md", "text/markdown"},
    {"html", "text/html"},      {"csv", "text/csv"},    {"json", "application/json"},
};

struct Reason {
  std::string_view word;
  StopReason stop;
};
// developers.google.com, Candidate.FinishReason.
constexpr Reason kReasons[] = {
    {"STOP", StopReason::kEnd},
    {"MAX_TOKENS", StopReason::kLength},
    {"SAFETY", StopReason::kFiltered},
    {"RECITATION", StopReason::kFiltered},
    {"LANGUAGE", StopReason::kFiltered},
    {"BLOCKLIST", StopReason::kFiltered},
    {"PROHIBITED_CONTENT", StopReason::kFiltered},
    {"SPII", StopReason::kFiltered},
    {"MODEL_ARMOR", StopReason::kFiltered},
    {"IMAGE_SAFETY", StopReason::kFiltered},
    {"IMAGE_PROHIBITED_CONTENT", StopReason::kFiltered},
    {"IMAGE_RECITATION", StopReason::kFiltered},
    {"MALFORMED_FUNCTION_CALL", StopReason::kMalformed},
};

}  // namespace

bool is_key(std::string_view written, std::string_view camel) {
  if (written == camel) return true;
  size_t at = 0;
  const auto takes = [&](char c) { return at < written.size() && written[at++] == c; };
  for (const char c : camel) {
    const bool begins_word = c >= 'A' && c <= 'Z';
    if (begins_word && !takes('_')) return false;
    if (!takes(lower(c))) return false;
  }
  return at == written.size();
}

bool is_third_generation(std::string_view model) {
  constexpr std::string_view kFamily = "gemini-";
  const size_t at = model.find(kFamily);
  if (at == std::string_view::npos) return false;
  const std::string_view version = model.substr(at + kFamily.size());
  return !version.empty() && version[0] >= '3' && version[0] <= '9';
}

PartKind kind_of_type(std::string_view media_type) {
  if (starts_with_ignoring_case(media_type, "image/")) return PartKind::kImage;
  return starts_with_ignoring_case(media_type, "audio/") ? PartKind::kAudio : PartKind::kFile;
}

std::string_view type_of_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t dot = url.rfind('.');
  if (dot == std::string_view::npos) return {};
  for (const Extension& known : kExtensions)
    if (equals_ignoring_case(url.substr(dot + 1), known.end)) return known.type;
  return {};
}

StopReason stop_of(std::string_view finish_reason) {
  for (const Reason& reason : kReasons)
    if (reason.word == finish_reason) return reason.stop;
  return StopReason::kMalformed;
}

std::string_view finish_reason(StopReason stop) {
  switch (stop) {
    case StopReason::kLength:
      return "MAX_TOKENS";
    case StopReason::kFiltered:
    case StopReason::kRefusal:
      return "SAFETY";
    case StopReason::kMalformed:
      return "MALFORMED_FUNCTION_CALL";
    default:
      return "STOP";
  }
}

}  // namespace omni::llm::gemini
