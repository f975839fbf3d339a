#include "filters/upstream/running_models.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "api/snapshot.h"
#include "api/upstream.h"
#include "filters/upstream/answer_coding.h"
#include "filters/upstream/egress.h"
#include "filters/upstream/failure_code.h"
#include "source/catalog/allowed.h"
#include "source/llm/ollama/running.h"

namespace omni::filters {
namespace {

// As listings have it: neither what is hidden or not offered, nor what the key may not use.
bool is_visible(const GatewayKey* key, const Provider& provider, std::string_view name) {
  const std::string_view model = llm::ollama::without_default_tag(name);
  const Model* known = provider.find_model(name);
  if (known == nullptr) known = provider.find_model(model);
  if (known == nullptr ? provider.only_models : known->hidden) return false;
  if (key == nullptr) return true;
  return is_allowed(key->allowed_models, provider.id + "/" + std::string(name), provider, name) ||
         is_allowed(key->allowed_models, provider.id + "/" + std::string(model), provider, model);
}

RequestHead make_head(const Target& target) {
  const BaseUrl& base = target.provider->base;
  RequestHead head;
  head.method = "GET";
  head.target = base.path + "/api/ps";
  head.scheme = base.origin.tls ? "https" : "http";
  if (target.account != nullptr && !target.account->header_name.empty())
    head.headers.add(target.account->header_name, target.account->header_value.reveal());
  head.headers.add("accept", "application/json");
  head.headers.add("accept-encoding", "identity");
  return head;
}

}  // namespace

// One server's part.
class RunningModels::Question final : public UpstreamEvents {
 public:
  Question(RunningModels& owner, const Target& target)
      : owner_(owner), target_(target), began_us_(owner.exchange_.elapsed_us()) {
    Origin room;
    request_ = owner.exchange_.upstreams().open(
        egress_of(owner.exchange_, target, room), make_head(target), Buffer(),
        {.connect = kTime, .first_byte = kTime, .idle = kTime}, *this);
  }

  void on_response_headers(ResponseHead&& head) override {
    if (is_over_) return;
    first_byte_us_ = owner_.exchange_.elapsed_us() - began_us_;
    auto decoder = take_codings(head);
    if (head.status < 200 || head.status >= 300) return end(head.status, "refused");
    if (!decoder.ok()) return end(502, "upstream_coding_unknown");
    decoder_ = *std::move(decoder);
  }
  void on_response_body(Buffer&& bytes) override {
    if (is_over_) return;
    if (decoder_ && !decoder_->feed(bytes).ok()) return end(502, "upstream_coding_broken");
    bytes.own();
    body_.append(std::move(bytes));
    if (body_.size() > kMostBytes) end(502, "upstream_invalid_answer");
  }
  void on_response_complete() override {
    if (is_over_) return;
    if (decoder_ && !decoder_->finish().ok()) return end(502, "upstream_coding_broken");
    is_whole_ = true;
    end(200, "");
  }
  void on_failure(UpstreamFailure kind, absl::Status, bool) override {
    const FailureCode failure = failure_code(kind);
    if (!is_over_) end(failure.status, failure.code);
  }

  // Nobody waits for it any longer.
  void give_up() {
    request_.reset();
    if (!std::exchange(is_over_, true)) record(504, "upstream_timeout");
  }
  void append(const GatewayKey* key, std::string& items) {
    if (!is_whole_) return;
    const Provider& provider = *target_.provider;
    const auto visible = [&](std::string_view name) { return is_visible(key, provider, name); };
    // One that says something else has no models to tell of.
    llm::ollama::append_running(provider.id, body_.flatten(), visible, items).IgnoreError();
  }

 private:
  // From inside the request's own events: it is destroyed later.
  void end(int status, std::string_view reason) {
    is_over_ = true;
    record(status, reason);
    owner_.ended();
  }
  void record(int status, std::string_view reason) {
    const int64_t total_us = owner_.exchange_.elapsed_us() - began_us_;
    owner_.exchange_.facts().attempts.push_back(
        {.provider = target_.provider,
         .account = target_.account != nullptr ? std::string_view(target_.account->name) : "",
         .model = "",
         .status = status,
         .reason = std::string(reason),
         .start_us = began_us_,
         .first_byte_us = first_byte_us_,
         .total_us = total_us});
  }

  RunningModels& owner_;
  const Target& target_;
  const int64_t began_us_;
  int64_t first_byte_us_ = 0;
  bool is_over_ = false, is_whole_ = false;
  std::unique_ptr<coding::BodyDecoder> decoder_;
  Buffer body_;
  std::unique_ptr<UpstreamRequest> request_;
};

RunningModels::RunningModels(Exchange& exchange, Tell tell)
    : exchange_(exchange), tell_(std::move(tell)) {
  const auto& targets = exchange.facts().plan.targets;
  open_ = std::min(targets.size(), kMostTargets);
  if (open_ == 0) {
    exchange.dispatcher().at_turn_end(*this);
    return;
  }
  for (size_t i = 0; i < open_; ++i)
    questions_.push_back(std::make_unique<Question>(*this, targets[i]));
  // Bytes that dribble in do not stop this clock.
  deadline_ = exchange.dispatcher().make_timer([this] { finish(); });
  deadline_->arm(kTime);
}

RunningModels::~RunningModels() = default;

void RunningModels::ended() {
  if (--open_ == 0) exchange_.dispatcher().at_turn_end(*this);
}

void RunningModels::finish() {
  // The client may have left in the same turn.
  if (!tell_ || exchange_.is_over()) return;
  Tell tell = std::move(tell_);
  tell_ = nullptr;
  if (deadline_) deadline_->disarm();
  std::string items;
  for (const std::unique_ptr<Question>& question : questions_) {
    question->give_up();
    question->append(exchange_.facts().principal.key, items);
  }
  tell(llm::ollama::render_running(items));
}

}  // namespace omni::filters
