// The little HTTP/1.1 that the benchmark's own programs need of their peers. Trusting: both ends
// are ours, and what is measured stands between them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace omni::bench {

inline uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

inline sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The value of header `name` in `head`; empty when absent.
inline std::string_view header(std::string_view head, std::string_view name) {
  size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::string_view rest = head.substr(at + 2);
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      return value;
    }
    at = end == std::string_view::npos ? end : at + 2 + end;
  }
  return {};
}

inline uint64_t number(std::string_view text, int base = 10) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// Reads one response after another. Counts the events of a stream and remembers how it ended.
class ResponseReader {
 public:
  void begin() { *this = ResponseReader(); }

  // Takes bytes of the current response; false when they make no sense.
  bool feed(std::string_view in) {
    if (state_ == State::kHead) {
      head_.append(in);
      const size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return head_.size() < 65536;
      const std::string rest = head_.substr(end + 4);
      head_.resize(end + 2);
      if (!read_head()) return false;
      return rest.empty() || feed(rest);
    }
    while (!in.empty()) {
      if (state_ == State::kDone) return false;
      if (state_ == State::kSizeLine) {
        if (!take_size_line(in)) continue;
        left_ = number(line_, 16);
        line_.clear();
        state_ = left_ == 0 ? State::kTrailer : State::kChunk;
      } else if (state_ == State::kTrailer || state_ == State::kChunkEnd) {
        if (!take_size_line(in)) continue;
        const bool last = state_ == State::kTrailer && line_.empty();
        if (state_ == State::kChunkEnd) state_ = State::kSizeLine;
        if (last) state_ = State::kDone;
        line_.clear();
      } else {
        take_body(in);
      }
    }
    return true;
  }

  int status() const { return status_; }
  bool is_complete() const { return state_ == State::kDone; }
  bool has_body() const { return body_bytes_ > 0; }
  uint64_t events() const { return events_; }
  // A stream that stops without its last word was cut.
  // OpenAI's last event, or Anthropic's.
  bool ends_with_done() const {
    return tail_.find("[DONE]") != std::string::npos ||
           tail_.find("message_stop") != std::string::npos;
  }

 private:
  enum class State { kHead, kSized, kSizeLine, kChunk, kChunkEnd, kTrailer, kDone };

  bool read_head() {
    if (head_.size() < 12) return false;
    status_ = static_cast<int>(number(std::string_view(head_).substr(9, 3)));
    if (header(head_, "transfer-encoding") == "chunked") {
      state_ = State::kSizeLine;
      return true;
    }
    const std::string_view length = header(head_, "content-length");
    left_ = number(length);
    state_ = left_ == 0 ? State::kDone : State::kSized;
    return !length.empty();
  }

  // Moves up to a line's end out of `in`; true when the line in line_ is whole, without CR LF.
  bool take_size_line(std::string_view& in) {
    const size_t end = in.find('\n');
    line_.append(in.substr(0, end));
    in.remove_prefix(end == std::string_view::npos ? in.size() : end + 1);
    if (end == std::string_view::npos) return false;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    return true;
  }

  void take_body(std::string_view& in) {
    const std::string_view piece = in.substr(0, left_);
    in.remove_prefix(piece.size());
    left_ -= piece.size();
    body_bytes_ += piece.size();
    for (size_t at = 0; (at = piece.find('\n', at)) != std::string_view::npos; ++at) {
      const char before = at > 0 ? piece[at - 1] : (tail_.empty() ? ' ' : tail_.back());
      if (before == '\n') ++events_;
    }
    tail_.append(piece.substr(piece.size() > 32 ? piece.size() - 32 : 0));
    if (tail_.size() > 64) tail_.erase(0, tail_.size() - 32);
    if (left_ == 0) state_ = state_ == State::kSized ? State::kDone : State::kChunkEnd;
  }

  State state_ = State::kHead;
  std::string head_, line_, tail_;
  int status_ = 0;
  uint64_t left_ = 0, body_bytes_ = 0, events_ = 0;
};

}  // namespace omni::bench
