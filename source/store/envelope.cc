#include "source/store/envelope.h"

#include <fmt/format.h>

#include <cstring>

#include "source/base/digest.h"
#include "source/base/record_codec.h"
#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::store {

void seal(EnvelopeKind kind, std::string_view payload, char* out) {
  out[4] = static_cast<char>(kind);
  store_little32(out, crc32c(payload, crc32c({out + 4, 1})));
  if (!payload.empty()) std::memcpy(out + kEnvelopeBytes, payload.data(), payload.size());
}

absl::StatusOr<Opened> open_envelope(std::string_view sealed, std::string_view table,
                                     std::string_view key) {
  const bool is_whole = sealed.size() >= kEnvelopeBytes;
  if (!is_whole || load_little32(sealed.data()) != crc32c(sealed.substr(4))) {
    return error(absl::StatusCode::kDataLoss,
                 fmt::format("table {}, key {}: the record is damaged ({})", table, to_hex(key),
                             is_whole ? "its checksum does not match" : "it is too short"));
  }
  const auto kind = static_cast<EnvelopeKind>(sealed[4]);
  if (kind != EnvelopeKind::kWhole && kind != EnvelopeKind::kChunked) {
    return failed(fmt::format("table {}, key {}: the record was written by a newer version", table,
                              to_hex(key)));
  }
  return Opened{kind, sealed.substr(kEnvelopeBytes)};
}

}  // namespace omni::store
