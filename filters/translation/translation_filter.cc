#include "filters/translation/translation_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "source/base/status.h"

namespace omni::filters {
namespace {

bool is_remote(const Answer& answer) {
  return answer.source == Answer::Source::kUpstream || answer.source == Answer::Source::kDemo;
}

// The names are the client's own words: what has no place in a header becomes '_', and a thousand
// of them are not repeated.
std::string header_list(const std::vector<std::string>& names) {
  constexpr size_t kMaxBytes = 1024;
  std::string out;
  for (const std::string& name : names) {
    if (out.size() + name.size() + 2 > kMaxBytes) return out + ", ...";
    if (!out.empty()) out += ", ";
    for (const char c : name)
      out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' ||
                            c == '.'
                        ? c
                        : '_');
  }
  return out.empty() ? "..." : out;
}

std::string_view content_type(const llm::Call& call) {
  if (!call.wants_stream() || call.wants_json_array()) return "application/json";
  return call.wants_events() ? "text/event-stream; charset=utf-8" : "application/x-ndjson";
}

void set_stream_head(const llm::Call& call, ResponseHead& head) {
  head.content_length.reset();
  head.headers.set("content-type", content_type(call));
  if (!call.wants_stream()) return;
  head.headers.set("cache-control", "no-cache");
  head.headers.set("x-accel-buffering", "no");
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

TranslationFilter::Observed::Observed(const Facts& facts, std::string_view id_seed)
    : reader(facts.answer.dialect, {.id_seed = id_seed, .choices = facts.call.choices()},
             kMaxEventBytes) {}

void TranslationFilter::Observed::see(const llm::Event& event) {
  using Kind = llm::Event::Kind;
  if (event.kind == Kind::kUsage) usage = *event.usage;
  if (event.kind == Kind::kDelta) written.add(event.text.inside().size());
  is_done |= event.kind == Kind::kDone;
  if (event.kind == Kind::kFailed)
    failure_code = event.error->code.empty() ? "upstream_error" : event.error->code;
}

Next TranslationFilter::on_response_headers(ResponseHead& head) {
  const Answer& answer = context_.exchange().facts().answer;
  if (answer.is_early && !answer.is_committed) {
    awaits_answer_ = true;
    set_stream_head(context_.exchange().facts().call, head);
    begin_progress(head);
  } else if (is_remote(answer)) {
    begin(head);
    begin_progress(head);
  }
  return Next::kContinue;
}

void TranslationFilter::begin_progress(ResponseHead& head) {
  Exchange& exchange = context_.exchange();
  if (!exchange.facts().call.wants_events() ||
      exchange.request().headers.value("x-omniroute-progress") != "true")
    return;
  head.headers.set("x-omniroute-progress", "enabled");
  const int64_t began =
      exchange.dispatcher().clock().since_start_ns() - exchange.elapsed_us() * 1000;
  progress_ = std::make_unique<Progress>(exchange.dispatcher(), began, [this](Buffer&& bytes) {
    context_.respond_body(std::move(bytes));
  });
}

void TranslationFilter::begin(ResponseHead& head) {
  Exchange& exchange = context_.exchange();
  Facts& facts = exchange.facts();
  request_bytes_ = static_cast<int64_t>(facts.call.body_bytes());
  if (!facts.answer.dropped.empty())
    head.headers.set("x-omniroute-dropped", header_list(facts.answer.dropped));
  // Nothing was generated.
  if (facts.endpoint == Endpoint::kCountTokens || is_kept_response(facts.endpoint)) return;
  // Told in the client's words by who asked.
  if (facts.endpoint == Endpoint::kEmbed) return note_usage(facts.answer.usage, 0);
  if (facts.answer.dialect != facts.call.dialect() ||
      facts.answer.is_stream != facts.call.wants_stream() || facts.call.wants_json_array()) {
    begin_transcoding(head);
  } else if (!facts.answer.is_stream) {
    // What its provider makes in the background has used nothing yet.
    if (facts.kept->keeping && facts.kept->keeping->is_background) return;
    const uint64_t all_of_it = head.content_length.value_or(0);
    note_usage(facts.answer.usage, tokens_of(facts.answer.text_bytes.value_or(all_of_it)));
  } else if (facts.answer.dialect == Dialect::kOpenai) {
    stream_ = std::make_unique<Stream>(facts);
  } else {
    observed_ = std::make_unique<Observed>(facts, exchange.public_id());
  }
}

void TranslationFilter::begin_transcoding(ResponseHead& head) {
  Facts& facts = context_.exchange().facts();
  transcoder_ = std::make_unique<Transcoder>(context_.exchange(), kMaxEventBytes, kMaxPlainBytes);
  facts.answer.is_stream = facts.call.wants_stream();
  set_stream_head(facts.call, head);
}

// False for the one chunk that we asked for and the client did not.
bool TranslationFilter::see(std::string_view frame) {
  constexpr std::string_view kChunk = "data: {", kRole = "\"role\":\"assistant\",";
  const auto see_empty = [&] {
    if (frame.substr(0, kChunk.size()) != kChunk) return;
    const bool has_role = frame.find(kRole) != std::string_view::npos;
    stream_->written.see(frame.size() - (has_role ? kRole.size() : 0));
  };
  if (stream_->frames_to_skip > 0) {
    see_empty();
    return --stream_->frames_to_skip, true;
  }
  using Frame = llm::openai::StreamWatch::Frame;
  const Frame found = stream_->watch.see(frame);
  if (found == Frame::kContent) stream_->written.add(frame.size());
  if (found == Frame::kEmpty) see_empty();
  return found != Frame::kUsageOnly || !context_.exchange().facts().answer.hide_usage_chunk;
}

Next TranslationFilter::on_response_body(Buffer& bytes) {
  if (awaits_answer_) {
    if (!context_.exchange().facts().answer.is_committed) return Next::kContinue;
    begin_late();
  }
  const Next next = pass(bytes);
  note_progress();
  if (progress_ && next == Next::kContinue) progress_->pass(bytes);
  return next;
}

void TranslationFilter::begin_late() {
  awaits_answer_ = false;
  ResponseHead sent;
  begin(sent);
}

void TranslationFilter::send(Buffer&& bytes) {
  if (progress_) progress_->pass(bytes);
  if (!bytes.empty()) context_.respond_body(std::move(bytes));
}

Next TranslationFilter::pass(Buffer& bytes) {
  if (transcoder_) {
    const absl::Status status = transcoder_->feed(bytes);
    if (status.ok() || transcoder_->has_failed()) return Next::kContinue;
    const std::string why =
        fmt::format("The provider's answer makes no sense: {}", message(status));
    if (fail_in_array("upstream_invalid_answer", why, bytes)) return Next::kContinue;
    return fail("upstream_invalid_answer", why);
  }
  if (observed_) return observe(bytes);
  if (!stream_) return Next::kContinue;
  Buffer whole;
  const bool ok = stream_->framer.feed(
      bytes, [this](std::string_view frame) { return see(frame); }, whole);
  if (!ok) return fail("upstream_event_too_large", "The provider sent an event that is too large.");
  bytes = std::move(whole);
  return Next::kContinue;
}

Next TranslationFilter::observe(Buffer& bytes) {
  Buffer whole;
  const absl::Status status = observed_->reader.pass(
      bytes, [this](const llm::Event& event) { observed_->see(event); }, whole);
  bytes = std::move(whole);
  if (status.ok()) return Next::kContinue;
  return fail("upstream_invalid_answer",
              fmt::format("The provider's stream makes no sense: {}", message(status)));
}

Next TranslationFilter::finish_observing() {
  Buffer last;
  const absl::Status status = observed_->reader.finish_pass(
      [this](const llm::Event& event) { observed_->see(event); }, last);
  if (status.ok()) send(std::move(last));
  note_usage(observed_->usage, observed_->written.tokens());
  Facts& facts = context_.exchange().facts();
  facts.stream_finished = observed_->is_done;
  if (!observed_->failure_code.empty()) {
    facts.error_code = observed_->failure_code;
    return Next::kContinue;
  }
  return observed_->is_done ? Next::kContinue : fail_incomplete();
}

Next TranslationFilter::finish_transcoding() {
  Facts& facts = context_.exchange().facts();
  Buffer last;
  const absl::Status status = transcoder_->finish(last);
  note_usage(transcoder_->usage(), transcoder_->written().tokens());
  facts.stream_finished = transcoder_->is_done();
  std::string code, why;
  if (!transcoder_->has_failed() && !transcoder_->is_done()) {
    code = facts.answer.failure->code.empty() ? "upstream_stream_incomplete"
                                              : facts.answer.failure->code;
    why = !facts.answer.failure->message.empty() ? facts.answer.failure->message
          : status.ok() ? "The provider's stream ended before the answer was complete."
                        : fmt::format("The provider's answer makes no sense: {}", message(status));
    if (fail_in_array(code, why, last)) code.clear();
  }
  send(std::move(last));
  if (!code.empty()) return fail(code, why);
  if (transcoder_->has_failed() && facts.error_code.empty())
    facts.error_code = transcoder_->failure_code();
  return Next::kContinue;
}

Next TranslationFilter::fail_incomplete() {
  const Answer& answer = context_.exchange().facts().answer;
  if (!answer.failure->message.empty()) return fail(answer.failure->code, answer.failure->message);
  return fail("upstream_stream_incomplete",
              "The provider's stream ended before the answer was complete.");
}

Next TranslationFilter::on_response_complete() {
  if (awaits_answer_) begin_late();
  const Next next = finish();
  if (progress_ && next == Next::kContinue) send(progress_->finish());
  progress_.reset();
  return next;
}

Next TranslationFilter::finish() {
  if (transcoder_) return finish_transcoding();
  if (observed_) return finish_observing();
  if (!stream_) return Next::kContinue;
  finish_tail();
  note_usage(stream_->watch.usage(), stream_->written.tokens());
  Facts& facts = context_.exchange().facts();
  facts.stream_finished = stream_->watch.is_complete();
  return facts.stream_finished ? Next::kContinue : fail_incomplete();
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
  if (found != Frame::kGarbage && !is_hidden) send(Buffer(last));
}

void TranslationFilter::note_usage(const llm::Usage& said, int64_t output_guess) {
  llm::Usage& usage = context_.exchange().facts().usage;
  usage = said;
  if (said.is_known()) return;
  usage.input = std::max<int64_t>(1, request_bytes_ / kBytesPerToken);
  usage.output = output_guess;
  usage.estimated = true;
}

// Whoever counts money must not wait for the end of a stream, which may never come.
void TranslationFilter::note_progress() {
  Facts& facts = context_.exchange().facts();
  if (!facts.answer.is_stream) return;
  if (transcoder_) {
    facts.stream_finished = transcoder_->is_done();
    return note_so_far(transcoder_->usage(), transcoder_->written().tokens());
  }
  if (observed_) {
    facts.stream_finished = observed_->is_done;
    return note_so_far(observed_->usage, observed_->written.tokens());
  }
  if (!stream_) return;
  facts.stream_finished = stream_->watch.is_done();
  note_so_far(stream_->watch.usage(), stream_->written.tokens());
}

void TranslationFilter::note_so_far(const llm::Usage& said, int64_t output_guess) {
  llm::Usage& usage = context_.exchange().facts().usage;
  usage = said;
  if (usage.input < 0) usage.input = std::max<int64_t>(1, request_bytes_ / kBytesPerToken);
  usage.output = std::max(usage.output, output_guess);
  usage.estimated = true;
}

// Inside a JSON array an error is its last element, and only the encoder knows how to write that.
bool TranslationFilter::fail_in_array(std::string_view code, std::string_view message,
                                      Buffer& out) {
  Facts& facts = context_.exchange().facts();
  if (!facts.call.wants_json_array()) return false;
  facts.error_code = code;
  Buffer last;
  transcoder_->fail({.status = 502, .code = std::string(code), .message = std::string(message)},
                    last);
  out.append(std::move(last));
  return true;
}

Next TranslationFilter::fail(std::string_view code, std::string_view message) {
  progress_.reset();
  context_.reply({.status = 502, .code = std::string(code), .message = std::string(message)});
  return Next::kPause;
}

}  // namespace omni::filters
