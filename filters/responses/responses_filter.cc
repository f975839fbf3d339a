#include "filters/responses/responses_filter.h"

#include <fmt/format.h>

#include <utility>

#include "api/snapshot.h"
#include "source/base/random.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/base/system_clock.h"
#include "source/json/edit.h"
#include "source/json/writer.h"
#include "source/llm/decoded.h"
#include "source/llm/responses/history.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

// What has become too old since the last time.
constexpr int kPurgeAtStart = 10'000;
constexpr size_t kIdBytes = 24;  // Nobody guesses it.

// The same request, as its exchange in the background is to get it.
std::string job_body(std::string_view body) {
  std::string out(body);
  json::remove_member(out, {"background"});
  json::set_member(out, {"stream"}, "true");
  return out;
}

}  // namespace

absl::StatusOr<ResponsesFilter::Config> ResponsesFilter::Config::parse(const ConfigNode& node,
                                                                       FilterEnv& env) {
  ResponseLimits limits;
  OMNI_ASSIGN_OR_RETURN(limits.ttl, node.duration("ttl", limits.ttl));
  OMNI_ASSIGN_OR_RETURN(const int64_t max_size,
                        node.size_bytes("max_size", static_cast<int64_t>(limits.max_bytes)));
  if (limits.ttl < absl::Seconds(1)) return node.error_at("ttl", "must be at least 1s");
  OMNI_RETURN_IF_ERROR(node.done());
  limits.max_bytes = static_cast<uint64_t>(max_size);
  Config config;
  env.store.write([limits](Update& update) {
    return ResponseBook(update, limits, wall_now()).purge(kPurgeAtStart);
  });
  config.log = std::make_shared<const ResponseLog>(env.store, limits);
  config.lost = env.stats.counter("omniroute_responses_lost_total",
                                  "Answers of the Responses API that could not be kept.");
  return config;
}

bool ResponsesFilter::applies(Exchange& exchange) {
  const Facts& facts = exchange.facts();
  switch (facts.endpoint) {
    case Endpoint::kChat:
    case Endpoint::kCountTokens:
      return facts.call.dialect() == Dialect::kOpenaiResponses;
    case Endpoint::kResponse:
    case Endpoint::kResponseItems:
    case Endpoint::kCancelResponse:
      return true;
    default:
      return false;
  }
}

Wants ResponsesFilter::wants() const {
  return {.whole_request = !is_kept_response(context_.exchange().facts().endpoint)};
}

void ResponsesFilter::refuse(int status, std::string_view code, std::string message,
                             std::string_view param) {
  context_.reply({.status = status,
                  .code = std::string(code),
                  .message = std::move(message),
                  .param = std::string(param)});
}

Next ResponsesFilter::on_request_headers(RequestHead&) {
  if (!is_kept_response(context_.exchange().facts().endpoint)) return begin();
  endpoint_ = std::make_unique<KeptEndpoint>(context_, *config_.log);
  return endpoint_->begin();
}

Next ResponsesFilter::begin() {
  Facts& facts = context_.exchange().facts();
  if (std::optional<llm::CallError> error = read_asked(facts.call.body(), asked_)) {
    refuse(error->status, error->code, std::move(error->message), error->param);
    return Next::kPause;
  }
  if (facts.endpoint == Endpoint::kCountTokens) asked_.store = asked_.in_background = false;
  if (asked_.store) {
    input_ = llm::responses::items_of_input(asked_.input);
    if (facts.kept->job.empty()) {
      facts.kept.make().keeping = {.id = "resp_" + to_hex(random_bytes(kIdBytes)),
                                   .is_background = asked_.in_background};
      if (!asked_.previous_id.empty())
        facts.kept.make().keeping->previous = json::quoted(asked_.previous_id);
    }
  }
  if (asked_.previous_id.empty()) return go_on();
  const GatewayKey* key = facts.principal.key;
  pending_ = config_.log->find(context_.exchange().dispatcher(), key != nullptr ? key->id : "",
                               asked_.previous_id, ResponseLog::Want::kContinued,
                               [this](absl::StatusOr<std::optional<FoundResponse>> found) {
                                 previous_found(std::move(found));
                               });
  return Next::kPause;
}

void ResponsesFilter::previous_found(absl::StatusOr<std::optional<FoundResponse>> found) {
  pending_.reset();
  if (!found.ok())
    return refuse(503, "responses_unavailable",
                  fmt::format("Kept responses cannot be read: {}", message(found.status())), "");
  // Whether another key has it is not told.
  if (!*found)
    return refuse(404, "previous_response_not_found",
                  fmt::format("Previous response with id '{}' not found.", asked_.previous_id),
                  "previous_response_id");
  if ((*found)->record.state != ResponseRecord::State::kOver)
    return refuse(400, "previous_response_not_finished",
                  fmt::format("Response '{}' is still being made.", asked_.previous_id),
                  "previous_response_id");
  if ((*found)->is_too_long)
    return refuse(400, "previous_response_too_long",
                  fmt::format("What response '{}' continues is more than {} MiB.",
                              asked_.previous_id, ResponseLog::kMostItemBytes >> 20),
                  "previous_response_id");
  take_history(**std::move(found));
  if (go_on() == Next::kContinue) context_.resume_request();
}

