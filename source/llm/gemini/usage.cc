#include "source/llm/gemini/usage.h"
#include "source/json/each.h"

#include <algorithm>

#include "source/base/status.h"
#include "source/json/builder.h"
#include "source/llm/stated_cost.h"

namespace omni::llm::gemini {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

int64_t count_of(const Skimmed& value) {
  if (value.kind != Kind::kNumber) return -1;
  return std::max<int64_t>(-1, value.integer().value_or(-1));
}

// Of a row of {modality, tokenCount} the one of sound.
absl::Status read_audio(const Skimmed& row, int64_t& out) {
  if (row.kind != Kind::kArray) return absl::OkStatus();
  return each(row, [&](const Skimmed& item) -> absl::Status {
    if (item.kind != Kind::kObject) return absl::OkStatus();
    bool is_audio = false;
    int64_t count = -1;
    OMNI_RETURN_IF_ERROR(each(item, [&](const Skimmed& member) {
      if (member.key == "modality") is_audio = member.raw == "\"AUDIO\"";
      if (member.key == "tokenCount") count = count_of(member);
      return absl::OkStatus();
    }));
    if (is_audio) out = count;
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status read_usage(const Skimmed& value, Usage& out) {
  int64_t prompt = -1, tools = 0, candidates = -1, total = -1;
  Usage read;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "promptTokenCount") prompt = count_of(member);
    if (key == "toolUsePromptTokenCount") tools = std::max<int64_t>(0, count_of(member));
    if (key == "candidatesTokenCount") candidates = count_of(member);
    if (key == "thoughtsTokenCount") read.reasoning = count_of(member);
    if (key == "cachedContentTokenCount") read.cached = count_of(member);
    if (key == "totalTokenCount") total = count_of(member);
    // The first is what the Gemini API writes, the other Vertex.
    if (key == "serviceTier" || key == "trafficType") take_tier(member, read);
    if (key == "promptTokensDetails") return read_audio(member, read.audio_input);
    if (key == "candidatesTokensDetails") return read_audio(member, read.audio_output);
    return absl::OkStatus();
  }));
  if (prompt < 0 && candidates < 0 && total < 0) return absl::OkStatus();
  const int64_t input = std::max<int64_t>(0, prompt) + tools;
  const int64_t thoughts = std::max<int64_t>(0, read.reasoning);
  // Some answers leave the candidates' count out, and the total has it.
  if (candidates <= 0) candidates = std::max<int64_t>(0, total - input - thoughts);
  read.input = input;
  read.output = candidates + thoughts;
  out = read;
  return absl::OkStatus();
}

void append_usage(std::string& out, const Usage& usage) {
  const int64_t input = std::max<int64_t>(0, usage.input);
  const int64_t output = std::max<int64_t>(0, usage.output);
  const int64_t thoughts = std::clamp<int64_t>(usage.reasoning, 0, output);
  json::Builder json(out);
  json.object().number("promptTokenCount", input);
  json.number("candidatesTokenCount", output - thoughts);
  json.number("totalTokenCount", input + output);
  if (usage.cached > 0) json.number("cachedContentTokenCount", usage.cached);
  if (thoughts > 0) json.number("thoughtsTokenCount", thoughts);
  json.end_object();
}

}  // namespace omni::llm::gemini
