// The chunked coding, decoded strictly and in place (RFC 9112 section 7.1). Lenient readings of it
// have been used to smuggle requests, so whatever the grammar does not allow is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/http1/head_reader.h"

namespace omni {

class ChunkDecoder {
 public:
  enum class Verdict : uint8_t { kIncomplete, kComplete, kFault };

  explicit ChunkDecoder(const CodecLimits& limits)
      : trailer_bytes_(limits.header_bytes), trailer_count_(limits.header_count) {}

  // Moves data bytes to the end of `body`. After kIncomplete all of `in` has been taken; after
  // kComplete what follows the body is left. Trailer fields are checked and dropped. Small chunks
  // are joined where they lie: nobody else may hold the bytes of `in`.
  Verdict decode(Buffer& in, Buffer& body);
  // After kFault.
  const Fault& fault() const { return fault_; }
  void restart();

 private:
  enum class State : uint8_t {
    kSizeStart,
    kSize,
    kExtensionStart,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailers
  };

  size_t decode_slice(const Slice& slice, Buffer& body);
  size_t quick_line(std::string_view bytes);
  void step(char c);
  void step_size(char c);
  Verdict read_trailers(Buffer& in);
  [[gnu::cold]] void fail(const char* why) { fault_ = {400, why}; }

  const size_t trailer_bytes_, trailer_count_;
  State state_ = State::kSizeStart;
  uint8_t digits_ = 0;
  uint16_t extension_bytes_ = 0;
  uint32_t all_extension_bytes_ = 0;
  uint64_t left_ = 0;
  Fault fault_;
  std::unique_ptr<HeadReader> trailers_;  // Null: no byte of one has been seen, as nearly always.
};

}  // namespace omni
