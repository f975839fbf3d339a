// What a receipt goes by: the moment its exchange was answered and the exchange's number. Ids in
// order are receipts in order of time, so the id is the key of the row and there is no index
// beside.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace omni {

// Numbers of exchanges never repeat: the upper half is drawn per worker and start. They can be
// guessed, so whoever reads a receipt must have got past the rules of management first.
struct ReceiptId {
  int64_t ms = 0;  // Since 1970; 48 bits.
  uint64_t exchange = 0;

  static constexpr size_t kKeyBytes = 14;
  static constexpr size_t kTextBytes = 23;
  using Text = std::array<char, kTextBytes>;

  // Both numbers, big endian.
  void write_key(char* to) const;
  static ReceiptId from_key(std::string_view key);
  // The same in Crockford's base 32 (crockford.com/base32.html), in upper case.
  Text text() const;
  // Nullopt for what text() does not write, but for its case.
  static std::optional<ReceiptId> from_text(std::string_view text);

  bool operator==(const ReceiptId&) const = default;
};

inline std::string_view view_of(const ReceiptId::Text& text) { return {text.data(), text.size()}; }

}  // namespace omni
