// Random operations on a lane: each stage must see headers, bodies and complete in that order, and
// nothing may be lost, doubled or reordered while no stage is cut.
#include <algorithm>
#include <cstdint>
#include <string>

#include "source/base/check.h"
#include "source/http/lane.h"

namespace {

using omni::Buffer;
using omni::Next;

constexpr size_t kStages = 3;

class Player final : public omni::LaneStages {
 public:
  Player(const uint8_t* data, size_t size) : data_(data), size_(size), lane_(*this, kStages) {}

  void play() {
    const uint8_t wholes = next();
    for (size_t i = 0; i < kStages; ++i)
      if ((wholes >> i & 1) != 0) lane_.want_whole(i);
    // The last stage passes some events on unasked.
    skipped_ = wholes >> kStages & 7;
    lane_.skip(kStages - 1, skipped_);
    if ((skipped_ & 1) != 0) phase_[kStages - 1] = 0;
    lane_.put_headers();
    while (at_ < size_ && !ended_) step(next(), true);
    if (!ended_) lane_.put_complete();
    ended_ = true;
    for (size_t round = 0; round < 4 * kStages; ++round) {
      calm_ = true;
      for (size_t i = 0; i < kStages; ++i) lane_.resume(i);
    }
    if (cut_) return;
    OMNI_CHECK(out_ == sent_);
    OMNI_CHECK(phase_[kStages] == 2);
    OMNI_CHECK(lane_.buffered() == 0);
  }

  Next on_lane_headers(size_t stage) override { return act(stage, 0); }
  Next on_lane_body(size_t stage, Buffer& bytes) override {
    OMNI_CHECK(!bytes.empty());
    return act(stage, 1);
  }
  Next on_lane_complete(size_t stage) override { return act(stage, 2); }
  void out_headers() override { note(kStages, 0); }
  void out_body(Buffer&& bytes) override {
    note(kStages, 1);
    out_ += bytes.to_string();
  }
  void out_complete() override { note(kStages, 2); }

 private:
  uint8_t next() { return at_ < size_ ? data_[at_++] : 0; }

  // 0: headers, 1: body, 2: complete.
  void note(size_t stage, int event) {
    OMNI_CHECK(event == 0 ? phase_[stage] == -1 : phase_[stage] >= 0 && phase_[stage] < 2);
    phase_[stage] = event;
  }

  Next act(size_t stage, int event) {
    OMNI_CHECK(stage >= dead_);
    OMNI_CHECK(stage + 1 < kStages || (skipped_ >> event & 1) == 0);
    note(stage, event);
    const uint8_t what = calm_ ? 0 : next();
    if (depth_ < 3) {
      ++depth_;
      if ((what & 0x80) != 0) step(next(), false);
      --depth_;
    }
    return (what & 1) != 0 ? Next::kPause : Next::kContinue;
  }

  void step(uint8_t what, bool is_source) {
    const size_t stage = what / 8 % kStages;
    switch (what % 8) {
      case 0:
      case 1:
      case 2:
        if (!is_source || ended_) return;
        sent_ += static_cast<char>('a' + sent_.size() % 26);
        lane_.put_body(Buffer(sent_.substr(sent_.size() - 1)));
        return;
      case 3:
      case 4:
      case 5:
        return lane_.resume(stage);
      case 6:
        if (is_source && what > 200) {
          ended_ = true;
          lane_.put_complete();
        }
        return;
      default:
        if (what < 240) return;
        cut_ = true;
        dead_ = std::max(dead_, stage);
        lane_.cut_before(stage);
    }
  }

  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
  omni::Lane lane_;
  std::string sent_, out_;
  int phase_[kStages + 1] = {-1, -1, -1, -1};
  size_t dead_ = 0;
  uint8_t skipped_ = 0;
  int depth_ = 0;
  bool ended_ = false, cut_ = false, calm_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  Player(data, size).play();
  return 0;
}
