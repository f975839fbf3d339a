#include "filters/upstream/pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "filters/upstream/diagnostics.h"
#include "source/llm/side_request.h"

namespace omni::filters {
namespace {

// Of a step behind the first that the operator gave no prompt.
constexpr std::string_view kDefaultPrompt =
    "The last message is not the user's own: it is the answer that another model gave to the "
    "conversation before it. Improve that answer: correct what is wrong, add what is missing. "
    "Answer the user directly, and do not speak of the other answer.";

}  // namespace

Pipeline::Pipeline(Exchange& exchange, const AttemptRules& rules, PreludeEvents& events)
    : exchange_(exchange),
      rules_(rules),
      events_(events),
      stages_(exchange.facts().plan.stages),
      combo_(*exchange.facts().plan.combo) {}

std::string Pipeline::step_name(size_t step) const {
  return fmt::format("Step {} of pipeline '{}'", step + 1, combo_.name);
}

// Nobody is asked in vain.
void Pipeline::begin() {
  for (size_t i = 0; i < stages_->all.size(); ++i) {
    if (!stages_->all[i].plan.empty()) continue;
    return events_.on_prelude_failed(
        {.status = 503,
         .code = "ALL_ACCOUNTS_INACTIVE",
         .message = fmt::format("{} has no account that this key may use.", step_name(i))});
  }
  ask();
}

void Pipeline::give_up(std::string_view reason) {
  if (call_) call_->give_up(reason);
}

// Returns how much was added.
size_t Pipeline::add_step(llm::Request& request) {
  const std::string& own = stages_->all[step_].stage->prompt;
  const std::string_view prompt = own.empty() && step_ > 0 ? kDefaultPrompt : std::string_view(own);
  const size_t bytes = prompt.size() + said_.size();
  if (!prompt.empty()) llm::add_system_text(request, llm::escaped(prompt));
  if (step_ > 0) llm::add_user_text(request, std::move(said_));
  said_.clear();
  return bytes;
}

void Pipeline::ask() {
  const routing::StagePlan& stage = stages_->all[step_];
  if (step_ + 1 == stages_->all.size()) {
    const size_t added = add_step(exchange_.facts().call.edit());
    return events_.on_prelude_done(Plan(stage.plan), added);
  }
  const size_t bytes = said_.size();
  const auto fill = [this](llm::Request& request) {
    llm::take_conversation(exchange_.facts().call.decoded().request, request);
    add_step(request);
  };
  // The one that has just answered is still at work on its own end.
  last_call_ = std::move(call_);
  call_ = std::make_unique<SideCall>(exchange_, rules_, stage.plan, fill, bytes,
                                     [this](SideCall& call) { on_done(call); });
}

void Pipeline::on_done(SideCall& call) {
  if (!call.has_answered()) return fail(call);
  said_ = call.take_text();
  ++step_;
  if (!is_spent()) ask();
}

// A step that somebody's budget cannot pay for is not begun; those before it have been paid for.
bool Pipeline::is_spent() {
  std::optional<LocalReply> refusal = refuse_unpaid(exchange_, step_name(step_));
  if (refusal) end(*std::move(refusal));
  return refusal.has_value();
}

void Pipeline::fail(const SideCall& call) {
  LocalReply reply = call.failure();
  reply.code = "pipeline_step_failed";
  reply.message =
      fmt::format("{} ({}) failed: {}", step_name(step_), target_name(call), reply.message);
  end(std::move(reply));
}

void Pipeline::end(LocalReply&& reply) {
  add_diagnostics(exchange_, reply);
  events_.on_prelude_failed(std::move(reply));
}

}  // namespace omni::filters
