#include "source/store/receipt_id.h"

#include <utility>

#include "source/base/record_codec.h"

namespace omni {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int64_t kMsMask = (int64_t{1} << 48) - 1;

int digit_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const size_t at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

void ReceiptId::write_key(char* to) const {
  store_big64(to, static_cast<uint64_t>(ms & kMsMask) << 16);  // The last two are overwritten.
  store_big64(to + 6, exchange);
}

ReceiptId ReceiptId::from_key(std::string_view key) {
  if (key.size() != kKeyBytes) return {};
  return {.ms = static_cast<int64_t>(load_big64(key.data()) >> 16),
          .exchange = load_big64(key.data() + 6)};
}

namespace {

// Written out, because compilers make fewer steps of that than of a loop.
template <size_t... kPlaces>
void put_digits(char* to, uint64_t bits, std::index_sequence<kPlaces...>) {
  ((to[kPlaces] = kDigits[(bits >> (5 * (sizeof...(kPlaces) - 1 - kPlaces))) & 31]), ...);
}

}  // namespace

// 112 bits: 13 digits hold the exchange and the lowest bit of the time, 10 the rest.
ReceiptId::Text ReceiptId::text() const {
  Text out;
  const auto time = static_cast<uint64_t>(ms & kMsMask);
  put_digits(out.data(), time >> 1, std::make_index_sequence<10>());
  put_digits(out.data() + 10, (exchange >> 5) | (time << 59), std::make_index_sequence<12>());
  out[22] = kDigits[exchange & 31];
  return out;
}

std::optional<ReceiptId> ReceiptId::from_text(std::string_view text) {
  if (text.size() != kTextBytes || digit_of(text[0]) > 3) return std::nullopt;
  uint64_t high = 0, low = 0;
  for (size_t at = 0; at < kTextBytes; ++at) {
    const int digit = digit_of(text[at]);
    if (digit < 0) return std::nullopt;
    uint64_t& half = at < 10 ? high : low;
    const uint64_t lost = at < 10 ? 0 : low >> 59;
    half = (half << 5) | static_cast<uint64_t>(digit);
    if (at == 22) high = (high << 1) | (lost & 1);
  }
  return ReceiptId{.ms = static_cast<int64_t>(high), .exchange = low};
}

}  // namespace omni
