#include "source/upstream/client_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "source/base/status.h"
#include "source/upstream/pool.h"
#include "source/upstream/request.h"

namespace omni::upstream {
namespace {

// A prologue that is longer, or takes longer, is waited for as always.
constexpr size_t kLongestPrologue = 8 * 1024;
constexpr int64_t kPrologueNs = 500'000;

absl::Status cut_short(std::string_view name, std::string_view how) {
  return unavailable(fmt::format("{} {} before the response was complete", name, how));
}

}  // namespace

ClientConnection::ClientConnection(PoolContext& context, Pool& pool,
                                   std::unique_ptr<net::Connection> connection, Protocol protocol)
    : context_(context), pool_(pool), connection_(std::move(connection)), protocol_(protocol) {
  codec_ = context_.make_codec(protocol, *this);
  context_.stats.opened.add();
  context_.stats.idle.add(1);
  connection_->start(*this);
}

ClientConnection::~ClientConnection() { retire(); }

void ClientConnection::retire() {
  if (std::exchange(is_dead_, true)) return;
  context_.stats.closed.add();
  (streams_.empty() ? context_.stats.idle : context_.stats.active).add(-1);
}

void ClientConnection::count_busy(bool is_busy) {
  if (is_dead_) return;
  context_.stats.active.add(is_busy ? 1 : -1);
  context_.stats.idle.add(is_busy ? -1 : 1);
}

bool ClientConnection::can_begin() const {
  if (is_dead_ || is_spoilt_ || !codec_->can_open()) return false;
  return is_multiplexed() || streams_.empty();
}

bool ClientConnection::is_finished() const {
  if (is_dead_ || is_spoilt_ || codec_->is_finished()) return true;
  // The peer answered before it had read the whole request. It may never read the rest, and a next
  // request would wait behind it.
  return !is_multiplexed() && streams_.empty() && connection_->unsent() > 0;
}

void ClientConnection::begin(Request& request) {
  if (has_served_) context_.stats.reused.add();
  if (streams_.empty()) {
    kept_reads_ = has_served_ ? reads_ : kNotKept;
    count_busy(true);
  }
  // A new HTTP/1 connection gives no reason to repeat, so nothing need be kept for it.
  Buffer body = request.body(/*may_repeat=*/has_served_ || is_multiplexed());
  has_served_ = true;
  received_ = received_before_ = unread_ = 0;
  awaited_prologue_ = 0;
  const StreamId id = codec_->open(request.head());
  streams_.push_back({id, &request, reads_});
  request.attach(*this, id);
  if (!body.empty()) codec_->send_body(id, std::move(body));
  codec_->send_complete(id);
  if (request.is_held()) hold();
  context_.dispatcher.at_turn_end(*this);
}

void ClientConnection::cancel(Request& request) {
  const auto at = find(request.stream());
  if (at == streams_.end() || at->request != &request) return;
  if (!is_multiplexed()) {
    // Counted as active still, so before the stream goes.
    pool_.close(*this);
    take(at);
    return;
  }
  cancelled_.push_back(take(at).id);
  context_.dispatcher.at_turn_end(*this);
}

void ClientConnection::suspect(const Request& request) {
  const auto at = find(request.stream());
  if (at != streams_.end() && at->reads_before == reads_) is_spoilt_ = true;
}

void ClientConnection::hold() {
  if (!is_multiplexed()) connection_->hold(net::Hold::kLane);
}

void ClientConnection::release(Request& request) {
  if (is_dead_) return;
  if (!is_multiplexed()) return connection_->release(net::Hold::kLane);
  const size_t bytes = std::exchange(request.withheld(), 0);
  if (bytes == 0) return;
  codec_->consumed(request.stream(), bytes);
  context_.dispatcher.at_turn_end(*this);
}

void ClientConnection::await_content() {
  awaited_prologue_ = std::exchange(prologue_, 0);
  if (awaited_prologue_ > 0) connection_->await_more_than(awaited_prologue_);
}

void ClientConnection::content_began(int64_t after_ns) {
  if (is_multiplexed() || after_ns > kPrologueNs || received_before_ > kLongestPrologue) return;
  prologue_ = received_before_ > 0 ? static_cast<int>(received_before_) : awaited_prologue_;
}

void ClientConnection::on_bytes(Buffer& in) {
  if (is_dead_) return in.clear();
  ++reads_;
  if (!is_multiplexed()) {
    if (streams_.empty()) {
      in.clear();
      return die(UpstreamFailure::kProtocol, invalid("bytes that nobody asked for"));
    }
    streams_.front().request->note_bytes();
    received_before_ = received_;
    received_ += in.size() - unread_;
  }
  const absl::Status fed = codec_->feed(in);
  if (is_dead_) return in.clear();
  if (!fed.ok()) {
    in.clear();
    return die(UpstreamFailure::kProtocol, with_context(fed, pool_.name()));
  }
  if (is_multiplexed()) {
    // Acknowledgements and window updates.
    context_.dispatcher.at_turn_end(*this);
  } else if (streams_.empty()) {
    is_spoilt_ = is_spoilt_ || !in.empty();
  } else if (codec_->active() == 0) {
    return die(UpstreamFailure::kReset, cut_short(pool_.name(), "broke the response off"));
  }
  unread_ = in.size();
  pool_.update(*this);
}

void ClientConnection::on_end_of_input() {
  if (is_dead_) return;
  is_spoilt_ = is_ending_ = true;  // What the events below open goes elsewhere.
  codec_->on_end_of_input();
  die(UpstreamFailure::kReset, cut_short(pool_.name(), "closed the connection"));
}

void ClientConnection::on_closed(absl::Status why) {
  if (is_dead_) return;
  const absl::Status text = cut_short(pool_.name(), "broke the connection");
  die(UpstreamFailure::kReset,
      why.ok() ? text : error(why.code(), fmt::format("{}: {}", message(text), message(why))));
}

void ClientConnection::on_response_headers(StreamId id, ResponseHead&& head) {
  if (Request* r = request(id)) r->on_headers(std::move(head));
}

void ClientConnection::on_response_body(StreamId id, Buffer&& bytes) {
  const size_t count = bytes.size();
  if (Request* r = request(id)) r->on_body(std::move(bytes));
  // The request may have been destroyed meanwhile; the connection's window still wants its bytes.
  Request* r = request(id);
  if (r != nullptr && r->is_held()) {
    r->withheld() += count;
  } else if (!is_dead_) {
    codec_->consumed(id, count);
  }
}

void ClientConnection::on_response_complete(StreamId id) {
  const auto at = find(id);
  if (at != streams_.end()) take(at).request->on_complete();
}

void ClientConnection::on_reset(StreamId id, ResetReason reason, bool processed) {
  // HTTP/1 ends with its one exchange and an end of input with all of them: die() comes next and
  // knows why.
  if (!is_multiplexed() || (is_ending_ && processed)) return;
  const auto at = find(id);
  if (at == streams_.end()) return;
  const bool is_broken = reason == ResetReason::kProtocolError;
  const std::string_view how = !processed  ? "refused the request unprocessed"
                               : is_broken ? "broke the protocol"
                                           : "reset the request";
  lose(take(at), is_broken ? UpstreamFailure::kProtocol : UpstreamFailure::kReset,
       cut_short(pool_.name(), how), processed);
}

void ClientConnection::on_turn() {
  if (is_dead_) return;
  const bool had_cancelled = !cancelled_.empty();
  for (const StreamId id : std::exchange(cancelled_, {})) {
    codec_->reset(id, ResetReason::kCancelled);
  }
  Buffer out;
  codec_->drain(out);
  if (!out.empty()) connection_->write(std::move(out));
  if (had_cancelled) pool_.update(*this);
}

std::vector<ClientConnection::Stream>::iterator ClientConnection::find(StreamId id) {
  const auto at =
      std::lower_bound(streams_.begin(), streams_.end(), id,
                       [](const Stream& stream, StreamId sought) { return stream.id < sought; });
  return at != streams_.end() && at->id == id ? at : streams_.end();
}

Request* ClientConnection::request(StreamId id) {
  const auto at = find(id);
  return at == streams_.end() ? nullptr : at->request;
}

ClientConnection::Stream ClientConnection::take(std::vector<Stream>::iterator at) {
  const Stream stream = *at;
  Request& request = *stream.request;
  if (request.is_held()) release(request);
  request.detach();
  streams_.erase(at);
  if (streams_.empty()) count_busy(false);
  return stream;
}

void ClientConnection::lose(Stream stream, UpstreamFailure kind, const absl::Status& why,
                            bool processed) {
  // A kept connection that ended before it said anything was closed while our requests travelled:
  // the peer never began (RFC 9112 section 9.3.1).
  const bool is_stale = kind == UpstreamFailure::kReset && reads_ == kept_reads_;
  if ((is_stale || !processed) && pool_.repeat(*stream.request)) return;
  stream.request->fail(kind, why, processed);
}

void ClientConnection::die(UpstreamFailure kind, const absl::Status& why) {
  if (is_dead_) return;
  pool_.close(*this);
  while (!streams_.empty()) lose(take(streams_.begin()), kind, why, /*processed=*/true);
}

}  // namespace omni::upstream
