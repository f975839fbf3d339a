// Bodies as servers compress them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace omni::test {

// A compressed body, flushed behind each piece as servers flush behind each event: `ends[i]` is
// where the bytes end from which pieces up to i can be told.
struct Compressed {
  std::string bytes;
  std::vector<size_t> ends;
};

// `coding` is gzip, deflate, raw (deflate as it should not be), br or zstd.
Compressed compress_flushed(std::string_view coding, const std::vector<std::string>& pieces);
std::string compressed(std::string_view coding, std::string_view text);

// Zeros, `size` of them.
std::string compressed_zeros(std::string_view coding, size_t size);

// A zstd frame whose window is 2^`window_log` bytes.
std::string zstd_with_window(std::string_view text, int window_log);
// A br stream whose window is 2^`window_log` bytes, in the library's own form beyond 24.
std::string brotli_with_window(std::string_view text, int window_log);

}  // namespace omni::test
