#include "test/support/compressed.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "source/base/check.h"

namespace omni::test {
namespace {

constexpr size_t kPieceBytes = size_t{64} * 1024;

// Gives the bytes for `text`, up to a flush or the end.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string put(std::string_view text, bool is_last) = 0;
};

class ZlibEncoder final : public Encoder {
 public:
  explicit ZlibEncoder(int window_bits) {
    OMNI_CHECK(deflateInit2(&stream_, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }
  std::string put(std::string_view text, bool is_last) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    std::string out, room(kPieceBytes, 0);
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = static_cast<uInt>(room.size());
      deflate(&stream_, is_last ? Z_FINISH : Z_SYNC_FLUSH);
      out.append(room, 0, room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_ = {};
};

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(int window_log = 18)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr),
               BrotliEncoderDestroyInstance) {
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, 5);
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LARGE_WINDOW, window_log > 24);
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, static_cast<uint32_t>(window_log));
  }
  std::string put(std::string_view text, bool is_last) override {
    const auto operation = is_last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    auto next = reinterpret_cast<const uint8_t*>(text.data());
    size_t left = text.size(), none = 0;
    std::string out;
    do {
      OMNI_CHECK(BrotliEncoderCompressStream(state_.get(), operation, &left, &next, &none, nullptr,
                                             nullptr));
      size_t size = 0;
      const uint8_t* made = BrotliEncoderTakeOutput(state_.get(), &size);
      out.append(reinterpret_cast<const char*>(made), size);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_.get()));
    return out;
  }

 private:
  std::unique_ptr<BrotliEncoderState, decltype(&BrotliEncoderDestroyInstance)> state_;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(int window_log = 0) : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, window_log);
  }
  std::string put(std::string_view text, bool is_last) override {
    ZSTD_inBuffer input = {text.data(), text.size(), 0};
    std::string out, room(kPieceBytes, 0);
    size_t more = 0;
    do {
      ZSTD_outBuffer output = {room.data(), room.size(), 0};
      more = ZSTD_compressStream2(context_.get(), &output, &input,
                                  is_last ? ZSTD_e_end : ZSTD_e_flush);
      OMNI_CHECK(!ZSTD_isError(more));
      out.append(room, 0, output.pos);
    } while (more != 0);
    return out;
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
};

std::unique_ptr<Encoder> make_encoder(std::string_view coding) {
  if (coding == "gzip") return std::make_unique<ZlibEncoder>(15 + 16);
  if (coding == "deflate") return std::make_unique<ZlibEncoder>(15);
  if (coding == "raw") return std::make_unique<ZlibEncoder>(-15);
  if (coding == "br") return std::make_unique<BrotliEncoder>();
  OMNI_CHECK(coding == "zstd");
  return std::make_unique<ZstdEncoder>();
}

}  // namespace

Compressed compress_flushed(std::string_view coding, const std::vector<std::string>& pieces) {
  const std::unique_ptr<Encoder> encoder = make_encoder(coding);
  Compressed out;
  for (const std::string& piece : pieces) {
    out.bytes += encoder->put(piece, false);
    out.ends.push_back(out.bytes.size());
  }
  out.bytes += encoder->put("", true);
  return out;
}

std::string compressed(std::string_view coding, std::string_view text) {
  return make_encoder(coding)->put(text, true);
}

std::string compressed_zeros(std::string_view coding, size_t size) {
  const std::string piece(size_t{1024} * 1024, 0);
  const std::unique_ptr<Encoder> encoder = make_encoder(coding);
  std::string out;
  for (; size > piece.size(); size -= piece.size()) out += encoder->put(piece, false);
  return out + encoder->put(std::string_view(piece).substr(0, size), true);
}

std::string zstd_with_window(std::string_view text, int window_log) {
  ZstdEncoder encoder(window_log);
  // In two pieces: the frame's window is the text's size otherwise.
  std::string out = encoder.put(text, false);
  return out + encoder.put("", true);
}

std::string brotli_with_window(std::string_view text, int window_log) {
  return BrotliEncoder(window_log).put(text, true);
}

}  // namespace omni::test
