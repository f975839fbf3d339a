#include "source/server/background_exchange.h"

#include <utility>

#include "source/http/server_exchange.h"

namespace omni {
namespace {

constexpr std::string_view kNobody = "background";

}  // namespace

BackgroundExchange::BackgroundExchange(BackgroundOwner& owner, ExchangeHost& host, Exchange& parent,
                                       std::string key)
    : owner_(owner),
      host_(host),
      snapshot_(parent.share_snapshot()),
      row_(*parent.row()),
      id_(host.next_id()),
      public_id_(make_public_id(id_)),
      began_ns_(host.dispatcher().clock().since_start_ns()),
      request_(parent.request()) {
  const Facts& asked = parent.facts();
  facts_.endpoint = asked.endpoint;
  facts_.path = asked.path;
  facts_.provider = asked.provider;
  facts_.kept.make().keeping = asked.kept->keeping;
  facts_.kept.make().job = std::move(key);
  facts_.call.set_dialect(asked.call.dialect());
  facts_.trail.is_on = asked.trail.is_on;
  host_.begun();
}

BackgroundExchange::~BackgroundExchange() {
  if (!is_over_) is_aborted_ = true;
  give_account();
  chain_.reset();
  host_.body_budget().add(-budgeted_);
}

int64_t BackgroundExchange::elapsed_us() const {
  return (host_.dispatcher().clock().since_start_ns() - began_ns_) / 1000;
}

void BackgroundExchange::begin(std::string body) {
  bytes_in_ = body.size();
  budgeted_ = static_cast<int64_t>(body.size());
  host_.body_budget().add(budgeted_);
  request_.content_length = body.size();
  request_.has_body = true;
  chain_ = std::make_unique<FilterChain>(row_, *this, *this, limits_);
  chain_->request_headers();
  chain_->request_body(Buffer(body));
  phases_.request_complete = elapsed_us();
  chain_->request_complete();
}

void BackgroundExchange::send_headers(ResponseHead&& head) {
  status_ = head.status;
  phases_.first_byte = elapsed_us();
}

// Whoever asks for a response that was refused gets its object, which says why.
void BackgroundExchange::send_body(Buffer&& bytes) {
  bytes_out_ += bytes.size();
  if (is_over_ || status_ != 200) return;
  const int64_t first = event_count_;
  std::string fresh;
  Buffer passed;
  const bool ok = framer_.feed(
      bytes,
      [&](std::string_view frame) {
        if (frame.front() == ':') return false;
        ++event_count_;
        fresh += frame;
        kept_bytes_ += frame.size();
        if (kept_bytes_ <= kMostKeptBytes) events_.emplace_back(frame);
        return false;
      },
      passed);
  if (!ok) return end(true);
  if (!fresh.empty()) owner_.on_events(*this, first, fresh, false);
}

std::string BackgroundExchange::events_after(int64_t after) const {
  std::string out;
  for (auto at = static_cast<size_t>(after + 1); at < events_.size(); ++at) out += events_[at];
  return out;
}

void BackgroundExchange::end(bool aborted) {
  if (std::exchange(is_over_, true)) return;
  is_aborted_ = aborted;
  owner_.on_events(*this, event_count_, "", true);
}

void BackgroundExchange::give_account() {
  phases_.end = elapsed_us();
  const Finished finished = {.exchange = *this,
                             .peer = kNobody,
                             .protocol = kNobody,
                             .status = status_,
                             .bytes_in = bytes_in_,
                             .bytes_out = bytes_out_,
                             .aborted = is_aborted_,
                             .phases = phases_,
                             .at = host_.dispatcher().clock().now()};
  host_.count(finished);
  host_.finished(finished);
}

}  // namespace omni
