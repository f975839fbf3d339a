// One content coding being undone.
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string_view>

#include "source/coding/output.h"

namespace omni::coding {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes all of `in` and writes all that it stands for. Not OK: nothing may follow.
  virtual absl::Status decode(std::string_view in, Output& out) = 0;
  // What came so far is a whole coded stream.
  virtual bool is_complete() const = 0;
};

// What `out` refuses to hold.
absl::Status too_large();
// What follows a coding that has an end of its own.
absl::Status bytes_behind_the_end();

// RFC 1952; several members may follow each other.
std::unique_ptr<Decoder> make_gzip_decoder();
// RFC 1950, and what many servers send by that name: RFC 1951 without the frame around it.
std::unique_ptr<Decoder> make_deflate_decoder();
// RFC 7932, without the large windows that are no part of it: 16 MiB at most.
std::unique_ptr<Decoder> make_brotli_decoder();
// RFC 8878 with the window that RFC 9659 allows, 8 MiB; several frames may follow each other.
std::unique_ptr<Decoder> make_zstd_decoder();

}  // namespace omni::coding
