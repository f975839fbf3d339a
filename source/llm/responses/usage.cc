#include "source/llm/responses/usage.h"

#include <algorithm>

#include "source/base/status.h"
#include "source/json/builder.h"
#include "source/llm/responses/stream_event.h"
#include "source/llm/stated_cost.h"

namespace omni::llm::responses {
namespace {

using json::Skimmed;

void take_count(const Skimmed& value, int64_t& out) {
  if (value.kind != json::Kind::kNumber) return;
  const absl::StatusOr<int64_t> count = value.integer();
  if (count.ok() && *count >= 0) out = *count;
}

}  // namespace

absl::Status read_usage(const Skimmed& value, Usage& usage) {
  return each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "input_tokens") take_count(member, usage.input);
    if (member.key == "output_tokens") take_count(member, usage.output);
    take_stated_cost(member, usage);
    if (member.key == "input_tokens_details")
      return each(member, [&](const Skimmed& detail) {
        if (detail.key == "cached_tokens") take_count(detail, usage.cached);
        if (detail.key == "cache_write_tokens" || detail.key == "cache_creation_tokens")
          take_count(detail, usage.cache_write);
        if (detail.key == "audio_tokens") take_count(detail, usage.audio_input);
        return absl::OkStatus();
      });
    if (member.key == "output_tokens_details")
      return each(member, [&](const Skimmed& detail) {
        if (detail.key == "reasoning_tokens") take_count(detail, usage.reasoning);
        if (detail.key == "audio_tokens") take_count(detail, usage.audio_output);
        return absl::OkStatus();
      });
    return absl::OkStatus();
  });
}

void append_usage(std::string& out, const Usage& usage) {
  const int64_t input = std::max<int64_t>(0, usage.input);
  const int64_t output = std::max<int64_t>(0, usage.output);
  json::Builder json(out);
  json.object().number("input_tokens", input).object("input_tokens_details");
  json.number("cached_tokens", std::max<int64_t>(0, usage.cached));
  json.number("cache_write_tokens", std::max<int64_t>(0, usage.cache_write));
  json.end_object().number("output_tokens", output).object("output_tokens_details");
  json.number("reasoning_tokens", std::max<int64_t>(0, usage.reasoning));
  json.end_object().number("total_tokens", input + output).end_object();
}

}  // namespace omni::llm::responses
