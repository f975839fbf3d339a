#include "source/llm/error.h"

#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/each.h"
#include "source/json/skim.h"
#include "source/llm/anthropic/error.h"
#include "source/llm/gemini/error.h"
#include "source/llm/ollama/error.h"
#include "source/llm/openai/error.h"
#include "source/llm/responses/error.h"

namespace omni::llm {
namespace {

constexpr size_t kMaxMessage = 4096;
// A day, in seconds.
constexpr double kLongestWait = 86400;
// Of type, code and param, which end up in logs as well.
constexpr size_t kMaxWord = 256;

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// At most `most` bytes, and no half of a character.
std::string one_line(std::string text, size_t most) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  std::string_view line = trim(text);
  if (line.size() > most) {
    while (most > 0 && is_inside_character(line[most])) --most;
    line = trim(line.substr(0, most));
  }
  return std::string(line);
}

// A string, or a number as providers also send codes.
absl::Status take(const json::Skimmed& value, std::string& out) {
  if (value.kind == json::Kind::kString) {
    OMNI_ASSIGN_OR_RETURN(out, value.text());
  } else if (value.kind == json::Kind::kNumber) {
    out = value.raw;
  }
  return absl::OkStatus();
}

// Google's code is the status once more, which says nothing to a client of another dialect.
absl::Status take_code(const json::Skimmed& value, Error& error) {
  const bool is_number = value.kind == json::Kind::kNumber;
  OMNI_RETURN_IF_ERROR(take(value, error.code));
  if (is_number && error.code == fmt::format("{}", error.status)) error.code.clear();
  return absl::OkStatus();
}

void take_wait(std::string_view text, Error& error) {
  double seconds = 0;
  if (!absl::SimpleAtod({text.data(), text.size()}, &seconds)) return;
  if (seconds > 0 && seconds <= kLongestWait)
    error.retry_after = static_cast<int>(std::ceil(seconds));
}

// Seconds, as a number or a text of one; anything else says nothing.
absl::Status take_retry_after(const json::Skimmed& value, Error& error) {
  std::string text;
  OMNI_RETURN_IF_ERROR(take(value, text));
  take_wait(text, error);
  return absl::OkStatus();
}

// google.rpc.RetryInfo among an error's details: {"@type": ..., "retryDelay": "7.5s"}.
absl::Status take_delay(const json::Skimmed& detail, Error& error) {
  if (detail.kind != json::Kind::kObject) return absl::OkStatus();
  return json::each(detail, [&](const json::Skimmed& member) -> absl::Status {
    std::string delay;
    if (member.key != "retryDelay") return absl::OkStatus();
    OMNI_RETURN_IF_ERROR(take(member, delay));
    if (!delay.empty() && delay.back() == 's')
      take_wait(std::string_view(delay).substr(0, delay.size() - 1), error);
    return absl::OkStatus();
  });
}

absl::Status take_object(const json::Skimmed& value, Error& error) {
  return json::each(value, [&](const json::Skimmed& member) {
    if (member.key == "message") return take(member, error.message);
    if (member.key == "type") return take(member, error.type);
    if (member.key == "code") return take_code(member, error);
    if (member.key == "param") return take(member, error.param);
    if (member.key == "retry_after") return take_retry_after(member, error);
    if (member.key == "details" && member.kind == json::Kind::kArray)
      return json::each(member,
                        [&](const json::Skimmed& detail) { return take_delay(detail, error); });
    return absl::OkStatus();
  });
}

bool is_key_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
         c == '*';
}

// Words that begin a credential, with the shortest run after them that is taken for one.
struct Shape {
  std::string_view prefix;
  size_t at_least;
};
constexpr Shape kShapes[] = {{"Bearer ", 8}, {"bearer ", 8}, {"sk-", 8},  {"AIza", 20},
                             {"gsk_", 8},    {"xai-", 8},    {"key=", 8}, {"hf_", 8},
                             {"pplx-", 8},   {"api_key=", 4}};

// The length of the credential that starts at `at`, prefix excluded from `keep`; 0 when none does.
size_t credential(std::string_view text, size_t at, size_t& keep) {
  const bool begins_word = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
  for (const Shape& shape : kShapes) {
    // "task-" is no "sk-"; "apikey=" is a "key=".
    if (!begins_word && shape.prefix.back() != '=') continue;
    if (text.substr(at, shape.prefix.size()) != shape.prefix) continue;
    size_t end = at + shape.prefix.size();
    while (end < text.size() && is_key_character(text[end])) ++end;
    if (end - at - shape.prefix.size() < shape.at_least) continue;
    keep = shape.prefix.size();
    return end - at;
  }
  return 0;
}

}  // namespace

std::string mask_secrets(std::string_view text, std::string_view secret) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    size_t keep = 0;
    if (secret.size() >= 4 && text.substr(at, secret.size()) == secret) {
      out += "***";
      at += secret.size();
    } else if (const size_t size = credential(text, at, keep); size > 0) {
      out.append(text, at, keep);
      out += "***";
      at += size;
    } else {
      out.push_back(text[at++]);
    }
  }
  return out;
}

Error parse_error(int status, std::string_view body) {
  Error error;
  error.status = status;
  const absl::Status read = json::skim_object(body, [&](const json::Skimmed& member) {
    const std::string_view key = member.key;
    if (key == "error" && member.kind == json::Kind::kObject) return take_object(member, error);
    if (key == "retry_after") return take_retry_after(member, error);
    if (key == "error" || key == "message" || key == "detail") {
      if (error.message.empty()) return take(member, error.message);
    }
    return absl::OkStatus();
  });
  const bool is_html = trim(body).substr(0, 1) == "<";
  if (!read.ok() && error.message.empty() && !is_html) error.message = trim(body);
  error.message = one_line(error.message, kMaxMessage);
  for (std::string* word : {&error.type, &error.code, &error.param})
    *word = one_line(*word, kMaxWord);
  return error;
}

std::string render_error(Dialect dialect, const Error& error) {
  switch (family_of(dialect)) {
    case Dialect::kAnthropic:
      return anthropic::render_error(error);
    case Dialect::kGemini:
      return gemini::render_error(error);
    case Dialect::kOllama:
      return ollama::render_error(error);
    default:
      return openai::render_error(error);
  }
}

std::string render_stream_error(Dialect dialect, const Error& error) {
  switch (family_of(dialect)) {
    case Dialect::kAnthropic:
      return anthropic::render_stream_error(error);
    case Dialect::kOpenaiResponses:
      return responses::render_stream_error(error);
    case Dialect::kOllama:
      return ollama::render_error(error) + "\n";
    default:
      return fmt::format("data: {}\n\n", render_error(dialect, error));
  }
}

}  // namespace omni::llm
