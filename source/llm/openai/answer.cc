#include "source/llm/openai/answer.h"

#include <algorithm>
#include <cstring>

#include "source/base/status.h"
#include "source/sse/framer.h"

namespace omni::llm::openai {
namespace {

absl::Status take_count(json::Value& value, int64_t& out) {
  if (value.kind() != json::Kind::kNumber) return absl::OkStatus();
  OMNI_ASSIGN_OR_RETURN(out, value.integer());
  return absl::OkStatus();
}

absl::Status take_detail(json::Value& value, std::string_view wanted, int64_t& out) {
  if (value.kind() != json::Kind::kObject) return absl::OkStatus();
  return value.members([&](std::string_view key, json::Value& member) {
    return key == wanted ? take_count(member, out) : absl::OkStatus();
  });
}

bool contains(std::string_view text, std::string_view word) {
  return memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
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

// The delta holds something to show: a string that is not empty, or a list that is not.
absl::Status has_substance(json::Value& value, bool& found) {
  if (value.kind() == json::Kind::kString) {
    if (value.raw().size() > 2) found = true;
    return absl::OkStatus();
  }
  if (value.kind() == json::Kind::kArray)
    return value.items([&](json::Value&) {
      found = true;
      return absl::OkStatus();
    });
  if (value.kind() == json::Kind::kObject) found = true;
  return absl::OkStatus();
}

}  // namespace

absl::Status read_usage(json::Value& value, Usage& usage) {
  if (value.kind() != json::Kind::kObject) return absl::OkStatus();
  return value.members([&](std::string_view key, json::Value& member) {
    if (key == "prompt_tokens") return take_count(member, usage.input);
    if (key == "completion_tokens") return take_count(member, usage.output);
    if (key == "prompt_tokens_details") return take_detail(member, "cached_tokens", usage.cached);
    if (key == "completion_tokens_details")
      return take_detail(member, "reasoning_tokens", usage.reasoning);
    return absl::OkStatus();
  });
}

absl::Status read_answer(std::string_view body, Usage& usage) {
  bool has_choices = false, has_error = false;
  OMNI_RETURN_IF_ERROR(json::read_object(body, [&](std::string_view key, json::Value& value) {
    if (key == "choices" && value.kind() == json::Kind::kArray) has_choices = true;
    if (key == "error" && value.kind() != json::Kind::kNull) has_error = true;
    if (key == "usage") return read_usage(value, usage);
    return absl::OkStatus();
  }));
  if (has_error && !has_choices) return failed("the answer is an error object");
  return has_choices ? absl::OkStatus() : failed("the answer has no choices");
}

StreamWatch::Frame StreamWatch::see(std::string_view frame) {
  if (has_content_ && choices_ == 1) {
    if (is_plain_delta(frame)) return Frame::kContent;
  }
  const sse::Event event = sse::parse_frame(frame, joined_);
  if (!event.has_data) return Frame::kEmpty;
  if (event.data == "[DONE]") {
    done_ = true;
    return Frame::kDone;
  }
  if (has_content_ && !contains(event.data, "\"finish_reason\"") &&
      !contains(event.data, "\"usage\"") && !contains(event.data, "\"error\""))
    return Frame::kContent;
  return parse(event.data);
}

absl::Status StreamWatch::read_choice(json::Value& choice, Frame& found) {
  if (choice.kind() != json::Kind::kObject) return absl::OkStatus();
  int64_t index = 0;
  bool is_finished = false, substance = false;
  OMNI_RETURN_IF_ERROR(choice.members([&](std::string_view key, json::Value& value) {
    if (key == "index") return take_count(value, index);
    if (key == "finish_reason") {
      is_finished = value.kind() == json::Kind::kString;
      return absl::OkStatus();
    }
    if (key == "text") return has_substance(value, substance);
    if (key != "delta" || value.kind() != json::Kind::kObject) return absl::OkStatus();
    return value.members([&](std::string_view part, json::Value& member) {
      return part == "role" ? absl::OkStatus() : has_substance(member, substance);
    });
  }));
  if (substance) found = Frame::kContent;
  if (!is_finished) return absl::OkStatus();
  if (found == Frame::kEmpty) found = Frame::kFinish;
  if (std::find(finished_.begin(), finished_.end(), index) == finished_.end())
    finished_.push_back(index);
  return absl::OkStatus();
}

StreamWatch::Frame StreamWatch::parse(std::string_view data) {
  // The parser reads past the end, and a frame may end with its block.
  std::string padded;
  padded.reserve(data.size() + json::kPadding);
  padded.assign(data);
  padded.append(json::kPadding, '\0');
  Frame found = Frame::kEmpty;
  bool has_choices = false, has_usage = false, has_error = false;
  const std::string_view document = std::string_view(padded).substr(0, data.size());
  const absl::Status status =
      json::read_object(document, [&](std::string_view key, json::Value& value) {
        if (key == "error" && value.kind() != json::Kind::kNull) has_error = true;
        if (key == "usage" && value.kind() == json::Kind::kObject) {
          has_usage = true;
          return read_usage(value, usage_);
        }
        if (key != "choices" || value.kind() != json::Kind::kArray) return absl::OkStatus();
        return value.items([&](json::Value& choice) {
          has_choices = true;
          return read_choice(choice, found);
        });
      });
  if (!status.ok()) return Frame::kGarbage;
  if (has_error && !has_choices) {
    error_.assign(data);
    return Frame::kError;
  }
  if (found == Frame::kContent) has_content_ = true;
  if (has_usage && !has_choices) return Frame::kUsageOnly;
  return found;
}

}  // namespace omni::llm::openai
