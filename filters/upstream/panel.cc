#include "filters/upstream/panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "filters/upstream/diagnostics.h"
#include "source/llm/side_request.h"

namespace omni::filters {
namespace {

constexpr std::string_view kIntroduction =
    "Several models were asked to answer the conversation above, each without knowing of the "
    "others. This is what they said:\n";
constexpr std::string_view kInstruction =
    "\nNow answer the conversation above yourself. Keep what is right in these answers, correct "
    "what is wrong, and decide where they differ. Answer the user directly, in the form that was "
    "asked for, and do not speak of these answers.";

}  // namespace

Panel::Panel(Exchange& exchange, const AttemptRules& rules, PreludeEvents& events)
    : exchange_(exchange),
      rules_(rules),
      events_(events),
      stages_(exchange.facts().plan.stages),
      combo_(*exchange.facts().plan.combo) {
  for (const routing::StagePlan& each : stages_->all) {
    if (each.stage->role == routing::StageRole::kJudge)
      judge_ = &each;
    else
      members_.push_back({&each, nullptr});
  }
}

void Panel::begin() {
  left_ = static_cast<int>(std::count_if(members_.begin(), members_.end(),
                                         [this](const auto& each) { return is_usable(each); }));
  if (judge_->plan.empty() || left_ < combo_.panel.minimum) return fail_unusable();
  timeout_ = exchange_.dispatcher().make_timer([this] { on_time_out(); });
  timeout_->arm(combo_.panel.timeout);
  deadline_ = exchange_.dispatcher().clock().since_start() + combo_.panel.timeout;
  ask_more();
}

void Panel::give_up(std::string_view reason) {
  is_over_ = true;
  timeout_.reset();
  for (const Member& member : members_)
    if (member.call) member.call->give_up(reason);
}

void Panel::ask_more() {
  for (; next_ < members_.size() && running_ < combo_.panel.parallel; ++next_)
    if (is_usable(members_[next_])) ask(members_[next_]);
}

void Panel::ask(Member& member) {
  ++running_;
  const std::string& prompt = member.stage->stage->prompt;
  const auto fill = [&](llm::Request& request) {
    llm::take_conversation(exchange_.facts().call.decoded().request, request);
    if (!prompt.empty()) llm::add_system_text(request, llm::escaped(prompt));
  };
  member.call =
      std::make_unique<SideCall>(exchange_, rules_, member.stage->plan, fill, prompt.size(),
                                 [this](SideCall& call) { on_done(call); });
}

void Panel::on_done(SideCall& call) {
  --running_;
  --left_;
  if (call.has_answered()) ++answered_;
  if (!is_over_) look();
}

void Panel::look() {
  const routing::PanelRule& rule = combo_.panel;
  if (left_ == 0 && answered_ >= rule.minimum) return finish();
  if (answered_ + left_ < rule.minimum) return fail(false);
  if (answered_ >= rule.minimum && rule.grace > absl::ZeroDuration() &&
      !std::exchange(is_in_grace_, true))
    timeout_->arm(std::min(rule.grace, deadline_ - exchange_.dispatcher().clock().since_start()));
  ask_more();
}

void Panel::on_time_out() {
  if (is_over_) return;
  if (answered_ >= combo_.panel.minimum) return finish();
  fail(true);
}

void Panel::finish() {
  is_over_ = true;
  timeout_.reset();
  for (const Member& member : members_)
    if (member.call) member.call->give_up("panel_timeout");
  // What was asked of the panel has been paid for; a judge that nobody can pay is not asked.
  if (std::optional<LocalReply> refusal =
          refuse_unpaid(exchange_, fmt::format("The judge of combo '{}'", combo_.name)))
    return events_.on_prelude_failed(*std::move(refusal));
  size_t bytes = 0;
  std::string text = judge_text(bytes);
  llm::add_user_text(exchange_.facts().call.edit(), std::move(text));
  events_.on_prelude_done(Plan(judge_->plan), bytes);
}

// Without names: a judge has its favourites.
std::string Panel::judge_text(size_t& bytes) {
  std::string out = llm::escaped(kIntroduction);
  int number = 0;
  for (const Member& member : members_) {
    if (!member.call || !member.call->has_answered()) continue;
    out += llm::escaped(fmt::format("\n<answer number=\"{}\">\n", ++number));
    out += member.call->take_text();
    out += llm::escaped("\n</answer>\n");
  }
  const std::string& prompt = judge_->stage->prompt;
  out += prompt.empty() ? llm::escaped(kInstruction) : llm::escaped("\n" + prompt);
  bytes = out.size();
  return out;
}

std::string Panel::name_of(const Member& member) const {
  if (member.call && member.call->target() != nullptr) return target_name(*member.call);
  const routing::Stage& stage = *member.stage->stage;
  if (!stage.combo.empty() || stage.count == 0) return stage.combo;
  const Target& first = combo_.targets[stage.first].target;
  return fmt::format("{}/{}", first.provider->id, first.model);
}

std::string Panel::what_became() const {
  std::string out;
  for (const Member& member : members_) {
    std::string_view what = "answered";
    if (!is_usable(member))
      what = "no account that this key may use";
    else if (!member.call)
      what = "not asked";
    else if (!member.call->is_over())
      what = "no answer yet";
    else if (!member.call->has_answered())
      what = member.call->failure().message;
    if (!out.empty()) out += "; ";
    out += fmt::format("{}: {}", name_of(member), what);
  }
  return out;
}

// What all that failed say alike is what the client is told.
int Panel::status() const {
  int same = 0;
  for (const Member& member : members_) {
    if (!member.call || !member.call->is_over() || member.call->has_answered()) continue;
    const int status = member.call->failure().status;
    if (same != 0 && same != status) return 502;
    same = status;
  }
  return same >= 400 ? same : 502;
}

void Panel::fail(bool has_timed_out) {
  is_over_ = true;
  timeout_.reset();
  LocalReply reply;
  reply.status = has_timed_out ? 504 : status();
  reply.code = "fusion_panel_failed";
  reply.message = fmt::format("{} of the panel of combo '{}' answered{}, and {} must: {}",
                              answered_, combo_.name, has_timed_out ? " in time" : "",
                              combo_.panel.minimum, what_became());
  for (const Member& member : members_)
    if (member.call) member.call->give_up(has_timed_out ? "panel_timeout" : "panel_failed");
  add_diagnostics(exchange_, reply);
  events_.on_prelude_failed(std::move(reply));
}

void Panel::fail_unusable() {
  is_over_ = true;
  events_.on_prelude_failed(
      {.status = 503,
       .code = "ALL_ACCOUNTS_INACTIVE",
       .message = judge_->plan.empty()
                      ? fmt::format("The judge of combo '{}' has no account that this key may use.",
                                    combo_.name)
                      : fmt::format("Of the panel of combo '{}' {} can be asked, and {} must "
                                    "answer: {}",
                                    combo_.name, left_, combo_.panel.minimum, what_became())});
}

}  // namespace omni::filters
