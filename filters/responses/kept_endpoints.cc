#include "filters/responses/kept_endpoints.h"

#include <fmt/format.h>

#include <utility>

#include "api/snapshot.h"
#include "filters/responses/item_list.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/json/writer.h"
#include "source/llm/responses/history.h"
#include "source/sse/framer.h"

namespace omni::filters {
namespace {

using State = ResponseRecord::State;
using Want = ResponseLog::Want;

}  // namespace

std::string_view KeptEndpoint::owner() const {
  const GatewayKey* key = context_.exchange().facts().principal.key;
  return key != nullptr ? std::string_view(key->id) : std::string_view();
}

std::string_view KeptEndpoint::id() const { return context_.exchange().facts().resource; }

bool KeptEndpoint::is_alive(const ResponseRecord& record) const {
  return record.state != State::kOver && context_.exchange().jobs().is_alive(record.maker);
}

void KeptEndpoint::refuse(int status, std::string_view code, std::string message,
                          std::string_view param) {
  context_.reply({.status = status,
                  .code = std::string(code),
                  .message = std::move(message),
                  .param = std::string(param)});
}

void KeptEndpoint::refuse_unknown() {
  refuse(404, "response_not_found", fmt::format("Response with id '{}' not found.", id()));
}

bool KeptEndpoint::ask(Want want) {
  pending_ = log_.find(context_.exchange().dispatcher(), owner(), id(), want,
                       [this](Found answer) { found(std::move(answer)); });
  return pending_ != nullptr;
}

Next KeptEndpoint::begin() {
  Exchange& exchange = context_.exchange();
  const std::string_view target = exchange.request().target;
  if (exchange.facts().endpoint == Endpoint::kResponseItems) {
    ask(Want::kInput);
    return Next::kPause;
  }
  wants_stream_ = query_value(target, "stream").value_or("") == "true";
  if (const auto after = query_value(target, "starting_after")) {
    const auto number = parse_int(*after);
    if (!number || *number < 0) {
      refuse(400, "bad_request", "starting_after: must be a whole number", "starting_after");
      return Next::kPause;
    }
    after_ = *number;
  }
  ask(wants_stream_ ? Want::kEvents : Want::kObject);
  return Next::kPause;
}

void KeptEndpoint::found(Found answer) {
  pending_.reset();
  if (!answer.ok())
    return refuse(503, "responses_unavailable",
                  fmt::format("Kept responses cannot be read: {}", message(answer.status())));
  if (!*answer) return refuse_unknown();
  FoundResponse& found = **answer;
  if (found.record.state != State::kOver && !is_alive(found.record)) {
    found.record.state = State::kOver;
    llm::responses::end_object(found.object, "failed", "server_error",
                               "The process that made this response ended before it was complete.");
  }
  const Endpoint endpoint = context_.exchange().facts().endpoint;
  if (endpoint == Endpoint::kResponseItems) return list(std::move(found));
  if (endpoint == Endpoint::kCancelResponse) return cancel(std::move(found));
  if (context_.exchange().request().method == "DELETE") return erase(std::move(found));
  wants_stream_ ? read_stream(std::move(found)) : read(std::move(found));
}

// What its provider makes in the background, or keeps events of, it alone can tell of.
bool KeptEndpoint::forward(const ResponseRecord& record) {
  if (record.provider.empty()) return false;
  Facts& facts = context_.exchange().facts();
  if (context_.exchange().snapshot().providers->find(record.provider) == nullptr) return false;
  KeptFacts& kept = facts.kept.make();
  kept.provider = record.provider;
  kept.account = record.account;
  context_.resume_request();
  return true;
}

void KeptEndpoint::read(FoundResponse&& found) {
  if (found.record.is_background && forward(found.record)) return;
  respond(found.object);
}

void KeptEndpoint::read_stream(FoundResponse&& found) {
  if (forward(found.record)) return;
  if (!found.record.is_background)
    return refuse(400, "response_not_streamable",
                  "Only a response that is made in the background can be read as a stream.",
                  "stream");
  if (found.record.state != State::kOver) return follow(found.key, found.record.maker);
  replay(std::move(found));
}

void KeptEndpoint::begin_stream() {
  Answer& answer = context_.exchange().facts().answer;
  answer.source = Answer::Source::kLocal;
  answer.is_stream = true;
  ResponseHead head;
  head.headers.add("content-type", "text/event-stream; charset=utf-8");
  head.headers.add("cache-control", "no-cache");
  head.headers.add("x-accel-buffering", "no");
  context_.respond_headers(std::move(head));
}

void KeptEndpoint::follow(const std::string& key, const JobMaker& maker) {
  BackgroundJobs::Listener listener;
  listener.on_events = [this, begun = false](std::string_view events, bool is_last) mutable {
    if (!std::exchange(begun, true)) begin_stream();
    context_.respond_body(Buffer(events));
    if (is_last) context_.respond_complete();
  };
  // An open stream ends with an error event, never as if it were whole.
  listener.on_broken = [this] {
    refuse(409, "response_ended", "The making of this response was ended.");
  };
  listener.on_missing = [this] {
    // It has ended in the meantime: then its events are kept by now.
    if (std::exchange(was_missed_, true))
      return refuse(503, "responses_unavailable", "The response's stream cannot be read now.");
    ask(Want::kEvents);
  };
  job_ = context_.exchange().jobs().follow(maker, key, after_, std::move(listener));
}

void KeptEndpoint::replay(FoundResponse&& found) {
  begin_stream();
  std::string events = events_after(found.events, after_);
  // Where the stream is not kept, how it ended is.
  if (found.events.empty()) events = last_event(found.object);
  context_.respond_body(Buffer(events));
  context_.respond_complete();
}

void KeptEndpoint::list(FoundResponse&& found) {
  if (!found.is_whole && forward(found.record)) return;
  ItemPage page;
  if (auto error = read_page(context_.exchange().request().target, page))
    return refuse(error->status, error->code, std::move(error->message), error->param);
  auto listed =
      list_items(llm::responses::number_items(found.items, to_hex(found.key).substr(0, 24)), page);
  if (!listed)
    return refuse(400, "bad_request", fmt::format("after: no item has the id '{}'", page.after),
                  "after");
  respond(*listed);
}

void KeptEndpoint::cancel(FoundResponse&& found) {
  if (found.record.is_background && forward(found.record)) return;
  if (!found.record.is_background)
    return refuse(400, "response_not_cancellable",
                  "Only a response that is made in the background can be cancelled.");
  if (found.record.state == State::kOver) return respond(found.object);
  const std::string key = found.key;
  const JobMaker maker = found.record.maker;
  job_ = context_.exchange().jobs().cancel(
      maker, key, [this, found = std::move(found)](bool was_there) mutable {
        if (was_there) return cancelled(std::move(found));
        if (std::exchange(was_missed_, true)) return respond(found.object);
        ask(Want::kObject);
      });
}

void KeptEndpoint::cancelled(FoundResponse&& found) {
  llm::responses::end_object(found.object, "cancelled", "", "");
  found.record.state = State::kOver;
  NewResponse kept{.key = found.key, .record = found.record, .object = found.object};
  kept.is_update = true;
  pending_ = log_.keep(context_.exchange().dispatcher(), std::move(kept),
                       [this, object = std::move(found.object)](const absl::Status&) {
                         pending_.reset();
                         respond(object);
                       });
}

// One that is still being made is not made any further.
void KeptEndpoint::erase(FoundResponse&& found) {
  if (is_alive(found.record))
    job_ = context_.exchange().jobs().cancel(found.record.maker, found.key, [](bool) {});
  pending_ = log_.erase(context_.exchange().dispatcher(), owner(), id(),
                        [this, record = found.record](absl::StatusOr<bool> was_there) {
                          pending_.reset();
                          if (was_there.ok() && *was_there && forward(record)) return;
                          erased(std::move(was_there));
                        });
}

void KeptEndpoint::erased(absl::StatusOr<bool> was_there) {
  if (!was_there.ok())
    return refuse(503, "responses_unavailable",
                  fmt::format("The response cannot be deleted: {}", message(was_there.status())));
  if (!*was_there) return refuse_unknown();
  respond(fmt::format(R"({{"id":{},"object":"response","deleted":true}})", json::quoted(id())));
}

void KeptEndpoint::answer_begun(const std::string& key, const ResponseRecord& record,
                                std::string_view object, bool as_stream) {
  if (as_stream) return follow(key, record.maker);
  respond(object);
}

void KeptEndpoint::respond(std::string_view body) {
  context_.exchange().facts().answer.source = Answer::Source::kLocal;
  ResponseHead head;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  context_.respond_headers(std::move(head));
  context_.respond_body(Buffer(body));
  context_.respond_complete();
}

}  // namespace omni::filters
