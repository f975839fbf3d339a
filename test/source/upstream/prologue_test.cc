// What stands before a stream's first content need not be told by itself, where it comes within
// microseconds of it.
#include <string>

#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

class PrologueTest : public PoolsTest {
 protected:
  static constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  static constexpr std::string_view kRole = "4\r\nrole\r\n";
  static constexpr std::string_view kWord = "4\r\nword\r\n";
  static constexpr std::string_view kEnd = "0\r\n\r\n";
  static constexpr int kBefore = static_cast<int>(kHead.size() + kRole.size());

  std::unique_ptr<UpstreamRequest> open_stream(Record& record) {
    std::unique_ptr<UpstreamRequest> out;
    loop_.turn([&] {
      out = open_now(record, "stream");
      out->await_content();
    });
    record.on_body = [&record, raw = out.get()] {
      if (record.body.ends_with("word")) raw->content_began();
    };
    return out;
  }
  // A stream in pieces, from beginning to end.
  void stream(FakePeer& peer, absl::Duration pause = absl::ZeroDuration()) {
    Record record;
    const auto request = open_stream(record);
    peer.send(kHead);
    peer.send(kRole);
    loop_.advance(pause);
    peer.send(kWord);
    peer.send(kEnd);
    EXPECT_EQ(record.completed, 1);
  }
};

TEST_F(PrologueTest, IsAwaitedAsLongAsItWasTheLastTime) {
  const auto peer = warm_connection();
  stream(*peer);
  Record record;
  auto request = open_stream(record);
  EXPECT_EQ(peer->awaited(), kBefore);
  // Now all of it comes at once, which teaches nothing new.
  peer->send(std::string(kHead) + std::string(kRole) + std::string(kWord));
  EXPECT_EQ(peer->awaited(), 0);
  peer->send(kEnd);
  EXPECT_EQ(record.completed, 1);
  request = open_stream(record);
  EXPECT_EQ(peer->awaited(), kBefore);
}

TEST_F(PrologueTest, IsAwaitedOnlyByStreams) {
  const auto peer = warm_connection();
  stream(*peer);
  Record record;
  const auto request = open(record, "document");
  EXPECT_EQ(peer->awaited(), 0);
}

TEST_F(PrologueTest, IsNotAwaitedWhereContentTakesItsTime) {
  const auto peer = warm_connection();
  stream(*peer, absl::Milliseconds(1));
  Record record;
  const auto request = open_stream(record);
  EXPECT_EQ(peer->awaited(), 0);
}

// An error may be shorter than a stream's beginning: the next one is told at once again.
TEST_F(PrologueTest, IsForgottenWhenAnAnswerHadNone) {
  const auto peer = warm_connection();
  stream(*peer);
  Record record;
  auto request = open_stream(record);
  EXPECT_EQ(peer->awaited(), kBefore);
  peer->send(kOk);
  EXPECT_EQ(record.completed, 1);
  request = open_stream(record);
  EXPECT_EQ(peer->awaited(), 0);
}

}  // namespace
}  // namespace omni::upstream
