#include "source/llm/responses/answer_decoder.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/llm/responses/usage.h"
#include "source/llm/stated_cost.h"

namespace omni::llm::responses {
namespace {

using json::Kind;
using json::Skimmed;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The status that the vendor would have answered with before the stream.
int status_of(std::string_view code) {
  if (code == "rate_limit_exceeded") return 429;
  constexpr std::array<std::string_view, 3> kFaultsOfTheRequest = {"invalid_", "image_",
                                                                   "unsupported_"};
  for (const std::string_view fault : kFaultsOfTheRequest)
    if (code.substr(0, fault.size()) == fault) return 400;
  return 502;
}

}  // namespace

// The members of a response object, which may stand in any order.
struct ResponseDecoder::Response {
  Event started;
  Text status, reason;
  std::optional<Skimmed> output, error;
  bool has_usage = false;
};

absl::Status ResponseDecoder::read(json::Skimmer& skimmer, Response& out) {
  out.started.kind = Event::Kind::kStarted;
  Skimmed member;
  while (skimmer.next(member)) OMNI_RETURN_IF_ERROR(take(member, out));
  return skimmer.status();
}

absl::Status ResponseDecoder::take(const Skimmed& member, Response& out) {
  const std::string_view key = member.key;
  if (key == "id") return take_text(member, out.started.id);
  if (key == "model") return take_text(member, out.started.model);
  if (key == "status") return take_text(member, out.status);
  if (key == "created_at" && member.kind == Kind::kNumber)
    out.started.created_at = static_cast<int64_t>(member.number().value_or(0));
  if (key == "output" && member.kind == Kind::kArray) out.output = member;
  if (key == "service_tier") take_tier(member, usage_);
  if (key == "error" && member.kind == Kind::kObject) out.error = member;
  if (key == "incomplete_details")
    return each(member, [&](const Skimmed& detail) {
      return detail.key == "reason" ? take_text(detail, out.reason) : absl::OkStatus();
    });
  if (key != "usage" || member.kind != Kind::kObject) return absl::OkStatus();
  out.has_usage = true;
  return read_usage(member, usage_);
}

// A number that does not grow is a repetition, unless this server's numbers never do.
bool ResponseDecoder::is_repeated(int64_t sequence) {
  if (sequence < 0) return false;
  if (sequence <= last_sequence_) return is_numbered_;
  is_numbered_ |= last_sequence_ >= 0;
  last_sequence_ = sequence;
  return false;
}

absl::Status ResponseDecoder::event(const sse::Event& event, Emit emit) {
  if (!event.has_data || is_over_ || event.data == "[DONE]") return absl::OkStatus();
  StreamEvent said;
  OMNI_RETURN_IF_ERROR(said.read(event.type, event.data));
  const bool is_repetition = is_repeated(said.sequence);
  if (said.type == "error" || (said.error && !said.response))
    return fail(event.data, emit), absl::OkStatus();
  // Those about the whole response may be repeated without harm.
  if (!said.response) return is_repetition ? absl::OkStatus() : item_event(said, emit);
  Response response;
  json::Skimmer skimmer(*said.response);
  OMNI_RETURN_IF_ERROR(read(skimmer, response));
  if (said.type == "response.failed" || said.type == "response.cancelled" ||
      response.status.is("failed")) {
    if (response.has_usage) emit_usage(emit);
    return fail(said.response->raw, emit), absl::OkStatus();
  }
  items_.tracker().start(response.started, emit);
  if (said.type == "response.incomplete") {
    response.status = Text("incomplete");
  } else if (said.type == "response.completed") {
    if (!response.status.is("incomplete")) response.status = Text("completed");
  } else {
    return absl::OkStatus();
  }
  return complete(response, emit);
}

absl::Status ResponseDecoder::item_event(const StreamEvent& said, Emit emit) {
  if (said.type == "response.output_item.added") {
    if (!said.item) return absl::OkStatus();
    return items_.begin(said.output >= 0 ? said.output : items_.next_index(), *said.item, emit);
  }
  const int64_t index = said.output >= 0 ? said.output : items_.last_index();
  if (said.type == "response.output_item.done")
    return said.item ? items_.end(index, *said.item, emit) : absl::OkStatus();
  if (said.type == "response.output_text.annotation.added")
    return said.annotation ? items_.citation(index, *said.annotation, emit) : absl::OkStatus();
  if (ends_with(said.type, ".delta")) return text_event(said, false, emit);
  if (ends_with(said.type, ".done")) return text_event(said, true, emit);
  return absl::OkStatus();
}

absl::Status ResponseDecoder::text_event(const StreamEvent& said, bool is_full, Emit emit) {
  const size_t ending = is_full ? 5 : 6;  // ".done", ".delta"
  const std::string_view what = said.type.substr(0, said.type.size() - ending);
  const ItemTeller::Piece piece{said.output >= 0 ? said.output : items_.last_index(), said.part,
                                is_full ? said.full : said.delta, is_full};
  if (what == "response.output_text") {
    OMNI_RETURN_IF_ERROR(items_.text(piece, PartKind::kText, emit));
    if (is_full || !said.logprobs) return absl::OkStatus();
    return items_.logprobs(*said.logprobs, emit);
  }
  if (what == "response.refusal") return items_.text(piece, PartKind::kRefusal, emit);
  if (what == "response.reasoning_summary_text") return items_.thought(piece, true, emit);
  if (what == "response.reasoning_text") return items_.thought(piece, false, emit);
  if (what == "response.function_call_arguments") return items_.arguments(piece, false, emit);
  if (what == "response.custom_tool_call_input") return items_.arguments(piece, true, emit);
  return absl::OkStatus();
}

absl::Status ResponseDecoder::complete(const Response& response, Emit emit) {
  // Some servers stream nothing but the end, or begin an item and finish it only here.
  if (response.output) {
    const bool tells_all = !items_.has_told();
    int64_t next = 0;
    OMNI_RETURN_IF_ERROR(each(*response.output, [&](const Skimmed& item) {
      const int64_t index = next++;
      return tells_all || items_.is_open(index) ? items_.end(index, item, emit) : absl::OkStatus();
    }));
  }
  const bool is_incomplete = response.status.is("incomplete");
  const StopReason reason = !is_incomplete                         ? StopReason::kEnd
                            : response.reason.is("content_filter") ? StopReason::kFiltered
                                                                   : StopReason::kLength;
  OMNI_RETURN_IF_ERROR(items_.tracker().stop(0, reason, {}, emit));
  if (response.has_usage) emit_usage(emit);
  is_over_ = true;
  Event done;
  done.kind = Event::Kind::kDone;
  emit(done);
  return absl::OkStatus();
}

absl::Status ResponseDecoder::whole(std::string_view body, Emit emit) {
  json::Skimmer skimmer(body, Kind::kObject);
  Response response;
  OMNI_RETURN_IF_ERROR(read(skimmer, response));
  if (response.error || response.status.is("failed"))
    return failed("the answer is an error object");
  if (!response.output) return failed("the answer has no output");
  if (response.status.is_given() && !response.status.is("completed") &&
      !response.status.is("incomplete"))
    return failed(fmt::format("the answer is {}", response.status.inside()));
  items_.tracker().start(response.started, emit);
  return complete(response, emit);
}

void ResponseDecoder::emit_usage(Emit emit) {
  Event usage;
  usage.kind = Event::Kind::kUsage;
  usage.usage = &usage_;
  emit(usage);
}

// `said` is an error event, whose members may stand in an `error` object, or a failed response.
void ResponseDecoder::fail(std::string_view said, Emit emit) {
  is_over_ = true;
  Error error = parse_error(502, said);
  json::Skimmer skimmer(said, Kind::kObject);
  Skimmed member;
  while (skimmer.next(member))
    if (member.key == "code" && error.code.empty()) error.code = member.text().value_or("");
  error.status = status_of(error.code);
  if (error.message.empty()) error.message = "The provider could not finish its answer.";
  Event failed;
  failed.kind = Event::Kind::kFailed;
  failed.error = &error;
  emit(failed);
}

}  // namespace omni::llm::responses
