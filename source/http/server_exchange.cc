#include "source/http/server_exchange.h"

#include <utility>

#include "source/base/strings.h"
#include "source/http/local_reply.h"
#include "source/net/connection.h"

namespace omni {

// There is one for every open stream, and the allocator's next size is a quarter more.
static_assert(sizeof(ServerExchange) <= 2048);

std::string make_public_id(uint64_t id) {
  char text[] = "req_0000000000000000";
  for (char* at = text + sizeof text - 2; id != 0; id >>= 4) *at-- = "0123456789abcdef"[id & 15];
  return {text, sizeof text - 1};
}

ServerExchange::ServerExchange(ExchangeOwner& owner, StreamId stream)
    : owner_(owner),
      host_(owner.host()),
      clock_(host_.dispatcher().clock()),
      stream_(stream),
      id_(host_.next_id()),
      public_id_(make_public_id(id_)),
      snapshot_(host_.pin(owner_.listener())),
      began_ns_(clock_.since_start_ns()),
      last_input_ns_(began_ns_) {}

ServerExchange::~ServerExchange() {
  settle();
  write();
}

void ServerExchange::settle() {
  count();
  if (facts_.trail.views_filters()) write();
  chain_.reset();
  facts_.call.release_body();
  host_.body_budget().add(-std::exchange(budgeted_, 0));
}

int64_t ServerExchange::elapsed_us() const { return (clock_.since_start_ns() - began_ns_) / 1000; }

void ServerExchange::begin(RequestHead&& head) {
  request_ = std::move(head);
  host_.begun();
  Entry entry = host_.enter(*this, {.listener = owner_.listener(),
                                    .peer = owner_.peer(),
                                    .from_loopback = owner_.from_loopback()});
  if (entry.answer) return answer_now(*std::move(entry.answer), entry.answer_body);
  static const std::vector<FilterTemplate> kNoFilters;
  const bool has_row = entry.row != nullptr && !entry.refusal;
  if (has_row) row_ = entry.row;
  chain_ = std::make_unique<FilterChain>(has_row ? *entry.row : kNoFilters, *this, *this,
                                         owner_.limits().chain);
  if (entry.refusal) return chain_->reply(*std::move(entry.refusal));
  if (!has_row) {
    return chain_->reply(
        {.status = 404, .code = "not_found", .message = "There is nothing at this path."});
  }
  if (!admit_body()) return;
  if (chain_->wants_whole_request() && request_.has_body) owner_.codec().gather_body(stream_);
  chain_->request_headers();
}

bool ServerExchange::admit_body() {
  const std::string_view coding = request_.headers.value("content-encoding");
  if (request_.has_body && !coding.empty() && !equals_ignoring_case(coding, "identity")) {
    chain_->reply(body_coded(coding));
    return false;
  }
  const uint64_t announced = request_.content_length.value_or(0);
  const size_t limit = owner_.limits().chain.whole_request_bytes;
  if (chain_->wants_whole_request() && announced > limit) {
    chain_->reply(body_too_large(limit));
    return false;
  }
  if (host_.body_budget().admits(announced)) return true;
  chain_->reply(
      {.status = 503,
       .code = "overloaded",
       .message = "The gateway holds as many request bodies as it may. Try again shortly.",
       .retry_after_seconds = 1});
  return false;
}

void ServerExchange::answer_now(ResponseHead&& head, std::string_view body) {
  if (head.status != 204) head.content_length = body.size();
  send_headers(std::move(head));
  Buffer bytes;
  bytes.append_static(body);
  if (!body.empty()) send_body(std::move(bytes));
  send_complete();
}

void ServerExchange::request_body(Buffer&& bytes) {
  bytes_in_ += bytes.size();
  last_input_ns_ = clock_.since_start_ns();
  if (chain_) chain_->request_body(std::move(bytes));
  if (over_) return;
  account_body();
  return_credit();
}

void ServerExchange::request_moved() {
  if (over_) return;
  account_body();
  return_credit();
  owner_.flush_soon();
}

// A body that a filter wants whole is bounded by its own limit, and would never be whole otherwise.
void ServerExchange::return_credit() {
  const bool holds = chain_ && !chain_->wants_whole_request();
  const uint64_t moved = bytes_in_ - (holds ? chain_->request_buffered() : 0);
  if (moved <= returned_) return;
  owner_.codec().consumed(stream_, static_cast<size_t>(moved - returned_));
  returned_ = moved;
}

void ServerExchange::request_complete() {
  phases_.request_complete = elapsed_us();
  if (chain_ && !over_) dispatcher().in_turn(TurnPart::kRequests, *this);
}

void ServerExchange::on_turn() {
  if (over_) return;
  chain_->request_complete();
  if (!over_) account_body();
}

void ServerExchange::account_body() {
  const auto held =
      static_cast<int64_t>(chain_ ? chain_->request_buffered() + facts_.call.body().size() : 0);
  if (held == budgeted_) return;
  host_.body_budget().add(held - budgeted_);
  budgeted_ = held;
}

void ServerExchange::client_gone(int told) {
  if (over_) return;
  if (status_ == 0) status_ = told;
  end(true);
}

void ServerExchange::refuse(LocalReply&& reply) {
  if (!over_ && chain_) chain_->reply(std::move(reply));
}

void ServerExchange::check_pressure(size_t waiting) {
  using net::Connection;
  const bool press = waiting > (pressed_ ? Connection::kLowWatermark : Connection::kHighWatermark);
  if (press == pressed_ || over_ || !chain_) return;
  pressed_ = press;
  chain_->response_pressure(press);
}

void ServerExchange::send_headers(ResponseHead&& head) {
  if (over_) return;
  status_ = head.status;
  phases_.first_byte = elapsed_us();
  host_.dress(*this, head);
  owner_.codec().send_headers(stream_, head);
  owner_.flush_soon();
  account_body();  // A committed answer has let the body go.
  // What a stream holds on to, it holds for minutes.
  Headers().swap(head.headers);
  if (facts_.answer.is_committed && !facts_.call.is_decoded()) Headers().swap(request_.headers);
}

void ServerExchange::send_body(Buffer&& bytes) {
  if (over_) return;
  if (request_.method != "HEAD") bytes_out_ += bytes.size();
  owner_.codec().send_body(stream_, std::move(bytes));
  owner_.flush_soon();
}

void ServerExchange::send_complete() {
  if (over_) return;
  owner_.codec().send_complete(stream_);
  owner_.flush_soon();
  end(false);
}

void ServerExchange::abort() {
  if (over_) return;
  owner_.codec().reset(stream_, ResetReason::kInternal);
  owner_.flush_soon();
  end(true);
}

void ServerExchange::hold_request_body(bool hold) { owner_.hold_request(stream_, hold); }

void ServerExchange::end(bool aborted) {
  over_ = true;
  phases_.end = elapsed_us();
  ended_at_ = clock_.now();
  peer_ = facts_.client.empty() ? owner_.peer() : facts_.client;
  protocol_ = owner_.protocol();
  aborted_ = aborted;
  owes_count_ = owes_account_ = true;
  // A client that waits for its last byte need not wait for our bookkeeping too: the turn writes
  // first and destroys then.
  if (aborted) {
    count();
    write();
  }
  owner_.exchange_over(stream_);
}

void ServerExchange::count() {
  if (std::exchange(owes_count_, false)) host_.count(account());
}

void ServerExchange::write() {
  if (std::exchange(owes_account_, false)) host_.finished(account());
}

Finished ServerExchange::account() {
  return {.exchange = *this,
          .peer = peer_,
          .protocol = protocol_,
          .status = status_,
          .bytes_in = bytes_in_,
          .bytes_out = bytes_out_,
          .aborted = aborted_,
          .phases = phases_,
          .at = ended_at_};
}

}  // namespace omni
