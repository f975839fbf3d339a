#include "filters/translation/translation_filter.h"

#include <algorithm>
#include <string>
#include <utility>

namespace omni::filters {
namespace {

// A guess for providers that do not say: about four bytes of JSON to a token.
constexpr int64_t kBytesPerToken = 4;

bool is_remote(const Answer& answer) {
  return answer.source == Answer::Source::kUpstream || answer.source == Answer::Source::kDemo;
}

llm::openai::StreamWatch make_watch(const Facts& facts) {
  if (!facts.answer.frames_before_content) return llm::openai::StreamWatch(facts.call.choices());
  return {facts.call.choices(), facts.answer.usage};
}

}  // namespace

TranslationFilter::Stream::Stream(const Facts& facts)
    : framer(kMaxEventBytes),
      watch(make_watch(facts)),
      frames_to_skip(facts.answer.frames_before_content.value_or(0)) {}

absl::StatusOr<TranslationFilter::Config> TranslationFilter::Config::parse(const ConfigNode& node,
                                                                           FilterEnv&) {
  OMNI_RETURN_IF_ERROR(node.done());
  return Config();
}

Next TranslationFilter::on_response_headers(ResponseHead& head) {
  Facts& facts = context_.exchange().facts();
  if (!is_remote(facts.answer)) return Next::kContinue;
  request_bytes_ = static_cast<int64_t>(context_.exchange().request().content_length.value_or(0));
  if (!facts.answer.is_stream) {
    note_usage(facts.answer.usage,
               static_cast<int64_t>(head.content_length.value_or(0)) / kBytesPerToken);
    return Next::kContinue;
  }
  stream_ = std::make_unique<Stream>(facts);
  return Next::kContinue;
}

// False for the one chunk that we asked for and the client did not.
bool TranslationFilter::see(std::string_view frame) {
  if (stream_->frames_to_skip > 0) return --stream_->frames_to_skip, true;
  using Frame = llm::openai::StreamWatch::Frame;
  const Frame found = stream_->watch.see(frame);
  if (found == Frame::kContent) ++stream_->deltas;
  return found != Frame::kUsageOnly || !context_.exchange().facts().answer.hide_usage_chunk;
}

Next TranslationFilter::on_response_body(Buffer& bytes) {
  if (!stream_) return Next::kContinue;
  Buffer whole;
  const bool ok = stream_->framer.feed(
      bytes, [this](std::string_view frame) { return see(frame); }, whole);
  if (!ok) return fail("upstream_event_too_large", "The provider sent an event that is too large.");
  bytes = std::move(whole);
  return Next::kContinue;
}

Next TranslationFilter::on_response_complete() {
  if (!stream_) return Next::kContinue;
  finish_tail();
  note_usage(stream_->watch.usage(), stream_->deltas);
  Facts& facts = context_.exchange().facts();
  facts.stream_finished = stream_->watch.is_complete();
  if (facts.stream_finished) return Next::kContinue;
  if (!facts.answer.failure.empty()) return fail(facts.answer.failure_code, facts.answer.failure);
  return fail("upstream_stream_incomplete",
              "The provider's stream ended before the answer was complete.");
}

// The blank line after the last event may be missing: the event counts when it is whole all the
// same. Half of one would only break the client's parser before it reads the error.
void TranslationFilter::finish_tail() {
  if (stream_->framer.tail().empty()) return;
  std::string last(stream_->framer.tail());
  last += last.back() == '\n' ? "\n" : "\n\n";
  stream_->framer.drop_tail();
  using Frame = llm::openai::StreamWatch::Frame;
  const Frame found = stream_->watch.see_last(last);
  const bool is_hidden =
      found == Frame::kUsageOnly && context_.exchange().facts().answer.hide_usage_chunk;
  if (found != Frame::kGarbage && !is_hidden) context_.respond_body(Buffer(last));
}

void TranslationFilter::note_usage(const llm::Usage& said, int64_t output_guess) {
  llm::Usage& usage = context_.exchange().facts().usage;
  usage = said;
  if (said.is_known()) return;
  usage.input = std::max<int64_t>(1, request_bytes_ / kBytesPerToken);
  usage.output = output_guess;
  usage.estimated = true;
}

Next TranslationFilter::fail(std::string_view code, std::string_view message) {
  context_.reply({.status = 502, .code = std::string(code), .message = std::string(message)});
  return Next::kPause;
}

}  // namespace omni::filters
