// Writing the field list of an HTTP/2 message, and the error codes of RFC 9113 section 7.
#pragma once

#include <absl/container/inlined_vector.h>
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "api/codec.h"
#include "api/http.h"

namespace omni {

// Views of the names and values that were added, which must live until the list was submitted.
class HeaderBlock {
 public:
  void add(std::string_view name, std::string_view value);
  // Leaves out what a codec makes itself and what could not stand in a message.
  void add_all(const Headers& headers);
  void add_length(uint64_t length);
  void add_status(int status);

  const nghttp2_nv* data() const { return fields_.data(); }
  size_t size() const { return fields_.size(); }

 private:
  absl::InlinedVector<nghttp2_nv, 24> fields_;
  std::array<char, 24> length_;
  std::array<char, 8> status_;
};

uint32_t to_error_code(ResetReason reason);
ResetReason to_reset_reason(uint32_t error_code);

}  // namespace omni
