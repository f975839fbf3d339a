#include "filters/upstream/handoff.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/snapshot.h"
#include "filters/upstream/prelude.h"
#include "source/llm/side_request.h"

namespace omni::filters {
namespace {

constexpr std::string_view kAsk =
    "You write handoffs. The user's message is the record of a conversation that another model is "
    "about to take over. Say in at most 300 words what the user wants, what was decided and why, "
    "what has been done, which names, numbers and files matter, and what is still open. Write the "
    "handoff alone, without an introduction. Do not answer the conversation.";
constexpr std::string_view kTell =
    "Until now another model answered this conversation. What it leaves to you:\n\n";

std::string server_name(const Target& target) {
  return fmt::format("{}/{}/{}", target.provider->id,
                     target.account != nullptr ? target.account->name : "", target.model);
}

// A limit that is whole again so soon makes nobody move.
constexpr int64_t kSoonWholeMs = 60000;
// With less left a summary may be refused.
constexpr double kTooLittle = 0.05;
constexpr double kRounding = 1e-9;

// Whether a conversation that leaves `server` is summed up.
bool is_handed_over(const routing::HandoffRule& rule, std::string_view server) {
  const std::string_view provider = server.substr(0, server.find('/'));
  return rule.providers.empty() ||
         std::find(rule.providers.begin(), rule.providers.end(), provider) != rule.providers.end();
}

// It would wait for the very place that the request holds.
bool waits_for_itself(const routing::QueueRule& queue) {
  return queue.enabled && queue.concurrent == 1;
}

bool is_of(const std::string& server, const Target& target) {
  const std::string& provider = target.provider->id;
  const std::string& model = target.model;
  return server.size() > provider.size() + model.size() + 1 &&
         server.compare(0, provider.size() + 1, provider + "/") == 0 &&
         server.compare(server.size() - model.size() - 1, std::string::npos, "/" + model) == 0;
}

}  // namespace

Handoff::Handoff(Exchange& exchange, const AttemptRules& rules)
    : exchange_(exchange),
      rules_(rules),
      stages_(exchange.facts().plan.stages),
      combo_(*exchange.facts().plan.combo) {
  Plan& plan = exchange.facts().plan;
  if (!plan.session.empty() && combo_.handoffs != nullptr) before_ = combo_.handoffs->find(name());
  if (before_ != nullptr && before_->has_notes() && !is_told_of_this(*before_)) before_.reset();
  if (before_ == nullptr) return;
  next_ = before_->next;
  covered_ = {before_->messages, before_->digest};
  const auto has_it = [&](uint16_t place) {
    return is_of(before_->server, combo_.targets[place].target);
  };
  const auto place = std::find_if(plan.places.begin(), plan.places.end(), has_it);
  if (place != plan.places.end()) std::rotate(plan.places.begin(), place, place + 1);
}

// Sessions are named by clients, or by how a conversation began: those of two keys are never one.
std::string Handoff::name() const {
  const Facts& facts = exchange_.facts();
  const GatewayKey* key = facts.principal.key;
  return fmt::format("{}/{}", key != nullptr ? key->id : "", facts.plan.session);
}

// Many conversations of one client begin alike. Only one that holds all that a note was made of may
// learn what it says.
bool Handoff::is_told_of_this(const routing::HandoffBook::Entry& entry) const {
  if (refuse_conversation(exchange_)) return false;
  const llm::Reached known{entry.messages, entry.digest};
  return llm::reached(exchange_.facts().call.decoded().request, known.messages) == known;
}

bool Handoff::delays(const Target& target, absl::AnyInvocable<void()> go) {
  if (before_ == nullptr) return false;
  if (before_->server == server_name(target)) {
    if (!before_->note.empty() && note_.empty()) tell(before_->note);
    is_ahead_ = !has_asked_ && next_.empty() && is_due(target);
    return is_ahead_ && ask(target, std::move(go));
  }
  if (!is_handed_over(combo_.handoff, before_->server)) return false;
  if (next_.empty()) return !has_asked_ && ask(target, std::move(go));
  has_asked_ = true;
  tell(std::exchange(next_, {}));
  return false;
}

// Nearly all that the target's account may be asked is used up, and it will stay so for a while.
bool Handoff::runs_out(const Target& target, double least) const {
  if (target.account == nullptr || !target.account->cell) return false;
  const int64_t now_ms = absl::ToUnixMillis(exchange_.dispatcher().clock().now());
  const routing::QuotaState quota = target.account->cell->quota.load(now_ms);
  return quota.is_known && quota.reset_ms > now_ms + kSoonWholeMs && quota.share >= least &&
         quota.share <= 1 - combo_.handoff.threshold + kRounding;
}

// Who has the conversation knows best what it was about, while it can still say so.
bool Handoff::is_due(const Target& target) const {
  return is_handed_over(combo_.handoff, before_->server) && runs_out(target, kTooLittle);
}

bool Handoff::ask(const Target& target, absl::AnyInvocable<void()> go) {
  has_asked_ = true;
  Plan plan = summary_plan(target);
  const bool is_own = plan.combo == nullptr;
  if (is_own && waits_for_itself(exchange_.snapshot().resilience.queue)) return false;
  if (refuse_conversation(exchange_)) return false;
  covered_ = llm::reached(exchange_.facts().call.decoded().request);
  go_ = std::move(go);
  timeout_ = exchange_.dispatcher().make_timer([this] {
    call_->give_up("handoff_timeout");
    finish();
  });
  timeout_->arm(combo_.handoff.timeout);
  call_ = std::make_unique<SideCall>(
      exchange_, rules_, std::move(plan), [this](llm::Request& request) { write_request(request); },
      0, [this](SideCall&) { finish(); });
  return true;
}

// Who was named for it, where the client may use it, else whoever takes over.
Plan Handoff::summary_plan(const Target& target) const {
  if (!stages_->all.empty() && !stages_->all.front().plan.empty()) return stages_->all.front().plan;
  Plan out;
  out.targets.push_back(target);
  out.rules.target_timeout = combo_.handoff.timeout;
  return out;
}

void Handoff::write_request(llm::Request& request) const {
  const llm::Request& asked = exchange_.facts().call.decoded().request;
  request.origin = asked.origin;
  request.max_tokens = combo_.handoff.max_tokens;
  llm::add_system_text(request, llm::escaped(kAsk));
  const llm::TranscriptLimits limits{.messages = static_cast<size_t>(combo_.handoff.max_messages)};
  llm::add_user_text(request, llm::escaped(llm::write_transcript(asked, limits)));
}

void Handoff::finish() {
  auto go = std::exchange(go_, nullptr);
  if (!go) return;  // The answer came as its time was over.
  timeout_.reset();
  if (call_->has_answered() && is_ahead_)
    next_ = call_->take_text();
  else if (call_->has_answered())
    tell(call_->take_text());
  go();
}

void Handoff::give_up(std::string_view reason) {
  if (!std::exchange(go_, nullptr)) return;
  timeout_.reset();
  call_->give_up(reason);
}

void Handoff::tell(std::string note) {
  note_ = std::move(note);
  if (refuse_conversation(exchange_)) return;
  llm::add_system_text(exchange_.facts().call.edit(), llm::escaped(kTell) + note_);
}

void Handoff::on_commit(const Target& target) {
  if (exchange_.facts().plan.session.empty() || combo_.handoffs == nullptr) return;
  std::string server = server_name(target);
  const bool stays = before_ != nullptr && before_->server == server;
  // Limits that are whole again are no reason to move, and the conversation goes on.
  if (!stays || !runs_out(target, 0)) next_.clear();
  if (stays && before_->note == note_ && before_->next == next_) return;
  const GatewayKey* key = exchange_.facts().principal.key;
  combo_.handoffs->put({.session = name(),
                        .server = std::move(server),
                        .note = std::move(note_),
                        .next = std::move(next_),
                        .is_private = key != nullptr && key->no_log,
                        .messages = covered_.messages,
                        .digest = covered_.digest});
}

}  // namespace omni::filters
