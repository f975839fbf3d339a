// How records become bytes: explicit little-endian integers, strings with a 4-byte length before
// them, optionals with a byte 0 or 1 before them. No struct is ever written as it lies in memory.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omni {

inline uint32_t load_little32(const char* from) {
  uint32_t out = 0;
  for (int i = 3; i >= 0; --i) out = (out << 8) | static_cast<uint8_t>(from[i]);
  return out;
}
inline uint64_t load_little64(const char* from) {
  return load_little32(from) | (uint64_t{load_little32(from + 4)} << 32);
}
// Written out, because compilers make one move of that and none of a loop.
inline void store_little32(char* to, uint32_t value) {
  to[0] = static_cast<char>(value);
  to[1] = static_cast<char>(value >> 8);
  to[2] = static_cast<char>(value >> 16);
  to[3] = static_cast<char>(value >> 24);
}
inline void store_little64(char* to, uint64_t value) {
  store_little32(to, static_cast<uint32_t>(value));
  store_little32(to + 4, static_cast<uint32_t>(value >> 32));
}
// Big endian, for keys: their order as bytes is then their order as numbers.
inline void store_big32(char* to, uint32_t value) {
  to[0] = static_cast<char>(value >> 24);
  to[1] = static_cast<char>(value >> 16);
  to[2] = static_cast<char>(value >> 8);
  to[3] = static_cast<char>(value);
}
inline void store_big64(char* to, uint64_t value) {
  store_big32(to, static_cast<uint32_t>(value >> 32));
  store_big32(to + 4, static_cast<uint32_t>(value));
}
inline void append_big32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}
inline void append_big64(std::string& out, uint64_t value) {
  append_big32(out, static_cast<uint32_t>(value >> 32));
  append_big32(out, static_cast<uint32_t>(value));
}
inline uint64_t load_big64(const char* from) {
  uint64_t out = 0;
  for (int i = 0; i < 8; ++i) out = (out << 8) | static_cast<uint8_t>(from[i]);
  return out;
}

class RecordWriter {
 public:
  // `version` is the record's first byte.
  explicit RecordWriter(uint8_t version) {
    out_.reserve(256);
    u8(version);
  }
  void u8(uint8_t value) { out_ += static_cast<char>(value); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void u16(uint16_t value);
  void u32(uint32_t value);
  void u64(uint64_t value);
  void i64(int64_t value) { u64(static_cast<uint64_t>(value)); }
  void optional_i64(const std::optional<int64_t>& value);
  void raw(std::string_view bytes) { out_ += bytes; }
  void text(std::string_view bytes);
  void texts(const std::vector<std::string>& list);
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

// For records of which there are many: numbers of seven bits a byte, the lowest first, and texts
// with such a length. Writes into room that was reserved.
class PackedWriter {
 public:
  static constexpr size_t kMostNumberBytes = 10;
  static constexpr size_t bound(std::string_view text) { return kMostNumberBytes + text.size(); }

  explicit PackedWriter(char* at) : at_(at) {}
  char* at() const { return at_; }
  void u8(uint8_t value) { *at_++ = static_cast<char>(value); }
  void number(uint64_t value) {
    if (value < 0x80) return u8(static_cast<uint8_t>(value));
    long_number(value);
  }
  void text(std::string_view bytes);

 private:
  // Not in line: a record has dozens of both, and nearly every request finds this code cold.
  void long_number(uint64_t value);

  char* at_;
};

// Reads what RecordWriter wrote. After the first failure every read returns nothing, and finish()
// tells; so a decoder reads all its fields and asks once.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}
  uint8_t u8();
  bool boolean();  // Fails for anything but 0 and 1.
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  int64_t i64() { return static_cast<int64_t>(u64()); }
  std::optional<int64_t> optional_i64();
  std::string_view raw(size_t count);  // A view of the bytes given.
  std::string text();
  std::vector<std::string> texts();
  uint64_t packed_number();  // As PackedWriter writes them, and these below.
  std::string_view packed_text() { return raw(packed_number()); }
  // A number of items that have at least one byte each: no damage makes it a large one.
  size_t packed_count();
  // kDataLoss naming `record` when a read failed or bytes are left over.
  absl::Status finish(std::string_view record) const;

 private:
  std::string_view rest_;
  bool is_ok_ = true;
};

// OK for 1 to `known`: who knows several reads each as it was; kFailedPrecondition saying that a
// newer program wrote it, or kDataLoss for 0.
absl::Status check_version(uint8_t version, uint8_t known, std::string_view record);

}  // namespace omni
