#include "source/http/http1/chunk_decoder.h"

#include <algorithm>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

constexpr uint8_t kMaxDigits = 16;
constexpr uint16_t kMaxExtensionBytes = 256;
// Extensions carry nothing for us; without this, one byte of data could cost 256 (CVE-2023-39326).
constexpr uint32_t kMaxAllExtensionBytes = 16 * 1024;
constexpr uint64_t kMaxChunkBytes = uint64_t{1} << 62;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ChunkDecoder::restart() {
  state_ = State::kSizeStart;
  all_extension_bytes_ = 0;
  fault_ = {};
  trailers_.restart();
}

ChunkDecoder::Verdict ChunkDecoder::decode(Buffer& in, Buffer& body) {
  while (!in.empty()) {
    if (state_ == State::kTrailers) return read_trailers(in);
    in.drop(decode_slice(in.slice(0), body));
    if (fault_) return Verdict::kFault;
  }
  return Verdict::kIncomplete;
}

// Returns how many bytes of the slice are done with.
size_t ChunkDecoder::decode_slice(const Slice& slice, Buffer& body) {
  const std::string_view bytes = slice.view();
  size_t at = 0;
  while (at < bytes.size() && state_ != State::kTrailers && !fault_) {
    if (state_ != State::kData) {
      step(bytes[at++]);
      continue;
    }
    const size_t count = std::min<uint64_t>(left_, bytes.size() - at);
    body.append(slice.part(at, count));
    at += count;
    left_ -= count;
    if (left_ == 0) state_ = State::kDataCr;
  }
  return at;
}

void ChunkDecoder::step(char c) {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize:
      return step_size(c);
    case State::kExtensionStart:
      if (!is_token_char(c)) return fail("A chunk extension has no name.");
      state_ = State::kExtension;
      return;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (has_control({&c, 1}) && c != '\t') {
        fail("A chunk extension holds a control character.");
      } else if (++extension_bytes_ > kMaxExtensionBytes ||
                 ++all_extension_bytes_ > kMaxAllExtensionBytes) {
        fail("A chunk extension is too long.");
      }
      return;
    case State::kSizeLf:
      if (c != '\n') return fail("A chunk size line ends without LF.");
      state_ = left_ == 0 ? State::kTrailers : State::kData;
      return;
    case State::kDataCr:
      if (c != '\r') return fail("A chunk is longer than its size.");
      state_ = State::kDataLf;
      return;
    case State::kDataLf:
      if (c != '\n') return fail("A chunk ends without LF.");
      state_ = State::kSizeStart;
      return;
    case State::kData:
    case State::kTrailers:
      return;
  }
}

void ChunkDecoder::step_size(char c) {
  if (const int digit = hex_digit(c); digit >= 0) {
    if (state_ == State::kSizeStart) {
      state_ = State::kSize;
      digits_ = 0;
      extension_bytes_ = 0;
      left_ = 0;
    }
    if (++digits_ > kMaxDigits) return fail("A chunk size is too long.");
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    return;
  }
  if (state_ == State::kSizeStart) return fail("A chunk size is missing.");
  if (left_ > kMaxChunkBytes) return fail("A chunk size is too large.");
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    state_ = State::kExtensionStart;
  } else {
    fail("A chunk size is not a hexadecimal number.");
  }
}

ChunkDecoder::Verdict ChunkDecoder::read_trailers(Buffer& in) {
  // Nearly always there are none.
  if (trailers_.is_empty() && in.front().size() >= 2 && in.front().substr(0, 2) == "\r\n") {
    in.drop(2);
    return Verdict::kComplete;
  }
  switch (trailers_.read(in)) {
    case HeadReader::Verdict::kIncomplete:
      return Verdict::kIncomplete;
    case HeadReader::Verdict::kComplete:
      return Verdict::kComplete;
    case HeadReader::Verdict::kFault:
      break;
  }
  fault_ = trailers_.fault();
  return Verdict::kFault;
}

}  // namespace omni
