#include "source/http/http1/chunk_decoder.h"

#include <algorithm>
#include <cstring>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

constexpr uint8_t kMaxDigits = 16;
constexpr uint16_t kMaxExtensionBytes = 256;
// Extensions carry nothing for us; without this, one byte of data could cost 256 (CVE-2023-39326).
constexpr uint32_t kMaxAllExtensionBytes = 16 * 1024;
constexpr uint64_t kMaxChunkBytes = uint64_t{1} << 62;
// Chunks up to this size move to where the one before them ends: a server that sends each token as
// a chunk of its own would otherwise cost every reader behind this one a slice for each.
constexpr uint64_t kMovedBytes = 1024;
// Digits of a size that is read at once, which cannot overflow.
constexpr ptrdiff_t kQuickDigits = 7;

inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void ChunkDecoder::restart() {
  state_ = State::kSizeStart;
  all_extension_bytes_ = 0;
  fault_ = {};
  trailers_.reset();
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
  size_t run = 0, run_bytes = 0;  // Data in one piece that is not in `body` yet.
  while (at < bytes.size() && state_ != State::kTrailers && !fault_) {
    if (state_ != State::kData) {
      const size_t quick = quick_line(bytes.substr(at));
      if (quick == 0) step(bytes[at]);
      at += std::max<size_t>(quick, 1);
      continue;
    }
    const size_t count = std::min<uint64_t>(left_, bytes.size() - at);
    if (run_bytes != 0 && count <= kMovedBytes && slice.owner() != nullptr) {
      std::memmove(slice.writable() + run + run_bytes, bytes.data() + at, count);
      run_bytes += count;
    } else {
      if (run_bytes != 0) body.append(slice.part(run, run_bytes));
      run = at;
      run_bytes = count;
    }
    at += count;
    left_ -= count;
    if (left_ == 0) state_ = State::kDataCr;
  }
  if (run_bytes != 0) body.append(slice.part(run, run_bytes));
  return at;
}

// What stands between two chunks as every server writes it: how many bytes of it were taken. What
// is not whole, or looks otherwise, is left to step().
size_t ChunkDecoder::quick_line(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const auto takes_line_end = [&] {
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return false;
    at += 2;
    return true;
  };
  if (state_ == State::kDataCr) {
    if (!takes_line_end()) return 0;
    state_ = State::kSizeStart;
  }
  if (state_ != State::kSizeStart) return 0;
  const char* const start = at;
  const char* const last = at + std::min<ptrdiff_t>(end - at, kQuickDigits);
  uint32_t size = 0;
  for (int digit; at != last && (digit = hex_digit(*at)) >= 0; ++at)
    size = size * 16 + static_cast<uint32_t>(digit);
  // The last chunk is not among these: its size is 0.
  if (size == 0 || !takes_line_end()) return static_cast<size_t>(start - bytes.data());
  left_ = size;
  state_ = State::kData;
  return static_cast<size_t>(at - bytes.data());
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
  if (trailers_ == nullptr && in.front().size() >= 2 && in.front().substr(0, 2) == "\r\n") {
    in.drop(2);
    return Verdict::kComplete;
  }
  if (trailers_ == nullptr) {
    const CodecLimits limits{.header_bytes = trailer_bytes_, .header_count = trailer_count_};
    trailers_ = std::make_unique<HeadReader>(HeadReader::Kind::kTrailers, limits);
  }
  switch (trailers_->read(in)) {
    case HeadReader::Verdict::kIncomplete:
      return Verdict::kIncomplete;
    case HeadReader::Verdict::kComplete:
      return Verdict::kComplete;
    case HeadReader::Verdict::kFault:
      break;
  }
  fault_ = trailers_->fault();
  return Verdict::kFault;
}

}  // namespace omni
