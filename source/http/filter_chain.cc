#include "source/http/filter_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/snapshot.h"
#include "source/base/system_clock.h"
#include "source/http/local_reply.h"
#include "source/llm/error.h"
#include "source/llm/session.h"

namespace omni {

// A filter and its view of the chain.
class FilterChain::Seat final : public FilterContext {
 public:
  Seat(FilterChain& chain, size_t index, const FilterTemplate& make)
      : chain_(chain), index_(index) {
    filter_ = make(*this);
    wants_ = filter_->wants();
  }

  Filter& filter() { return *filter_; }
  const Wants& wants() const { return wants_; }

  Exchange& exchange() override { return chain_.exchange_; }
  void resume_request() override {
    chain_.went_on(index_);
    chain_.clock_ns_ = 0;
    chain_.request_lane_.resume(index_);
    chain_.check_request_watermark();
    chain_.sink_.request_moved();
  }
  void resume_response() override { chain_.response_lane_.resume(chain_.entry_of(index_) - 1); }
  void reply(LocalReply reply) override { chain_.reply_from(index_, std::move(reply)); }
  void respond_headers(ResponseHead&& head) override {
    chain_.answered(index_, Step::State::kAnswered);
    chain_.response_head_ = std::move(head);
    chain_.response_lane_.put_headers(chain_.entry_of(index_));
  }
  void respond_body(Buffer&& bytes) override {
    chain_.response_lane_.put_body(std::move(bytes), chain_.entry_of(index_));
  }
  void respond_complete() override { chain_.response_lane_.put_complete(chain_.entry_of(index_)); }

