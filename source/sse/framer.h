// Cuts a stream of server-sent events into frames (an event with its blank line) without copying
// what arrives whole. WHATWG HTML, "Server-sent events": lines end in LF, CRLF or CR.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "source/buffer/buffer.h"

namespace omni::sse {

// Finds where frames end, looking at each byte once.
class FrameScan {
 public:
  // Continues over text[from...), the bytes that follow what was looked at before. Returns the
  // index behind the first frame that ends there, or npos. A frame ends with an empty line.
  size_t find_end(std::string_view text, size_t from);
  // The caller knows that `text` holds no CR: the same, in one search instead of two.
  size_t find_end_lf(std::string_view text, size_t from);
  // The last frame ended with a CR at the end of what was there: true when `next` is its other
  // half, which then belongs to that frame and is not to be looked at again.
  bool takes_late_lf(char next) {
    const bool is_half = after_cr_ && line_is_empty_ && next == '\n';
    if (is_half) after_cr_ = false;
    return is_half;
  }

 private:
  bool line_is_empty_ = true;
  bool after_cr_ = false;
};

class Framer {
 public:
  // Return false to leave this frame out of what moves on.
  using OnFrame = absl::FunctionRef<bool(std::string_view frame)>;

  // A frame larger than `max_frame_bytes` makes feed() fail.
  explicit Framer(size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  // Takes all of `in`, calls `on_frame` for each frame that is now complete, in order, and appends
  // the kept ones to `out`: shared slices where they arrived whole. Events are the same for any
  // split of the input; when a CR LF is split, its LF may begin the next frame. False when a frame
  // is too large; nothing more may be fed then.
  bool feed(Buffer& in, OnFrame on_frame, Buffer& out);

  // As feed(), for whoever only needs to see frames until it has seen enough: `in` stays as it is,
  // and nothing more is looked at once `on_frame` has returned false.
  bool look(const Buffer& in, OnFrame on_frame);

  // Bytes of a frame that is not complete yet.
  std::string_view tail() const { return tail_; }
  void drop_tail() { tail_ = std::string(); }

 private:
  bool feed_slice(const Slice& slice, OnFrame on_frame, Buffer& out);

  size_t max_frame_bytes_;
  FrameScan scan_;
  bool last_kept_ = true;
  std::string tail_;
};

// What a frame says. Views of `frame`, or of `joined` when data came in several lines.
struct Event {
  std::string_view type;  // Empty: "message".
  std::string_view data;
  bool has_data = false;
};
Event parse_frame(std::string_view frame, std::string& joined);

}  // namespace omni::sse
