#include "filters/translation/transcoder.h"

#include <utility>

#include "source/base/status.h"
#include "source/catalog/provider.h"
#include "source/llm/decoded.h"
#include "source/llm/error.h"

namespace omni::filters {
namespace {

std::unique_ptr<llm::AnswerEncoder> make_encoder(Exchange& exchange, std::string_view id,
                                                 std::string_view model) {
  const Facts& facts = exchange.facts();
  const llm::Call& call = facts.call;
  llm::AnswerOptions options;
  options.stream = call.wants_stream();
  options.model = model;
  options.fallback_id = id;
  options.now = absl::ToUnixSeconds(exchange.dispatcher().clock().now());
  options.include_usage = call.asked_for_usage();
  options.is_json_array = call.wants_json_array();
  options.request = call.decoded_request();
  // An answer of the client's own dialect brings the id that its provider keeps it under.
  const bool brings_id = facts.answer.dialect == Dialect::kOpenaiResponses;
  if (facts.kept->keeping && !brings_id) options.keeping = &*facts.kept->keeping;
  return llm::make_answer_encoder(call.dialect(), options);
}

// Valid as long as the exchange's snapshot.
std::string_view key_of(const Answer& answer) {
  if (answer.provider == nullptr) return {};
  for (const Account& account : answer.provider->accounts)
    if (account.name == answer.account) return account.api_key.reveal();
  return {};
}

}  // namespace

Transcoder::Transcoder(Exchange& exchange, size_t max_event_bytes, size_t max_plain_bytes)
    : answer_(exchange.facts().answer),
      from_stream_(answer_.is_stream),
      max_plain_bytes_(max_plain_bytes),
      reader_(exchange.facts().answer.dialect,
              {.id_seed = exchange.public_id(),
               .choices = exchange.facts().call.choices(),
               .request = exchange.facts().call.decoded_request()},
              max_event_bytes),
      format_tool_(exchange.facts().answer.format_tool),
      id_(exchange.public_id()),
      model_(exchange.facts().call.model()),
      encoder_(make_encoder(exchange, id_, model_)) {
  // A long stream need not keep the request it answers.
  exchange.facts().call.release_decoded();
}

void Transcoder::fail(const llm::Error& error, Buffer& out) {
  llm::Event event;
  event.kind = llm::Event::Kind::kFailed;
  event.error = &error;
  put(event);
  out = Buffer(out_);
  out_.clear();
}

void Transcoder::put(const llm::Event& event) {
  using Kind = llm::Event::Kind;
  if (is_done_ || has_failed_) return;
  if (event.kind == Kind::kUsage) usage_ = *event.usage;
  if (event.kind == Kind::kDelta) written_.add(event.text.inside().size());
  if (event.kind == Kind::kDone) is_done_ = true;
  if (event.kind == Kind::kFailed) return put_failure(event);
  format_tool_.put(event, [this](const llm::Event& changed) { encoder_->put(changed, out_); });
}

// What the provider says of the failure may repeat our key to it.
void Transcoder::put_failure(const llm::Event& event) {
  has_failed_ = true;
  const std::string_view key = key_of(answer_);
  llm::Error error = *event.error;
  for (std::string* text : {&error.message, &error.code, &error.type, &error.param})
    *text = llm::mask_secrets(*text, key);
  failure_code_ = error.code.empty() ? "upstream_error" : error.code;
  llm::Event told = event;
  told.error = &error;
  format_tool_.put(told, [this](const llm::Event& changed) { encoder_->put(changed, out_); });
}

absl::Status Transcoder::feed(Buffer& bytes) {
  if (!from_stream_) {
    if (plain_.size() + bytes.size() > max_plain_bytes_) return invalid("the answer is too large");
    bytes.own();
    plain_.append(std::move(bytes));
    bytes.clear();
    return absl::OkStatus();
  }
  const absl::Status status = reader_.feed(bytes, [this](const llm::Event& event) { put(event); });
  bytes = Buffer(out_);
  out_.clear();
  return status;
}

absl::Status Transcoder::finish(Buffer& out) {
  const auto emit = [this](const llm::Event& event) { put(event); };
  const absl::Status status =
      from_stream_ ? reader_.finish(emit) : reader_.whole(plain_.flatten(), emit);
  out = Buffer(out_);
  out_.clear();
  return status;
}

}  // namespace omni::filters
