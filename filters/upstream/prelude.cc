#include "filters/upstream/prelude.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "api/purse.h"
#include "filters/upstream/diagnostics.h"
#include "filters/upstream/panel.h"
#include "filters/upstream/pipeline.h"
#include "source/llm/responses/history.h"

namespace omni::filters {

std::unique_ptr<Prelude> make_prelude(Exchange& exchange, const AttemptRules& rules,
                                      PreludeEvents& events) {
  switch (exchange.facts().plan.combo->strategy) {
    case routing::Strategy::kFusion:
      return std::make_unique<Panel>(exchange, rules, events);
    case routing::Strategy::kPipeline:
      return std::make_unique<Pipeline>(exchange, rules, events);
    default:
      return nullptr;
  }
}

std::optional<LocalReply> refuse_conversation(Exchange& exchange) {
  llm::Call& call = exchange.facts().call;
  if (call.history() != nullptr && !call.history()->is_whole)
    return LocalReply{.status = 404,
                      .code = "previous_response_not_found",
                      .message = "What the previous response continues is not known here any more.",
                      .param = "previous_response_id"};
  const std::optional<llm::CallError>& error = call.decoded().error;
  if (!error) return std::nullopt;
  return LocalReply{.status = error->status,
                    .code = error->code,
                    .message = error->message,
                    .param = error->param};
}

std::optional<LocalReply> refuse_unpaid(Exchange& exchange, std::string_view next) {
  Purse* purse = exchange.facts().purse;
  std::optional<LocalReply> refusal = purse != nullptr ? purse->refuse_more() : std::nullopt;
  if (!refusal) return std::nullopt;
  refusal->message += fmt::format(". {} was not asked.", next);
  add_diagnostics(exchange, *refusal);
  return refusal;
}

std::string target_name(const SideCall& call) {
  const Target* target = call.target();
  return target != nullptr ? fmt::format("{}/{}", target->provider->id, target->model)
                           : std::string("nobody was asked");
}

}  // namespace omni::filters
