// The first look at a head, before llhttp: strict about every byte that has been used to smuggle
// requests past another parser (RFC 9112 sections 2.2, 3, 5.1, 5.2, 11.2). It refuses bare LF and
// CR, NUL and other controls, folded lines, empty or padded names, and it finds where the head
// ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/codec.h"
#include "source/http/fault.h"

namespace omni {

class HeadGuard {
 public:
  enum class Kind : uint8_t { kRequest, kResponse, kTrailers };
  enum class Verdict : uint8_t { kIncomplete, kComplete, kFault };

  HeadGuard(Kind kind, const CodecLimits& limits)
      : limit_bytes_(limits.header_bytes), limit_count_(limits.header_count), kind_(kind) {}

  // `bytes` is everything of this head so far and begins with what was given before; each byte is
  // looked at once, however often more is added.
  Verdict scan(std::string_view bytes);

  // After kComplete: where the first line begins (an empty line before a request is skipped, RFC
  // 9112 section 2.2) and where the byte after the closing empty line is.
  size_t begin() const { return begin_; }
  size_t end() const { return line_; }
  // After kFault.
  const Fault& fault() const { return fault_; }
  // Forgets the head, for the next one.
  void restart();

 private:
  Verdict fail(int status, const char* why);
  Fault check_line(std::string_view line);
  Fault check_request_line(std::string_view line) const;
  Fault check_status_line(std::string_view line) const;
  Fault check_field(std::string_view line) const;

  size_t limit_bytes_, limit_count_;
  size_t begin_ = 0;
  size_t line_ = 0;    // Start of the line that has not ended yet.
  size_t looked_ = 0;  // No LF lies between line_ and here.
  size_t fields_ = 0;
  Kind kind_;
  bool first_line_done_ = false;
  Fault fault_;
};

}  // namespace omni
