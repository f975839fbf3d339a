// Whatever comes in the name of a content coding: any split of it gives the same, or the same kind
// of failure, within the bound.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/coding/body_decoder.h"

namespace {

using omni::coding::BodyDecoder;

struct Outcome {
  std::string text;
  bool is_whole = false, is_too_large = false;
};

Outcome decode(std::string_view codings, std::string_view bytes, size_t step) {
  const auto decoder = BodyDecoder::make(codings);
  OMNI_CHECK(decoder.ok() && *decoder);
  Outcome out;
  absl::Status status;
  for (size_t at = 0; at < bytes.size() && status.ok(); at += step) {
    omni::Buffer piece(bytes.substr(at, step));
    status = (*decoder)->feed(piece);
    OMNI_CHECK(piece.size() <= BodyDecoder::kMaxFeedBytes);
    out.text += piece.to_string();
  }
  out.is_too_large = absl::IsResourceExhausted(status);
  out.is_whole = status.ok() && (*decoder)->finish().ok();
  return out;
}

}  // namespace

// The first byte names the codings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kCodings[] = {"gzip", "deflate", "br", "zstd", "gzip, br"};
  if (size < 1 || size > 2048) return 0;
  const std::string_view codings = kCodings[data[0] % std::size(kCodings)];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = decode(codings, bytes, std::max<size_t>(bytes.size(), 1));
  for (const size_t step : {1, 2, 7, 64}) {
    const Outcome split = decode(codings, bytes, step);
    // What comes at once is bounded, so pieces may pass where the whole does not.
    if (whole.is_too_large || split.is_too_large) continue;
    OMNI_CHECK(split.is_whole == whole.is_whole);
    if (whole.is_whole) OMNI_CHECK(split.text == whole.text);
  }
  return 0;
}