void ResponsesFilter::take_history(FoundResponse&& found) {
  Facts& facts = context_.exchange().facts();
  previous_ = std::move(found.key);
  stale_ = std::move(found.stale);
  // A conversation stays one, unless the client has a name for it.
  constexpr std::string_view kNamed = "ext:";
  if (!found.record.session.empty() && facts.session.substr(0, kNamed.size()) != kNamed)
    facts.session = found.record.session;
  KeptFacts& kept = facts.kept.make();
  kept.provider = found.record.provider;
  kept.account = found.record.account;
  facts.call.set_history(std::make_shared<const llm::responses::History>(
      llm::responses::History{.items = std::move(found.items),
                              .is_whole = found.is_whole,
                              .provider = found.record.provider,
                              .account = found.record.account}));
}

Next ResponsesFilter::go_on() {
  Facts& facts = context_.exchange().facts();
  const bool is_job = !facts.kept->job.empty();
  if (asked_.in_background && !is_job && must_run_here()) {
    start_job();
    return Next::kPause;
  }
  if (facts.kept->keeping)
    keeper_ = std::make_unique<AnswerKeeper>(context_, *config_.log, config_.lost, as_asked());
  return Next::kContinue;
}

// A provider of the same dialect does it itself. What will be refused is refused at once.
bool ResponsesFilter::must_run_here() const {
  Facts& facts = context_.exchange().facts();
  const Snapshot& snapshot = context_.exchange().snapshot();
  // Which of a combo's targets will make it is not known before it is made.
  if (snapshot.combos != nullptr && snapshot.combos->find(facts.call.model()) != nullptr)
    return !facts.call.decoded().error;
  const Resolution& names = facts.call.target_names(*snapshot.providers, *snapshot.aliases);
  if (!names.ok()) return false;
  const Provider& provider = *names.targets.front().provider;
  if (!provider.is_demo && provider.dialect == Dialect::kOpenaiResponses) return false;
  return !facts.call.decoded().error;
}

NewResponse ResponsesFilter::as_asked() const {
  Exchange& exchange = context_.exchange();
  const Facts& facts = exchange.facts();
  const llm::responses::Keeping& keeping = *facts.kept->keeping;
  NewResponse out;
  ResponseRecord& record = out.record;
  record.owner = facts.principal.key != nullptr ? facts.principal.key->id : "";
  record.id = keeping.id;
  record.parent = previous_;
  record.session = facts.session;
  record.is_background = keeping.is_background;
  // What came before is not all known: what follows is not either.
  const llm::responses::History* history = facts.call.history();
  record.is_whole = history == nullptr || history->is_whole;
  out.stale = stale_;
  if (keeping.is_background) {
    const absl::Time now = exchange.dispatcher().clock().now();
    record.created_us = absl::ToUnixMicros(now);
    record.state = ResponseRecord::State::kQueued;
    record.maker = exchange.jobs().maker();
    out.object = llm::responses::queued_object(facts.call.body(), keeping, facts.call.model(),
                                               absl::ToUnixSeconds(now));
  }
  if (facts.kept->job.empty()) {
    out.input = input_;
  } else {
    out.key = facts.kept->job;
    out.is_update = true;
  }
  return out;
}

void ResponsesFilter::start_job() {
  Exchange& exchange = context_.exchange();
  NewResponse job = as_asked();
  job.key = response_key(job.record.created_us, random_word());
  NewResponse kept = job;
  pending_ = config_.log->keep(exchange.dispatcher(), std::move(kept),
                               [this, job = std::move(job)](const absl::Status& status) {
                                 pending_.reset();
                                 job_kept(status, job);
                               });
}

void ResponsesFilter::job_kept(const absl::Status& status, const NewResponse& job) {
  Exchange& exchange = context_.exchange();
  if (!status.ok())
    return refuse(503, "responses_unavailable",
                  fmt::format("The response cannot be kept: {}", message(status)), "");
  if (!exchange.jobs().start(exchange, job.key, job_body(exchange.facts().call.body()))) {
    pending_ = config_.log->erase(exchange.dispatcher(), job.record.owner, job.record.id,
                                  [](const absl::StatusOr<bool>&) {});
    return refuse(503, "too_many_background_responses",
                  "As many responses as may be are being made in the background.", "");
  }
  endpoint_ = std::make_unique<KeptEndpoint>(context_, *config_.log);
  endpoint_->answer_begun(job.key, job.record, job.object, exchange.facts().call.wants_stream());
}

Next ResponsesFilter::on_response_headers(ResponseHead& head) {
  if (keeper_) keeper_->on_headers(head);
  return Next::kContinue;
}

Next ResponsesFilter::on_response_body(Buffer& bytes) {
  return keeper_ ? keeper_->on_body(bytes) : Next::kContinue;
}

Next ResponsesFilter::on_response_complete() {
  return keeper_ ? keeper_->on_complete() : Next::kContinue;
}

void ResponsesFilter::on_end() noexcept {
  if (keeper_) keeper_->on_end();
}

}  // namespace omni::filters
