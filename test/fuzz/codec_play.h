// What the codec fuzz targets share: choices drawn from the end of the input, wire bytes from its
// beginning, and random answers. The recorders check the order of events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "api/codec.h"
#include "api/event.h"
#include "test/support/codec_recorder.h"

namespace omni::test {

class StillClock final : public Clock {
 public:
  absl::Time now() const override { return absl::UnixEpoch(); }
  absl::Duration since_start() const override { return absl::ZeroDuration(); }
};

// Draws from the end of the input, so that wire bytes stay readable in a corpus file.
class Dice {
 public:
  Dice(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  // 0..255; 0 when nothing is left.
  size_t roll() { return left_ > 0 ? data_[--left_] : 0; }

 private:
  const uint8_t* data_;
  size_t left_;
};

inline CodecLimits fuzz_limits() {
  CodecLimits limits;
  limits.header_bytes = 2048;
  limits.header_count = 20;
  limits.concurrent_streams = 8;
  limits.reset_burst = 20;
  limits.stream_window_bytes = 65535;
  limits.gather_body_bytes = 4096;
  return limits;
}

// A lent block that is overwritten after the callback, as a reader's is.
class LentInput {
 public:
  void offer(Buffer& in, const uint8_t* data, size_t size) {
    block_ = Block::create(size);
    std::memcpy(block_->data(), data, size);
    block_->set_used(size);
    block_->lend();
    block_->ref();
    in.append(Slice(block_->data(), size, block_));
  }
  void take_back(Buffer& in) {
    in.own();
    std::memset(block_->data(), 0xee, block_->used());
    block_->unref();
  }

 private:
  Block* block_ = nullptr;
};

inline ResponseHead random_answer(Dice& dice) {
  static constexpr int kStatuses[] = {200, 204, 304, 400, 500};
  ResponseHead head;
  head.status = kStatuses[dice.roll() % 5];
  if (dice.roll() % 2 == 0) head.content_length = dice.roll() % 40;
  if (dice.roll() % 4 == 0) head.headers.add("x-a", "b\r\nc");
  head.headers.add("content-type", "text/plain");
  return head;
}

inline void play_server(ServerCodec& codec, ServerRecorder& events, Dice& dice) {
  if (events.order.empty()) return;
  const StreamId id = events.order[dice.roll() % events.order.size()];
  switch (dice.roll() % 8) {
    case 0:
    case 1:
      return codec.send_headers(id, random_answer(dice));
    case 2:
    case 3:
      return codec.send_body(id, Buffer(std::string(dice.roll() * 8, 'x')));
    case 4:
      return codec.send_complete(id);
    case 5:
      return codec.consumed(id, dice.roll() * 256);
    case 6:
      if (dice.roll() % 8 == 0) codec.reset(id, ResetReason::kInternal);
      return;
    default:
      if (events.requests[id].is_over()) codec.forget(id);
  }
}

// Feeds the input in pieces with random answers in between.
inline void fuzz_server(ServerCodec& codec, ServerRecorder& events, const uint8_t* data,
                        size_t size) {
  Dice dice(data, size);
  Buffer in;
  events.after_headers = [&](StreamId id) {
    if (dice.roll() % 2 == 0) codec.gather_body(id);
    if (dice.roll() % 8 == 0) play_server(codec, events, dice);
  };
  events.after_complete = [&](StreamId) { play_server(codec, events, dice); };
  absl::Status status;
  for (size_t at = 0; at < size && status.ok() && !codec.is_finished();) {
    const size_t count = std::min(size - at, 1 + dice.roll());
    const absl::Span<char> target = codec.read_target();
    if (!target.empty()) {
      const size_t fits = std::min(count, target.size());
      std::memcpy(target.data(), data + at, fits);
      status = codec.received(fits);
      at += fits;
    } else {
      LentInput lent;
      lent.offer(in, data + at, count);
      status = codec.feed(in);
      lent.take_back(in);
      at += count;
    }
    for (size_t i = dice.roll() % 3; i > 0; --i) play_server(codec, events, dice);
    Buffer out;
    codec.drain(out);
    // Nothing that a peer sends is answered by more than a handful of bytes of ours.
    OMNI_CHECK(out.size() < 1024 * 1024);
  }
  if (status.ok()) status = codec.feed(in);
  codec.on_end_of_input();
  for (const StreamId id : events.order) codec.forget(id);
  Buffer out;
  codec.drain(out);
  OMNI_CHECK(events.order.size() <= size);
}

inline RequestHead random_request(Dice& dice) {
  RequestHead head;
  static constexpr const char* kMethods[] = {"GET", "POST", "HEAD", "B\r\nD"};
  head.method = kMethods[dice.roll() % 4];
  head.target = dice.roll() % 4 == 0 ? "/a b\r\n" : "/v1";
  head.authority = "a";
  if (dice.roll() % 2 == 0) head.content_length = dice.roll() % 16;
  head.has_body = head.content_length.value_or(dice.roll() % 2) > 0;
  return head;
}

inline void fuzz_client(ClientCodec& codec, ClientRecorder& events, const uint8_t* data,
                        size_t size) {
  Dice dice(data, size);
  Buffer in;
  std::vector<StreamId> ids;
  const auto play = [&] {
    const size_t choice = dice.roll() % 8;
    if (choice < 3 || ids.empty()) {
      if (codec.can_open()) ids.push_back(codec.open(random_request(dice)));
      return;
    }
    const StreamId id = ids[dice.roll() % ids.size()];
    if (choice < 5) codec.send_body(id, Buffer(std::string(dice.roll() % 16, 'x')));
    if (choice == 5) codec.send_complete(id);
    if (choice == 6) codec.consumed(id, dice.roll() * 256);
    if (choice == 7 && dice.roll() % 8 == 0) codec.reset(id, ResetReason::kCancelled);
  };
  events.after_complete = [&](StreamId) { play(); };
  absl::Status status;
  play();
  for (size_t at = 0; at < size && status.ok() && !codec.is_finished();) {
    const size_t count = std::min(size - at, 1 + dice.roll());
    Buffer out;
    codec.drain(out);
    LentInput lent;
    lent.offer(in, data + at, count);
    status = codec.feed(in);
    lent.take_back(in);
    at += count;
    for (size_t i = dice.roll() % 3; i > 0; --i) play();
  }
  codec.on_end_of_input();
  OMNI_CHECK(codec.active() == 0);
}

}  // namespace omni::test
