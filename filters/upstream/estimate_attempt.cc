#include "filters/upstream/estimate_attempt.h"

#include <string>
#include <utility>

#include "source/llm/decoded.h"
#include "source/llm/token_count.h"

namespace omni::filters {

EstimateAttempt::EstimateAttempt(Exchange& exchange, const Target& target, AttemptEvents& events)
    : exchange_(exchange), target_(target), events_(events) {
  exchange.dispatcher().at_turn_end(*this);
}

void EstimateAttempt::on_turn() {
  Facts& facts = exchange_.facts();
  const llm::Decoded& decoded = facts.call.decoded();
  if (decoded.error) {
    const llm::CallError& error = *decoded.error;
    return events_.on_attempt_failed({.reply = {.status = error.status,
                                                .code = error.code,
                                                .message = error.message,
                                                .param = error.param}});
  }
  const std::string body =
      llm::render_count(facts.call.dialect(), llm::estimate_tokens(decoded.request), true);
  facts.answer.source = Answer::Source::kLocal;
  facts.answer.dialect = facts.call.dialect();
  facts.answer.is_committed = true;
  facts.answer.provider = target_.provider;
  facts.answer.model = target_.model;
  ResponseHead head;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  head.headers.add("x-omniroute-estimated", "true");
  events_.on_commit(std::move(head));
  events_.on_committed_body(Buffer(body));
  events_.on_committed_complete();
}

}  // namespace omni::filters
