// zstd, by Facebook's library.
#include <fmt/format.h>
#include <zstd.h>

#include <string>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/coding/decoder.h"
#include "source/coding/library_versions.h"

namespace omni::coding {
namespace {

// RFC 9659 section 3: 8 MiB.
constexpr int kWindowLog = 23;

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    OMNI_CHECK(context_ != nullptr);
    OMNI_CHECK(
        !ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog)));
  }

  absl::Status decode(std::string_view in, Output& out) override {
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    while (input.pos < input.size || has_more_) {
      const Output::Room room = out.room();
      ZSTD_outBuffer output = {room.at, room.size, 0};
      const size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(result)) return invalid(ZSTD_getErrorName(result));
      if (!out.wrote(output.pos)) return too_large();
      is_complete_ = result == 0;
      // A full block may mean that something is held back, unless the frame is over.
      has_more_ = output.pos == output.size && !is_complete_;
    }
    return absl::OkStatus();
  }
  bool is_complete() const override { return is_complete_; }

 private:
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool is_complete_ = false;
  bool has_more_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_zstd_decoder() { return std::make_unique<ZstdDecoder>(); }

std::string zstd_version_text() { return fmt::format("zstd {}", ZSTD_versionString()); }

}  // namespace omni::coding
