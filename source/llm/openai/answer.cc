#include "source/llm/openai/answer.h"

#include <algorithm>
#include <cstring>

#include "source/base/status.h"
#include "source/llm/stated_cost.h"
#include "source/sse/framer.h"

namespace omni::llm::openai {
namespace {

// A number beyond all counts says nothing, and spoils no answer.
absl::Status take_count(const json::Skimmed& value, int64_t& out) {
  if (value.kind != json::Kind::kNumber) return absl::OkStatus();
  if (value.is_plain) {
    out = value.plain_integer();
  } else if (const absl::StatusOr<int64_t> count = value.integer(); count.ok()) {
    out = *count;
  }
  return absl::OkStatus();
}

// What was written to a cache is other vendors' news, in words of their own: OpenRouter's and ours.
absl::Status take_input_parts(const json::Skimmed& value, Usage& usage) {
  if (value.kind != json::Kind::kObject) return absl::OkStatus();
  json::Skimmer skimmer(value);
  json::Skimmed member;
  while (skimmer.next(member)) {
    if (member.key == "cached_tokens") OMNI_RETURN_IF_ERROR(take_count(member, usage.cached));
    if (member.key == "cache_write_tokens" || member.key == "cache_creation_tokens")
      OMNI_RETURN_IF_ERROR(take_count(member, usage.cache_write));
    if (member.key == "audio_tokens") OMNI_RETURN_IF_ERROR(take_count(member, usage.audio_input));
  }
  return skimmer.status();
}

absl::Status take_output_parts(const json::Skimmed& value, Usage& usage) {
  if (value.kind != json::Kind::kObject) return absl::OkStatus();
  json::Skimmer skimmer(value);
  json::Skimmed member;
  while (skimmer.next(member)) {
    if (member.key == "reasoning_tokens") OMNI_RETURN_IF_ERROR(take_count(member, usage.reasoning));
    if (member.key == "audio_tokens") OMNI_RETURN_IF_ERROR(take_count(member, usage.audio_output));
  }
  return skimmer.status();
}

// One member of a usage object. By length first: most members are none of ours.
absl::Status take_usage(const json::Skimmed& member, Usage& usage) {
  constexpr std::string_view kInput = "prompt_tokens", kOutput = "completion_tokens",
                             kInputParts = "prompt_tokens_details",
                             kOutputParts = "completion_tokens_details";
  switch (member.key.size()) {
    case kInput.size():
      return member.key == kInput ? take_count(member, usage.input) : absl::OkStatus();
    case kOutput.size():
      if (member.key == kOutput) return take_count(member, usage.output);
      take_stated_cost(member, usage);
      return absl::OkStatus();
    case kInputParts.size():
      return member.key == kInputParts ? take_input_parts(member, usage) : absl::OkStatus();
    case kOutputParts.size():
      return member.key == kOutputParts ? take_output_parts(member, usage) : absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

bool contains(std::string_view text, std::string_view word) {
  // No text has no address either, which memmem() may not be given.
  return text.size() >= word.size() &&
         memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

// The end of an ordinary delta as OpenAI and most compatible servers write it. Such a frame neither
// finishes nor counts, and this look at its last bytes is all it costs.
bool is_plain_delta(std::string_view frame) {
  constexpr std::string_view kEnd = "\"finish_reason\":null}]}\n\n";
  constexpr std::string_view kEndWithUsage = "\"finish_reason\":null}],\"usage\":null}\n\n";
  const auto ends_with = [&](std::string_view end) {
    return frame.size() > end.size() &&
           std::memcmp(frame.data() + frame.size() - end.size(), end.data(), end.size()) == 0;
  };
  return ends_with(kEnd) || ends_with(kEndWithUsage);
}

// The delta holds something to show: a string or a list that is not empty, or an object.
bool has_substance(const json::Skimmed& value) {
  if (value.kind == json::Kind::kString) return value.raw.size() > 2;
  if (value.kind == json::Kind::kObject) return true;
  return value.kind == json::Kind::kArray &&
         value.raw.find_first_not_of(" \t\r\n", 1) != value.raw.size() - 1;
}

absl::Status read_delta(const json::Skimmed& delta, bool& substance) {
  json::Skimmer skimmer(delta);
  json::Skimmed part;
  while (skimmer.next(part)) substance |= part.key != "role" && has_substance(part);
  return skimmer.status();
}

}  // namespace

absl::Status read_usage(const json::Skimmed& value, Usage& usage) {
  if (value.kind != json::Kind::kObject) return absl::OkStatus();
  json::Skimmer skimmer(value);
  json::Skimmed member;
  while (skimmer.next(member)) OMNI_RETURN_IF_ERROR(take_usage(member, usage));
  return skimmer.status();
}

absl::Status read_answer(std::string_view body, Usage& usage) {
  bool has_choices = false, has_error = false;
  json::Skimmer skimmer(body, json::Kind::kObject);
  json::Skimmed value;
  while (skimmer.next(value)) {
    if (value.key == "choices" && value.kind == json::Kind::kArray) {
      has_choices = true;
    } else if (value.key == "error" && value.kind != json::Kind::kNull) {
      has_error = true;
    } else if (value.key == "usage") {
      OMNI_RETURN_IF_ERROR(read_usage(value, usage));
    } else if (value.key == "service_tier") {
      take_tier(value, usage);
    }
  }
  if (!skimmer.ok()) return skimmer.status();
  if (has_choices) return absl::OkStatus();
  return failed(has_error ? "the answer is an error object" : "the answer has no choices");
}

StreamWatch::Frame StreamWatch::see(std::string_view frame) {
  if (has_content_ && choices_ == 1 && is_plain_delta(frame)) return Frame::kContent;
  return look(frame, has_content_);
}

StreamWatch::Frame StreamWatch::look(std::string_view frame, bool may_skip) {
  const sse::Event event = sse::parse_frame(frame, joined_);
  if (!event.has_data) return Frame::kEmpty;
  if (event.data == "[DONE]") {
    done_ = true;
    return Frame::kDone;
  }
  if (may_skip && !contains(event.data, "\"finish_reason\"") &&
      !contains(event.data, "\"usage\"") && !contains(event.data, "\"error\""))
    return Frame::kContent;
  return parse(event.data);
}

absl::Status StreamWatch::read_choice(const json::Skimmed& choice, Frame& found) {
  if (choice.kind != json::Kind::kObject) return absl::OkStatus();
  int64_t index = 0;
  bool is_finished = false, substance = false;
  json::Skimmer skimmer(choice);
  json::Skimmed value;
  while (skimmer.next(value)) {
    if (value.key == "index") {
      OMNI_RETURN_IF_ERROR(take_count(value, index));
    } else if (value.key == "finish_reason") {
      is_finished = value.kind == json::Kind::kString;
    } else if (value.key == "text") {
      substance |= has_substance(value);
    } else if (value.key == "delta" && value.kind == json::Kind::kObject) {
      OMNI_RETURN_IF_ERROR(read_delta(value, substance));
    }
  }
  if (!skimmer.ok()) return skimmer.status();
  if (substance) found = Frame::kContent;
  if (!is_finished) return absl::OkStatus();
  if (found == Frame::kEmpty) found = Frame::kFinish;
  if (std::find(finished_.begin(), finished_.end(), index) == finished_.end())
    finished_.push_back(index);
  return absl::OkStatus();
}

absl::Status StreamWatch::read_chunk(std::string_view data, Chunk& chunk) {
  json::Skimmer skimmer(data, json::Kind::kObject);
  json::Skimmed value;
  while (skimmer.next(value)) {
    if (value.key == "error" && value.kind != json::Kind::kNull) {
      chunk.has_error = true;
    } else if (value.key == "usage" && value.kind == json::Kind::kObject) {
      chunk.has_usage = true;
      OMNI_RETURN_IF_ERROR(read_usage(value, usage_));
    } else if (value.key == "service_tier") {
      take_tier(value, usage_);
    } else if (value.key == "choices" && value.kind == json::Kind::kArray) {
      json::Skimmer choices(value);
      json::Skimmed choice;
      while (choices.next(choice)) {
        chunk.has_choices = true;
        OMNI_RETURN_IF_ERROR(read_choice(choice, chunk.found));
      }
      OMNI_RETURN_IF_ERROR(choices.status());
    }
  }
  return skimmer.status();
}

StreamWatch::Frame StreamWatch::parse(std::string_view data) {
  Chunk chunk;
  // An event that breaks off must not count, however much of it could be read.
  const size_t finished_before = finished_.size();
  const Usage usage_before = usage_;
  if (!read_chunk(data, chunk).ok()) {
    finished_.resize(finished_before);
    usage_ = usage_before;
    return Frame::kGarbage;
  }
  if (chunk.has_error && !chunk.has_choices) {
    error_.assign(data);
    return Frame::kError;
  }
  if (chunk.found == Frame::kContent) has_content_ = true;
  if (chunk.has_usage && !chunk.has_choices) return Frame::kUsageOnly;
  return chunk.found;
}

}  // namespace omni::llm::openai
