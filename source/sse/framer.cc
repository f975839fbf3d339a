#include "source/sse/framer.h"

#include <algorithm>
#include <cstring>

namespace omni::sse {
namespace {

constexpr size_t kNone = std::string_view::npos;

const char* find(const char* begin, const char* end, char c) {
  return static_cast<const char*>(std::memchr(begin, c, static_cast<size_t>(end - begin)));
}

}  // namespace

size_t FrameScan::find_end(std::string_view text, size_t from) {
  const char* at = text.data() + from;
  const char* const end = text.data() + text.size();
  while (at < end) {
    if (after_cr_) {  // The other half of CR LF is no line of its own.
      after_cr_ = false;
      if (*at == '\n' && ++at == end) break;
    }
    const char* stop = find(at, end, '\n');
    if (const char* cr = find(at, stop != nullptr ? stop : end, '\r'); cr != nullptr) stop = cr;
    if (stop == nullptr) {
      line_is_empty_ = false;
      break;
    }
    const bool blank = line_is_empty_ && stop == at;
    after_cr_ = *stop == '\r';
    line_is_empty_ = true;
    at = stop + 1;
    if (!blank) continue;
    // Taking the LF along keeps a frame's last line end whole for whoever reads on.
    if (after_cr_ && at < end && *at == '\n') {
      after_cr_ = false;
      ++at;
    }
    return static_cast<size_t>(at - text.data());
  }
  return kNone;
}

size_t FrameScan::find_end_lf(std::string_view text, size_t from) {
  if (after_cr_) return find_end(text, from);
  const char* at = text.data() + from;
  const char* const end = text.data() + text.size();
  while (at < end) {
    const char* stop = find(at, end, '\n');
    if (stop == nullptr) {
      line_is_empty_ = false;
      break;
    }
    const bool blank = line_is_empty_ && stop == at;
    line_is_empty_ = true;
    at = stop + 1;
    if (blank) return static_cast<size_t>(at - text.data());
    // Most often the blank line follows at once.
    if (at < end && *at == '\n') return static_cast<size_t>(at + 1 - text.data());
  }
  return kNone;
}

bool Framer::look(const Buffer& in, OnFrame on_frame) {
  for (size_t i = 0; i < in.slice_count(); ++i) {
    const std::string_view text = in.slice(i).view();
    for (size_t at = 0; at < text.size();) {
      const size_t end = scan_.find_end(text, at);
      const std::string_view part = text.substr(at, end == kNone ? end : end - at);
      if (tail_.size() + part.size() > max_frame_bytes_) return false;
      if (end == kNone) {
        tail_.append(part);
        break;
      }
      if (!tail_.empty()) tail_.append(part);
      const bool more = on_frame(tail_.empty() ? part : std::string_view(tail_));
      drop_tail();
      if (!more) return true;
      at = end;
    }
  }
  return true;
}

bool Framer::feed(Buffer& in, OnFrame on_frame, Buffer& out) {
  bool ok = true;
  for (size_t i = 0; ok && i < in.slice_count(); ++i) ok = feed_slice(in.slice(i), on_frame, out);
  in.clear();
  return ok;
}

bool Framer::feed_slice(const Slice& slice, OnFrame on_frame, Buffer& out) {
  const std::string_view text = slice.view();
  const bool has_cr = std::memchr(text.data(), '\r', text.size()) != nullptr;
  const auto find_end = [&](size_t from) {
    return has_cr ? scan_.find_end(text, from) : scan_.find_end_lf(text, from);
  };
  size_t done = 0;    // Bytes of complete frames.
  size_t unkept = 0;  // Where the run of kept frames that is not in `out` yet begins.
  if (tail_.empty() && scan_.takes_late_lf(text.front())) {
    done = 1;
    unkept = last_kept_ ? 0 : 1;
  } else if (!tail_.empty()) {
    const size_t end = find_end(0);
    const size_t share = end == kNone ? text.size() : end;
    if (tail_.size() + share > max_frame_bytes_) return false;
    tail_.append(text, 0, share);
    if (end == kNone) return true;
    last_kept_ = on_frame(tail_);
    if (last_kept_) out.append(tail_);
    drop_tail();
    done = unkept = end;
  }
  while (done < text.size()) {
    const size_t end = find_end(done);
    if (end == kNone) break;
    last_kept_ = on_frame(text.substr(done, end - done));
    if (!last_kept_) {
      if (done > unkept) out.append(slice.part(unkept, done - unkept));
      unkept = end;
    }
    done = end;
  }
  if (done > unkept) out.append(slice.part(unkept, done - unkept));
  if (text.size() - done > max_frame_bytes_) return false;
  if (done < text.size()) tail_.assign(text, done);
  return true;
}

Event parse_frame(std::string_view frame, std::string& joined) {
  Event event;
  joined.clear();
  int data_lines = 0;
  // A byte order mark may open the stream.
  if (frame.substr(0, 3) == "\xEF\xBB\xBF") frame.remove_prefix(3);
  while (!frame.empty()) {
    const size_t end = std::min(frame.find('\n'), frame.substr(0, frame.find('\n')).find('\r'));
    std::string_view line = frame.substr(0, end);
    if (end == kNone) {
      frame = {};
    } else {
      frame.remove_prefix(frame.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
    }
    const size_t colon = line.find(':');
    if (colon == 0) continue;  // A comment.
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == kNone ? std::string_view() : line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (field == "event") {
      event.type = value;
    } else if (field == "data") {
      event.has_data = true;
      if (++data_lines == 1) {
        event.data = value;
        continue;
      }
      if (data_lines == 2) joined.assign(event.data);
      joined.push_back('\n');
      joined.append(value);
      event.data = joined;
    }
  }
  return event;
}

}  // namespace omni::sse
