// A net::Connection without a socket, and the peer's end of it that a test holds. Input is lent and
// overwritten after each callback, as the real reader does, so that a forgotten own() shows.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/net/connection.h"
#include "test/support/fake_dispatcher.h"

namespace omni::test {

// The peer's end. Lives as long as either side wants it.
class FakePeer {
 public:
  explicit FakePeer(FakeDispatcher& dispatcher) : dispatcher_(dispatcher) {}

  // Our end, to be handed to the code under test. Call once; set the fields below before it.
  static std::unique_ptr<net::Connection> connect(const std::shared_ptr<FakePeer>& peer);

  std::string alpn;
  std::string name = "127.0.0.1:4711";
  bool is_tls = false;
  net::PeerIdentity identity;

  // Each delivers in turns of its own, unless our end holds reading: then when it is released.
  void send(std::string_view bytes);
  // The peer shuts its sending side down.
  void end_input();
  // The connection breaks, whether held or not: our end's last event.
  void fail(absl::Status why);

  // Everything our end wrote since the last take().
  std::string take() { return std::exchange(written_, {}); }
  const std::string& written() const { return written_; }
  size_t writes() const { return writes_; }  // Calls of write() so far.
  // Stops, or resumes, taking what our end writes: unsent() grows meanwhile.
  void set_taking(bool taking);

  bool is_open() const { return ours_ != nullptr; }  // Our end has not been destroyed.
  bool is_closing() const { return is_closing_; }    // close_after_flush() was called.
  bool is_held() const { return holds_ != 0; }
  bool is_started() const { return events_ != nullptr; }
  size_t undelivered() const { return input_.size(); }
  // What our end last said of its next bytes (net::Connection::await_more_than); 0 since it read.
  int awaited() const { return awaited_; }

 private:
  class OurEnd;

  static void deliver(const std::shared_ptr<FakePeer>& peer);
  bool deliver_once();
  void deliver_soon();
  bool may_deliver() const { return events_ != nullptr && !is_closing_ && holds_ == 0; }
  void finish(absl::Status why);

  FakeDispatcher& dispatcher_;
  std::weak_ptr<FakePeer> self_;
  OurEnd* ours_ = nullptr;
  net::ConnectionEvents* events_ = nullptr;
  std::string input_;  // Sent, not read.
  Buffer rest_;        // Offered, not taken.
  std::string written_;
  std::string unsent_;
  size_t writes_ = 0;
  unsigned holds_ = 0;
  int awaited_ = 0;
  bool is_taking_ = true;
  bool was_full_ = false;
  bool input_ended_ = false;
  bool end_delivered_ = false;
  bool is_closing_ = false;
};

// A new peer whose FakePeer::connect() has not been called yet.
std::shared_ptr<FakePeer> make_fake_peer(FakeDispatcher& dispatcher);

}  // namespace omni::test
