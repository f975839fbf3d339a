#include "test/support/fake_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/base/check.h"

namespace omni::test {

class FakePeer::OurEnd final : public net::Connection {
 public:
  explicit OurEnd(std::shared_ptr<FakePeer> peer) : peer_(std::move(peer)) { peer_->ours_ = this; }
  ~OurEnd() override {
    peer_->ours_ = nullptr;
    peer_->events_ = nullptr;
  }

  void start(net::ConnectionEvents& events) override {
    OMNI_CHECK(peer_->events_ == nullptr);
    peer_->events_ = &events;
    peer_->deliver_soon();
  }
  void write(Buffer&& bytes) override {
    const Buffer taken = std::move(bytes);
    ++peer_->writes_;
    (peer_->is_taking_ ? peer_->written_ : peer_->unsent_).append(taken.to_string());
    if (unsent() >= kHighWatermark) peer_->was_full_ = true;
  }
  size_t unsent() const override { return peer_->unsent_.size(); }
  void hold(net::Hold reason) override { peer_->holds_ |= static_cast<unsigned>(reason); }
  void await_more_than(int count) override { peer_->awaited_ = count; }
  void release(net::Hold reason) override {
    peer_->holds_ &= ~static_cast<unsigned>(reason);
    peer_->deliver_soon();
  }
  void close_after_flush() override {
    peer_->is_closing_ = true;
    peer_->deliver_soon();
  }

  std::string_view peer() const override { return peer_->name; }
  bool peer_is_loopback() const override { return true; }
  std::string_view alpn() const override { return peer_->alpn; }
  bool is_tls() const override { return peer_->is_tls; }
  const net::PeerIdentity& peer_identity() const override { return peer_->identity; }

 private:
  std::shared_ptr<FakePeer> peer_;
};

std::shared_ptr<FakePeer> make_fake_peer(FakeDispatcher& dispatcher) {
  return std::make_shared<FakePeer>(dispatcher);
}

std::unique_ptr<net::Connection> FakePeer::connect(const std::shared_ptr<FakePeer>& peer) {
  OMNI_CHECK(peer->ours_ == nullptr);
  peer->self_ = peer;
  return std::make_unique<OurEnd>(peer);
}

void FakePeer::send(std::string_view bytes) {
  input_.append(bytes);
  deliver(self_.lock());
}

void FakePeer::end_input() {
  input_ended_ = true;
  deliver(self_.lock());
}

void FakePeer::fail(absl::Status why) {
  dispatcher_.turn([&] { finish(std::move(why)); });
}

void FakePeer::set_taking(bool taking) {
  is_taking_ = taking;
  if (!taking) return;
  written_.append(std::exchange(unsent_, {}));
  dispatcher_.turn([&] {
    if (std::exchange(was_full_, false) && events_ != nullptr) events_->on_writable();
  });
  deliver(self_.lock());
}

void FakePeer::deliver_soon() {
  dispatcher_.post([peer = self_] {
    if (const std::shared_ptr<FakePeer> alive = peer.lock()) deliver(alive);
  });
}

// By value of the shared pointer: a callback may drop every other reference.
void FakePeer::deliver(const std::shared_ptr<FakePeer>& peer) {
  if (peer == nullptr) return;
  bool goes_on = true;
  while (goes_on) peer->dispatcher_.turn([&] { goes_on = peer->deliver_once(); });
}

bool FakePeer::deliver_once() {
  if (is_closing_ && events_ != nullptr && unsent_.empty()) {
    finish(absl::OkStatus());
    return false;
  }
  if (!may_deliver()) return false;
  if (!input_.empty()) {
    const absl::Span<char> target = is_tls ? absl::Span<char>() : events_->read_target();
    if (!target.empty()) {
      const size_t count = std::min(target.size(), input_.size());
      std::memcpy(target.data(), input_.data(), count);
      input_.erase(0, count);
      events_->on_read_into_target(count);
      return true;
    }
    const std::string bytes = std::exchange(input_, {});
    Block* block = Block::create(bytes.size());
    std::memcpy(block->data(), bytes.data(), bytes.size());
    block->set_used(bytes.size());
    block->lend();
    awaited_ = 0;
    Buffer in = std::move(rest_);
    rest_.clear();
    block->ref();
    in.append(Slice(block->data(), bytes.size(), block));
    events_->on_bytes(in);
    in.own();
    rest_ = std::move(in);
    if (!block->is_shared() || bytes.size() < Buffer::kLargeLoan) {
      std::memset(block->data(), '#', bytes.size());
    }
    block->give();
    block->unref();
    return true;
  }
  if (input_ended_ && !std::exchange(end_delivered_, true)) events_->on_end_of_input();
  return false;
}

void FakePeer::finish(absl::Status why) {
  net::ConnectionEvents* events = std::exchange(events_, nullptr);
  if (events != nullptr) events->on_closed(std::move(why));
}

}  // namespace omni::test
