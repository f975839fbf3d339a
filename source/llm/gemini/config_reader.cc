#include "source/llm/gemini/config_reader.h"

#include <fmt/format.h>

#include "source/base/strings.h"
#include "source/llm/gemini/names.h"
#include "source/llm/gemini/schema.h"

namespace omni::llm::gemini {
namespace {

using json::Kind;
using json::Skimmed;

class ConfigReader {
 public:
  ConfigReader(FieldWalk& walk, Request& out) : walk_(walk), out_(out) {}

  bool read(const Skimmed& value, const Place& place) {
    const bool ok = walk_.members(value, place, [&](auto& in, auto& at) { return member(in, at); });
    // A schema says it all, whatever the type beside it.
    if (!out_.format.schema.empty()) out_.format.kind = OutputFormat::Kind::kSchema;
    return ok;
  }

 private:
  bool member(const Skimmed& value, const Place& at);
  bool format(const Skimmed& value, const Place& at);
  bool choices(const Skimmed& value, const Place& at);
  bool stop(const Skimmed& value, const Place& at);
  bool thinking(const Skimmed& value, const Place& at);
  bool level(const Skimmed& value, const Place& at);
  bool open_schema(const Skimmed& value, const Place& at);

  FieldWalk& walk_;
  Request& out_;
};

bool ConfigReader::member(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "temperature") return walk_.number(value, at, out_.temperature);
  if (is_key(key, "topP")) return walk_.number(value, at, out_.top_p);
  if (is_key(key, "topK")) return walk_.number(value, at, out_.top_k);
  if (is_key(key, "maxOutputTokens")) return walk_.integer(value, at, out_.max_tokens);
  if (is_key(key, "candidateCount")) return choices(value, at);
  if (is_key(key, "stopSequences")) return stop(value, at);
  if (key == "seed") return walk_.number(value, at, out_.seed);
  if (is_key(key, "presencePenalty")) return walk_.number(value, at, out_.presence_penalty);
  if (is_key(key, "frequencyPenalty")) return walk_.number(value, at, out_.frequency_penalty);
  if (is_key(key, "responseLogprobs")) return walk_.boolean(value, at, out_.logprobs);
  if (key == "logprobs") return walk_.number(value, at, out_.top_logprobs);
  if (is_key(key, "thinkingConfig")) return thinking(value, at);
  return format(value, at);
}

bool ConfigReader::format(const Skimmed& value, const Place& at) {
  OutputFormat& format = out_.format;
  if (is_key(value.key, "responseSchema")) return open_schema(value, at);
  if (is_key(value.key, "responseJsonSchema")) return walk_.raw(value, at, format.schema);
  if (!is_key(value.key, "responseMimeType")) return read_extra(walk_, kInConfig, value, at, out_);
  Text type;
  if (!walk_.text(value, at, type)) return false;
  if (type.is("application/json")) {
    format.kind = OutputFormat::Kind::kJson;
  } else if (type.is("text/plain")) {
    format.kind = OutputFormat::Kind::kText;
  } else {
    return read_extra(walk_, kInConfig, value, at, out_);
  }
  return true;
}

bool ConfigReader::open_schema(const Skimmed& value, const Place& at) {
  RawJson schema;
  if (!walk_.raw_object(value, at, schema)) return false;
  std::string converted;
  append_json_schema(converted, schema);
  out_.format.schema = out_.keep(std::move(converted));
  return true;
}

bool ConfigReader::choices(const Skimmed& value, const Place& at) {
  std::optional<int64_t> count;
  if (!walk_.integer(value, at, count)) return false;
  if (*count < 1 || *count > kMostCandidates) return walk_.fail(at, "must be between 1 and 8");
  out_.choices = static_cast<int>(*count);
  return true;
}

bool ConfigReader::stop(const Skimmed& value, const Place& at) {
  return walk_.items(value, at, [&](const Skimmed& item, const Place& place) {
    return walk_.text(item, place, out_.stop.emplace_back());
  });
}

bool ConfigReader::thinking(const Skimmed& value, const Place& at) {
  return walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    Reasoning& reasoning = out_.reasoning;
    if (is_key(member.key, "thinkingBudget")) return walk_.integer(member, place, reasoning.budget);
    if (is_key(member.key, "includeThoughts"))
      return walk_.boolean(member, place, reasoning.visible);
    return !is_key(member.key, "thinkingLevel") || level(member, place);
  });
}

bool ConfigReader::level(const Skimmed& value, const Place& at) {
  using Effort = Reasoning::Effort;
  constexpr std::string_view kWords[] = {"THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM",
                                         "HIGH"};
  constexpr Effort kEfforts[] = {Effort::kUnset, Effort::kMinimal, Effort::kLow, Effort::kMedium,
                                 Effort::kHigh};
  // The vendor's examples write small letters, its clients capitals.
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (value.kind != Kind::kString || !equals_ignoring_case(value.inside(), kWords[i])) continue;
    out_.reasoning.effort = kEfforts[i];
    return true;
  }
  return walk_.fail(at, "must be one of 'minimal', 'low', 'medium', 'high'");
}

}  // namespace

bool read_config(FieldWalk& walk, const Skimmed& value, const Place& place, Request& request) {
  return ConfigReader(walk, request).read(value, place);
}

bool read_extra(FieldWalk& walk, std::string_view prefix, const Skimmed& value, const Place& place,
                Request& request) {
  Extra& out = request.extras.emplace_back();
  out.key = request.keep(fmt::format("{}{}", prefix, value.key));
  return walk.raw(value, place, out.value);
}

}  // namespace omni::llm::gemini
