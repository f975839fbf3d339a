// The envelope every stored value lies in, whatever its table:
//     crc32c of the rest (4, little endian) | envelope version (1) | payload
// so that a flipped bit is an error with the table's and the key's name, and never a wrong answer.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace omni::store {

enum class EnvelopeKind : uint8_t {
  kWhole = 1,    // The payload is the value.
  kChunked = 2,  // The payload says where the value's chunks are.
};

inline constexpr size_t kEnvelopeBytes = 5;

// Writes envelope and payload to `out`, which has room for kEnvelopeBytes + payload.size().
void seal(EnvelopeKind kind, std::string_view payload, char* out);

struct Opened {
  EnvelopeKind kind;
  std::string_view payload;  // A view of what was opened.
};
// kDataLoss names `table` and `key` (in hexadecimal) when the checksum is wrong.
absl::StatusOr<Opened> open_envelope(std::string_view sealed, std::string_view table,
                                     std::string_view key);

}  // namespace omni::store
