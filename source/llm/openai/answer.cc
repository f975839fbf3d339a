#include "source/llm/openai/answer.h"

#include <algorithm>
#include <cstring>

#include "source/base/status.h"
#include "source/sse/framer.h"

namespace omni::llm::openai {
namespace {

absl::Status take_count(const json::Skimmed& value, int64_t& out) {
  if (value.kind != json::Kind::kNumber) return absl::OkStatus();
  OMNI_ASSIGN_OR_RETURN(out, value.integer());
  return absl::OkStatus();
}

absl::Status take_detail(const json::Skimmed& value, std::string_view wanted, int64_t& out) {
  if (value.kind != json::Kind::kObject) return absl::OkStatus();
  return json::skim_object(value.raw, [&](const json::Skimmed& member) {
    return member.key == wanted ? take_count(member, out) : absl::OkStatus();
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

// The delta holds something to show: a string or a list that is not empty, or an object.
bool has_substance(const json::Skimmed& value) {
  if (value.kind == json::Kind::kString) return value.raw.size() > 2;
  if (value.kind == json::Kind::kObject) return true;
  return value.kind == json::Kind::kArray &&
         value.raw.find_first_not_of(" \t\r\n", 1) != value.raw.size() - 1;
}

}  // namespace

absl::Status read_usage(const json::Skimmed& value, Usage& usage) {
  if (value.kind != json::Kind::kObject) return absl::OkStatus();
  return json::skim_object(value.raw, [&](const json::Skimmed& member) {
    if (member.key == "prompt_tokens") return take_count(member, usage.input);
    if (member.key == "completion_tokens") return take_count(member, usage.output);
    if (member.key == "prompt_tokens_details")
      return take_detail(member, "cached_tokens", usage.cached);
    if (member.key == "completion_tokens_details")
      return take_detail(member, "reasoning_tokens", usage.reasoning);
    return absl::OkStatus();
  });
}

absl::Status read_answer(std::string_view body, Usage& usage) {
  bool has_choices = false, has_error = false;
  OMNI_RETURN_IF_ERROR(json::skim_object(body, [&](const json::Skimmed& value) {
    if (value.key == "choices" && value.kind == json::Kind::kArray) has_choices = true;
    if (value.key == "error" && value.kind != json::Kind::kNull) has_error = true;
    if (value.key == "usage") return read_usage(value, usage);
    return absl::OkStatus();
  }));
  if (has_error && !has_choices) return failed("the answer is an error object");
  return has_choices ? absl::OkStatus() : failed("the answer has no choices");
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
  OMNI_RETURN_IF_ERROR(json::skim_object(choice.raw, [&](const json::Skimmed& value) {
    if (value.key == "index") return take_count(value, index);
    if (value.key == "finish_reason") is_finished = value.kind == json::Kind::kString;
    if (value.key == "text") substance |= has_substance(value);
    if (value.key != "delta" || value.kind != json::Kind::kObject) return absl::OkStatus();
    return json::skim_object(value.raw, [&](const json::Skimmed& part) {
      substance |= part.key != "role" && has_substance(part);
      return absl::OkStatus();
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
  Frame found = Frame::kEmpty;
  bool has_choices = false, has_usage = false, has_error = false;
  // An event that breaks off must not count, however much of it could be read.
  const size_t finished_before = finished_.size();
  const Usage usage_before = usage_;
  const absl::Status status = json::skim_object(data, [&](const json::Skimmed& value) {
    if (value.key == "error" && value.kind != json::Kind::kNull) has_error = true;
    if (value.key == "usage" && value.kind == json::Kind::kObject) {
      has_usage = true;
      return read_usage(value, usage_);
    }
    if (value.key != "choices" || value.kind != json::Kind::kArray) return absl::OkStatus();
    return json::skim_array(value.raw, [&](const json::Skimmed& choice) {
      has_choices = true;
      return read_choice(choice, found);
    });
  });
  if (!status.ok()) {
    finished_.resize(finished_before);
    usage_ = usage_before;
    return Frame::kGarbage;
  }
  if (has_error && !has_choices) {
    error_.assign(data);
    return Frame::kError;
  }
  if (found == Frame::kContent) has_content_ = true;
  if (has_usage && !has_choices) return Frame::kUsageOnly;
  return found;
}

}  // namespace omni::llm::openai
