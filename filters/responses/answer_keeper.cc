#include "filters/responses/answer_keeper.h"

#include <utility>

#include "api/snapshot.h"
#include "source/base/random.h"
#include "source/json/edit.h"
#include "source/llm/error.h"
#include "source/llm/responses/history.h"

namespace omni::filters {
namespace {

bool is_last_event(std::string_view type) {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

std::string text_of(std::string_view object, std::string_view key) {
  const auto member = json::find_member(object, {key});
  if (!member || member->kind != json::Kind::kString) return {};
  absl::StatusOr<std::string> text = member->text();
  return text.ok() ? *std::move(text) : std::string();
}

}  // namespace

AnswerKeeper::AnswerKeeper(FilterContext& context, const ResponseLog& log, Counter lost,
                           NewResponse response)
    : context_(context), log_(log), lost_(lost), response_(std::move(response)) {}

void AnswerKeeper::on_headers(const ResponseHead& head) {
  const Answer& answer = context_.exchange().facts().answer;
  const bool is_success = head.status >= 200 && head.status < 300;
  const bool is_remote =
      answer.source == Answer::Source::kUpstream || answer.source == Answer::Source::kDemo;
  if (is_success && (is_remote || answer.is_early)) {
    kind_ = answer.is_stream ? Kind::kStream : Kind::kPlain;
  } else if (is_job()) {
    kind_ = Kind::kRefusal;
  }
}

Next AnswerKeeper::on_body(Buffer& bytes) {
  if (kind_ == Kind::kNone) return Next::kContinue;
  if (kind_ == Kind::kStream) return watch(bytes);
  held_ += bytes.flatten();
  bytes.clear();
  return Next::kContinue;
}

Next AnswerKeeper::watch(Buffer& bytes) {
  Buffer out;
  const bool ok = framer_.feed(
      bytes, [this](std::string_view frame) { return see(frame); }, out);
  bytes = std::move(out);
  if (ok) return Next::kContinue;
  context_.reply({.status = 502,
                  .code = "upstream_event_too_large",
                  .message = "The provider sent an event that is too large."});
  return Next::kPause;
}

// False for what the client gets later.
bool AnswerKeeper::see(std::string_view frame) {
  if (is_job() && !has_too_many_events_) {
    has_too_many_events_ = response_.events.size() + frame.size() > kMostEventBytes;
    if (has_too_many_events_) {
      response_.events.clear();
    } else {
      response_.events += frame;
    }
  }
  if (is_over_) {
    held_ += frame;
    return false;
  }
  const sse::Event event = sse::parse_frame(frame, joined_);
  if (!is_last_event(event.type)) {
    if (is_job() && event.type == "response.in_progress") note_progress(event.data);
    return true;
  }
  is_over_ = true;
  held_ = frame;
  const auto object = json::find_member(event.data, {"response"});
  if (object && object->kind == json::Kind::kObject) keep(object->raw);
  if (pending_ != nullptr) return false;
  held_.clear();
  return true;
}

void AnswerKeeper::note_progress(std::string_view data) {
  const auto object = json::find_member(data, {"response"});
  if (!object || std::exchange(has_begun_, true)) return;
  NewResponse begun = response_;
  begun.record.state = ResponseRecord::State::kInProgress;
  begun.object = object->raw;
  begun.events.clear();
  log_.keep(context_.exchange().dispatcher().clock().now(), std::move(begun));
}

// A provider that keeps it is the first to ask for it; its own id is known there and here.
void AnswerKeeper::fill(std::string_view object) {
  const Answer& answer = context_.exchange().facts().answer;
  const absl::Time now = context_.exchange().dispatcher().clock().now();
  ResponseRecord& record = response_.record;
  response_.object = object;
  record.state = ResponseRecord::State::kOver;
  if (!is_job()) {
    record.created_us = absl::ToUnixMicros(now);
    response_.key = response_key(record.created_us, random_word());
  }
  if (answer.dialect != Dialect::kOpenaiResponses || answer.source != Answer::Source::kUpstream ||
      is_job())
    return;
  record.id = text_of(object, "id");
  const auto background = json::find_member(object, {"background"});
  record.is_background = background && background->is_true();
  // What it will say is known to its provider alone.
  const std::string status = text_of(object, "status");
  if (status == "queued" || status == "in_progress") record.is_whole = false;
  const auto store = json::find_member(object, {"store"});
  if (store && store->raw == "false") return;
  record.provider = answer.provider->id;
  record.account = answer.account;
}

void AnswerKeeper::keep(std::string_view object) {
  fill(object);
  if (response_.record.id.empty()) return;
  pending_ = log_.keep(context_.exchange().dispatcher(), std::move(response_),
                       [this](const absl::Status& status) {
                         if (!status.ok()) lost_.add();
                         pending_.reset();
                         send_rest();
                       });
}

// The answer is not held back for a disk that fails: that it was not kept is found out later.
void AnswerKeeper::send_rest() {
  Buffer rest(held_);
  held_.clear();
  context_.respond_body(std::move(rest));
  if (awaits_complete_) context_.resume_response();
}

Next AnswerKeeper::on_complete() {
  if (kind_ == Kind::kNone) return Next::kContinue;
  if (kind_ == Kind::kPlain) {
    is_over_ = true;
    keep(held_);
  } else if (kind_ == Kind::kRefusal) {
    is_over_ = true;
    keep_failure(held_);
  }
  if (pending_ != nullptr) {
    awaits_complete_ = true;
    return Next::kPause;
  }
  if (!held_.empty()) {
    context_.respond_body(Buffer(held_));
    held_.clear();
  }
  return Next::kContinue;
}

// What ends a job before it has an answer is told by its object.
void AnswerKeeper::keep_failure(std::string_view body) {
  const llm::Error said = llm::parse_error(0, body);
  std::string object = std::move(response_.object);
  llm::responses::end_object(object, "failed", said.code.empty() ? "server_error" : said.code,
                             said.message.empty() ? "The answer could not be made." : said.message);
  keep(object);
}

void AnswerKeeper::on_end() {
  if (!is_job() || is_over_) return;
  const Facts& facts = context_.exchange().facts();
  if (facts.error_code == "cancelled") return;  // Whoever cancelled it keeps that.
  response_.record.state = ResponseRecord::State::kOver;
  llm::responses::end_object(response_.object, "failed",
                             facts.error_code.empty() ? "server_error" : facts.error_code,
                             "The answer ended before it was complete.");
  log_.keep(context_.exchange().dispatcher().clock().now(), std::move(response_));
}

}  // namespace omni::filters
