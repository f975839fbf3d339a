// Reads one head from a stream of slices: checks it, takes it apart and gathers its fields, all in
// one pass over its bytes. A line that lies in one slice is read where it is; only one that is
// split is copied together. See ADR 0012.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/codec.h"
#include "source/buffer/buffer.h"
#include "source/http/fault.h"
#include "source/http/http1/framing.h"

namespace omni {

class HeadReader {
 public:
  enum class Kind : uint8_t { kRequest, kResponse, kTrailers };
  enum class Verdict : uint8_t { kIncomplete, kComplete, kFault };

  HeadReader(Kind kind, const CodecLimits& limits)
      : limit_bytes_(limits.header_bytes),
        limit_count_(limits.header_count),
        kind_(kind),
        first_line_done_(kind == Kind::kTrailers) {}

  // Takes the head off `in`, and all of `in` while it is not complete. Each byte is looked at a
  // bounded number of times, however small the pieces are.
  Verdict read(Buffer& in);
  // After kFault.
  const Fault& fault() const { return fault_; }
  // No byte of a head has been taken yet.
  bool is_empty() const { return taken_ == 0; }
  // Forgets the head, for the next one.
  void restart();

  // After kComplete: what the head means. Starts over.
  Fault finish(std::string_view scheme, Framing& framing, RequestHead& out);
  Fault finish(Framing& framing, ResponseHead& out);

 private:
  [[gnu::cold]] Verdict fail(int status, const char* why);
  Verdict read_slice(const char*& at, const char* end);
  const char* complete_line(const char* at, const char* end);
  const char* read_first_line(const char* at, const char* end);
  const char* read_request_line(const char* at, const char* end);
  const char* read_fields(const char* at, const char* end);
  Verdict take_line(std::string_view line);
  Fault take_first_line(std::string_view line);
  void take_field(std::string_view name, std::string_view value);
  void take_special(FieldKind kind, std::string_view value, std::string_view padding);

  size_t limit_bytes_, limit_count_;
  size_t taken_ = 0;  // Bytes of this head so far.
  size_t fields_ = 0;
  Kind kind_;
  bool skipped_line_ = false;  // An empty one before a request (RFC 9112 section 2.2).
  bool first_line_done_;
  Fault fault_;
  HeadLines lines_;
  std::string partial_;  // A line that has not ended yet.
};

}  // namespace omni