 private:
  FilterChain& chain_;
  const size_t index_;
  std::unique_ptr<Filter> filter_;
  Wants wants_;
};

// FilterHooks, which filters know, and the lane, which they do not, number events alike.
static_assert(static_cast<uint8_t>(LaneEvent::kHeaders) == 1 &&
              static_cast<uint8_t>(LaneEvent::kBody) == 2 &&
              static_cast<uint8_t>(LaneEvent::kComplete) == 4);

namespace {

size_t count_seats(const std::vector<FilterTemplate>& templates, Exchange& exchange) {
  return static_cast<size_t>(
      std::count_if(templates.begin(), templates.end(),
                    [&](const FilterTemplate& make) { return make.applies(exchange); }));
}

}  // namespace

FilterChain::FilterChain(const std::vector<FilterTemplate>& templates, Exchange& exchange,
                         ChainSink& sink, const ChainLimits& limits)
    : exchange_(exchange),
      sink_(sink),
      limits_(limits),
      request_lane_(request_row_, count_seats(templates, exchange)),
      response_lane_(response_row_, request_lane_.count()) {
  keeps_trail_ = exchange.facts().trail.is_on;
  for (const FilterTemplate& make : templates) {
    if (!make.applies(exchange)) continue;
    if (keeps_trail_) exchange.facts().trail.steps.emplace_back().filter = make.name();
    const size_t i = seats_.size();
    seats_.push_back(std::make_unique<Seat>(*this, i, make));
    const Wants& wants = seats_.back()->wants();
    const FilterHooks& hooks = make.hooks();
    const size_t answers = request_lane_.count() - 1 - i;
    request_lane_.skip(i, hooks.skipped_request);
    response_lane_.skip(answers, hooks.skipped_response);
    if (wants.whole_request) {
      request_lane_.want_whole(i);
      // The call is read when such a filter's turn comes.
      request_lane_.skip(i, hooks.skipped_request & ~static_cast<uint8_t>(LaneEvent::kHeaders));
      wants_whole_ = true;
    }
    if (wants.whole_response) response_lane_.want_whole(answers);
  }
}

// The time of the turn is too coarse for what a filter does in one.
template <class Work>
Next FilterChain::timed(size_t seat, Work work) {
  if (!keeps_trail_) return work();
  // Where one filter ends the next one begins: a clock costs as much as a small filter.
  const int64_t began = clock_ns_ != 0 ? clock_ns_ : monotonic_ns();
  const Next next = work();
  Step& step = this->step(seat);
  clock_ns_ = monotonic_ns();
  step.spent_ns += clock_ns_ - began;
  if (step.state >= Step::State::kAnswered) return next;
  if (next == Next::kContinue) {
    step.state = Step::State::kPassed;
  } else {
    step.state = Step::State::kWaiting;
    step.waits_since_ns = exchange_.dispatcher().clock().since_start_ns();
  }
  return next;
}

void FilterChain::went_on(size_t seat) {
  if (!keeps_trail_ || step(seat).state != Step::State::kWaiting) return;
  Step& step = this->step(seat);
  step.state = Step::State::kPassed;
  step.spent_ns += exchange_.dispatcher().clock().since_start_ns() - step.waits_since_ns;
}

void FilterChain::answered(size_t seat, Step::State how) {
  if (!keeps_trail_ || seat >= seats_.size()) return;
  went_on(seat);
  step(seat).state = how;
}

FilterChain::~FilterChain() {
  for (size_t i = seats_.size(); i-- > 0;) seats_[i]->filter().on_end();
  while (!seats_.empty()) seats_.pop_back();
}

void FilterChain::request_headers() {
  clock_ns_ = 0;
  request_lane_.put_headers();
}

void FilterChain::request_body(Buffer&& bytes) {
  clock_ns_ = 0;
  request_lane_.put_body(std::move(bytes));
  check_request_watermark();
}

void FilterChain::request_complete() {
  clock_ns_ = 0;
  request_lane_.put_complete();
}

void FilterChain::check_request_watermark() {
  const size_t held = request_lane_.buffered();
  if (wants_whole_) {
    if (held > limits_.whole_request_bytes && !headers_left_)
      reply(body_too_large(limits_.whole_request_bytes));
    return;  // Holding the source would keep the whole body from ever coming.
  }
  if (!request_held_ && held > limits_.high_bytes) {
    request_held_ = true;
    sink_.hold_request_body(true);
  } else if (request_held_ && held <= limits_.high_bytes / 2) {
    request_held_ = false;
    sink_.hold_request_body(false);
  }
}

void FilterChain::response_pressure(bool hold) {
  if (!seats_.empty()) seats_.back()->filter().on_response_pressure(hold);
}

namespace {

// The names that clients have for it, the first of them before the others.
constexpr std::array<std::string_view, 4> kSessionNames = {"x-session-id", "x_session_id",
                                                           "x-omniroute-session", "session-id"};

std::string_view named_session(const Headers& headers) {
  std::string_view out;
  size_t best = kSessionNames.size();
  for (const auto& [name, value] : headers) {
    if (name.size() < 10 || name[name.size() - 7] != 's') continue;  // As most end otherwise.
    for (size_t i = 0; i < best; ++i)
      if (name == kSessionNames[i]) {
        best = i;
        out = value;
      }
  }
  return out;
}

std::optional<llm::CallError> pin_provider(Facts& facts, const ProviderList& providers) {
  PinnedName pinned = pin_name(facts.provider, facts.call.model(), providers);
  if (pinned.name.empty())
    return llm::CallError{pinned.failure.status, std::move(pinned.failure.code),
                          std::move(pinned.failure.message), "model"};
  facts.call.rename(std::move(pinned.name));
  return std::nullopt;
}

}  // namespace

// The lane has gathered the body: the call learns what it says before any filter asks.
bool FilterChain::read_call(size_t stage) {
  Facts& facts = exchange_.facts();
  const bool is_kept = facts.endpoint == Endpoint::kShowModel;
  const bool is_call =
      facts.endpoint == Endpoint::kChat || facts.endpoint == Endpoint::kCountTokens;
  const bool is_embedding = facts.endpoint == Endpoint::kEmbed;
  if (facts.call.is_read() || (!is_call && !is_kept && !is_embedding)) return true;
  Buffer body = request_lane_.gathered(stage);
  if (is_kept) {
    facts.call.keep(std::move(body));
    return true;
  }
  const Headers& headers = exchange_.request().headers;
  const Snapshot& snapshot = exchange_.snapshot();
  const bool may_stream = facts.endpoint == Endpoint::kChat;
  const std::string_view route_model = headers.value("x-route-model");
  std::optional<llm::CallError> refused =
      is_embedding ? facts.call.read_named(std::move(body), route_model)
                   : facts.call.read(std::move(body),
                                     may_stream ? headers.value("accept") : "application/json",
                                     &snapshot.settings.system_prompt, route_model);
  if (!may_stream) facts.call.answer_whole();
  if (!refused && !facts.provider.empty()) refused = pin_provider(facts, *snapshot.providers);
  if (!refused && !is_embedding) {
    facts.session = llm::external_session(named_session(headers));
    if (facts.session.empty()) facts.session = facts.call.fingerprint();
  }
  if (!refused) return true;
  reply_from(stage, {.status = refused->status,
                     .code = std::move(refused->code),
                     .message = std::move(refused->message),
                     .param = std::move(refused->param)});
  return false;
}

Next FilterChain::RequestRow::on_lane_headers(size_t stage) {
  return chain_.timed(stage, [&] {
    Seat& seat = *chain_.seats_[stage];
    if (seat.wants().whole_request && !chain_.read_call(stage)) return Next::kPause;
    return seat.filter().on_request_headers(chain_.exchange_.request());
  });
}

Next FilterChain::RequestRow::on_lane_body(size_t stage, Buffer& bytes) {
  return chain_.seats_[stage]->filter().on_request_body(bytes);
}

Next FilterChain::RequestRow::on_lane_complete(size_t stage) {
  return chain_.timed(stage, [&] { return chain_.seats_[stage]->filter().on_request_complete(); });
}

Next FilterChain::ResponseRow::on_lane_headers(size_t stage) {
  return chain_.seats_[chain_.entry_of(stage) - 1]->filter().on_response_headers(
      chain_.response_head_);
}

Next FilterChain::ResponseRow::on_lane_body(size_t stage, Buffer& bytes) {
  return chain_.seats_[chain_.entry_of(stage) - 1]->filter().on_response_body(bytes);
}

Next FilterChain::ResponseRow::on_lane_complete(size_t stage) {
  return chain_.seats_[chain_.entry_of(stage) - 1]->filter().on_response_complete();
}

void FilterChain::ResponseRow::out_headers() {
  chain_.headers_left_ = true;
  chain_.sink_.send_headers(std::move(chain_.response_head_));
}

void FilterChain::ResponseRow::out_body(Buffer&& bytes) {
  chain_.sink_.send_body(std::move(bytes));
}

void FilterChain::ResponseRow::out_complete() {
  chain_.complete_left_ = true;
  chain_.sink_.send_complete();
}

void FilterChain::reply_from(size_t seat, LocalReply&& reply) {
  if (ended_ || complete_left_) return;
  request_lane_.cut_all();
  exchange_.facts().error_code = reply.code;
  answered(seat, Step::State::kRefused);
  // What providers say may quote the prompt, and stays out of every record.
  if (Trail& trail = exchange_.facts().trail; trail.is_on && exchange_.facts().attempts.empty())
    trail.refusal.make() = reply.message;
  if (headers_left_) return fail_open_stream(reply);
  ended_ = true;
  Facts& facts = exchange_.facts();
  facts.answer.source = Answer::Source::kLocal;
  facts.answer.is_stream = false;
  const size_t own = seat >= seats_.size() ? 0 : entry_of(seat);
  response_lane_.cut_before(own);
  const size_t entry = response_lane_.replace(own);
  Buffer body = render_local_reply(facts.call.dialect(), reply, response_head_);
  response_lane_.put_headers(entry);
  response_lane_.put_body(std::move(body), entry);
  response_lane_.put_complete(entry);
}

void FilterChain::fail_open_stream(const LocalReply& reply) {
  ended_ = true;
  response_lane_.cut_all();
  const Facts& facts = exchange_.facts();
  // Only who wrote a JSON array knows how to put one more element into it.
  if (!facts.answer.is_stream || facts.call.wants_json_array()) return sink_.abort();
  sink_.send_body(Buffer(llm::render_stream_error(facts.call.dialect(), {.status = reply.status,
                                                                         .code = reply.code,
                                                                         .message = reply.message,
                                                                         .param = reply.param})));
  complete_left_ = true;
  sink_.send_complete();
}

}  // namespace omni
