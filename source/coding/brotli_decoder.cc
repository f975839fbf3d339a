// br, by Google's library.
#include <brotli/decode.h>
#include <fmt/format.h>

#include <string>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/coding/decoder.h"
#include "source/coding/library_versions.h"

namespace omni::coding {
namespace {

struct Destroy {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    OMNI_CHECK(state_ != nullptr);
    BrotliDecoderSetParameter(state_.get(), BROTLI_DECODER_PARAM_LARGE_WINDOW, BROTLI_FALSE);
  }

  absl::Status decode(std::string_view in, Output& out) override {
    auto next = reinterpret_cast<const uint8_t*>(in.data());
    size_t left = in.size();
    if (is_complete_) return left == 0 ? absl::OkStatus() : bytes_behind_the_end();
    while (true) {
      const Output::Room room = out.room();
      auto at = reinterpret_cast<uint8_t*>(room.at);
      size_t free = room.size;
      const BrotliDecoderResult result =
          BrotliDecoderDecompressStream(state_.get(), &left, &next, &free, &at, nullptr);
      if (!out.wrote(room.size - free)) return too_large();
      switch (result) {
        case BROTLI_DECODER_RESULT_SUCCESS:
          is_complete_ = true;
          return left == 0 ? absl::OkStatus() : bytes_behind_the_end();
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
          // Said even where the room was too small for what is decoded already.
          if (BrotliDecoderHasMoreOutput(state_.get()) == BROTLI_FALSE) return absl::OkStatus();
          break;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
          break;
        default:
          return invalid(BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_.get())));
      }
    }
  }
  bool is_complete() const override { return is_complete_; }

 private:
  std::unique_ptr<BrotliDecoderState, Destroy> state_;
  bool is_complete_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_brotli_decoder() { return std::make_unique<BrotliDecoder>(); }

// Its number is 0xMMMmmmppp.
std::string brotli_version_text() {
  const uint32_t version = BrotliDecoderVersion();
  return fmt::format("brotli {}.{}.{}", version >> 24, (version >> 12) & 0xfff, version & 0xfff);
}

}  // namespace omni::coding
