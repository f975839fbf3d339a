// gzip and deflate, by zlib.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <string>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/coding/decoder.h"
#include "source/coding/library_versions.h"

namespace omni::coding {
namespace {

// What zlib calls windowBits: the window's size, and what stands around the data.
constexpr int kRaw = -15, kZlib = 15, kGzip = 15 + 16;

class InflateDecoder {
 public:
  explicit InflateDecoder(int window_bits) {
    OMNI_CHECK(inflateInit2(&stream_, window_bits) == Z_OK);
  }
  ~InflateDecoder() { inflateEnd(&stream_); }
  InflateDecoder(const InflateDecoder&) = delete;
  InflateDecoder& operator=(const InflateDecoder&) = delete;

  bool is_over() const { return is_over_; }
  // Another stream of the same form follows.
  void begin_again() {
    inflateReset(&stream_);
    is_over_ = false;
  }
  // Takes from `in` what belongs to the stream that is not over yet.
  absl::Status decode(std::string_view& in, Output& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    absl::Status status = run(out);
    in.remove_prefix(in.size() - stream_.avail_in);
    return status;
  }

 private:
  absl::Status run(Output& out) {
    while (true) {
      const Output::Room room = out.room();
      stream_.next_out = reinterpret_cast<Bytef*>(room.at);
      stream_.avail_out = static_cast<uInt>(room.size);
      const int result = inflate(&stream_, Z_SYNC_FLUSH);
      if (!out.wrote(room.size - stream_.avail_out)) return too_large();
      if (result == Z_STREAM_END) return is_over_ = true, absl::OkStatus();
      if (result == Z_NEED_DICT) return invalid("the data needs a dictionary");
      if (result != Z_OK && result != Z_BUF_ERROR)
        return invalid(stream_.msg != nullptr ? stream_.msg : "the data is broken");
      // Room that is left over means that nothing is held back.
      if (stream_.avail_out > 0) return absl::OkStatus();
    }
  }

  z_stream stream_ = {};
  bool is_over_ = false;
};

class GzipDecoder final : public Decoder {
 public:
  absl::Status decode(std::string_view in, Output& out) override {
    while (!in.empty()) {
      if (inflate_.is_over()) inflate_.begin_again();
      OMNI_RETURN_IF_ERROR(inflate_.decode(in, out));
    }
    return absl::OkStatus();
  }
  bool is_complete() const override { return inflate_.is_over(); }

 private:
  InflateDecoder inflate_{kGzip};
};

// RFC 1950 section 2.2: method 8, a window of at most 32 KiB, and a check of the two bytes. No
// encoder begins raw data so: it would be a stored block with bits that are zero set.
bool is_zlib_header(std::string_view two) {
  const auto method = static_cast<unsigned char>(two[0]);
  const auto flags = static_cast<unsigned char>(two[1]);
  return (method & 15) == Z_DEFLATED && (method >> 4) <= 7 && (method * 256 + flags) % 31 == 0;
}

class DeflateDecoder final : public Decoder {
 public:
  absl::Status decode(std::string_view in, Output& out) override {
    if (!inflate_) {
      const size_t missing = std::min(in.size(), 2 - begin_.size());
      begin_ += in.substr(0, missing);
      in.remove_prefix(missing);
      if (begin_.size() < 2) return absl::OkStatus();
      inflate_ = std::make_unique<InflateDecoder>(is_zlib_header(begin_) ? kZlib : kRaw);
      OMNI_RETURN_IF_ERROR(feed(begin_, out));
    }
    return feed(in, out);
  }
  bool is_complete() const override { return inflate_ && inflate_->is_over(); }

 private:
  absl::Status feed(std::string_view in, Output& out) {
    if (!in.empty() && !inflate_->is_over()) OMNI_RETURN_IF_ERROR(inflate_->decode(in, out));
    return in.empty() ? absl::OkStatus() : bytes_behind_the_end();
  }

  std::string begin_;
  std::unique_ptr<InflateDecoder> inflate_;  // Once two bytes told the form.
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder() { return std::make_unique<GzipDecoder>(); }

std::unique_ptr<Decoder> make_deflate_decoder() { return std::make_unique<DeflateDecoder>(); }

std::string zlib_version_text() { return fmt::format("zlib {}", zlibVersion()); }

}  // namespace omni::coding
