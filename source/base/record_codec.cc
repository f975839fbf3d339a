#include "source/base/record_codec.h"

#include <fmt/format.h>

#include "source/base/status.h"

namespace omni {

void RecordWriter::u16(uint16_t value) {
  u8(static_cast<uint8_t>(value));
  u8(static_cast<uint8_t>(value >> 8));
}

void RecordWriter::u32(uint32_t value) {
  char bytes[4];
  store_little32(bytes, value);
  out_.append(bytes, sizeof bytes);
}

void RecordWriter::u64(uint64_t value) {
  u32(static_cast<uint32_t>(value));
  u32(static_cast<uint32_t>(value >> 32));
}

void RecordWriter::optional_i64(const std::optional<int64_t>& value) {
  boolean(value.has_value());
  if (value.has_value()) i64(*value);
}

void RecordWriter::text(std::string_view bytes) {
  u32(static_cast<uint32_t>(bytes.size()));
  out_ += bytes;
}

void RecordWriter::texts(const std::vector<std::string>& list) {
  u32(static_cast<uint32_t>(list.size()));
  for (const std::string& each : list) text(each);
}

void PackedWriter::long_number(uint64_t value) {
  for (; value >= 0x80; value >>= 7) u8(static_cast<uint8_t>(value | 0x80));
  u8(static_cast<uint8_t>(value));
}

namespace {

// Most texts are short, and a call would cost more than two moves that overlap.
void copy_short(const char* from, size_t size, char* to) {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size > 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

}  // namespace

void PackedWriter::text(std::string_view bytes) {
  number(bytes.size());
  copy_short(bytes.data(), bytes.size(), at_);
  at_ += bytes.size();
}

std::string_view RecordReader::raw(size_t count) {
  if (!is_ok_ || count > rest_.size()) {
    is_ok_ = false;
    return {};
  }
  const std::string_view out = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return out;
}

uint8_t RecordReader::u8() {
  const std::string_view bytes = raw(1);
  return bytes.empty() ? uint8_t{0} : static_cast<uint8_t>(bytes[0]);
}

bool RecordReader::boolean() {
  const uint8_t value = u8();
  if (value > 1) is_ok_ = false;
  return value == 1;
}

uint16_t RecordReader::u16() {
  const unsigned low = u8();
  return static_cast<uint16_t>(low | (unsigned{u8()} << 8));
}

uint32_t RecordReader::u32() {
  const std::string_view bytes = raw(4);
  return bytes.empty() ? 0 : load_little32(bytes.data());
}

uint64_t RecordReader::u64() {
  const std::string_view bytes = raw(8);
  return bytes.empty() ? 0 : load_little64(bytes.data());
}

std::optional<int64_t> RecordReader::optional_i64() {
  if (!boolean()) return std::nullopt;
  return i64();
}

std::string RecordReader::text() { return std::string(raw(u32())); }

std::vector<std::string> RecordReader::texts() {
  std::vector<std::string> out;
  const uint32_t count = u32();
  // Not reserved: a damaged count must not become an allocation.
  for (uint32_t i = 0; i < count && is_ok_; ++i) out.push_back(text());
  return out;
}

uint64_t RecordReader::packed_number() {
  uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = u8();
    // The tenth byte holds one bit.
    if (shift == 63 && byte > 1) break;
    out |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return is_ok_ ? out : 0;
  }
  is_ok_ = false;
  return 0;
}

size_t RecordReader::packed_count() {
  const uint64_t count = packed_number();
  if (count <= rest_.size()) return count;
  is_ok_ = false;
  return 0;
}

absl::Status RecordReader::finish(std::string_view record) const {
  if (is_ok_ && rest_.empty()) return absl::OkStatus();
  return error(absl::StatusCode::kDataLoss,
               fmt::format("{} record: {}", record, is_ok_ ? "has bytes left over" : "ends early"));
}

absl::Status check_version(uint8_t version, uint8_t known, std::string_view record) {
  if (version == 0) {
    return error(absl::StatusCode::kDataLoss, fmt::format("{} record: has no version", record));
  }
  if (version <= known) return absl::OkStatus();
  return failed(
      fmt::format("{} record: version {} was written by a newer program, this one knows "
                  "up to {}",
                  record, version, known));
}

}  // namespace omni
