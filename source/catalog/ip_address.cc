#include "source/catalog/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "source/base/strings.h"

namespace omni {
namespace {

constexpr uint64_t kMappedPrefix = 0xffff;  // ::ffff:0:0/96, the middle four bytes.
constexpr int64_t kMaxPort = 65535;

uint64_t read_number(const uint8_t* bytes, size_t count) {
  uint64_t out = 0;
  for (size_t i = 0; i < count; ++i) out = out << 8 | bytes[i];
  return out;
}

void write_number(uint64_t number, uint8_t* bytes, size_t count) {
  for (size_t i = count; i-- > 0; number >>= 8) bytes[i] = static_cast<uint8_t>(number);
}

bool is_port(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const std::optional<int64_t> port = parse_int(text);
  return port && *port <= kMaxPort;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool has_brackets = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (has_brackets) text = text.substr(1, text.size() - 2);
  // inet_pton() wants a terminated text; the longest literal fits.
  std::array<char, INET6_ADDRSTRLEN> literal;
  if (text.empty() || text.size() >= literal.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::memcpy(literal.data(), text.data(), text.size());
  literal[text.size()] = '\0';
  std::array<uint8_t, 16> bytes;
  IpAddress out;
  if (!has_brackets && inet_pton(AF_INET, literal.data(), bytes.data()) == 1) {
    out.low = read_number(bytes.data(), 4);
    return out;
  }
  if (inet_pton(AF_INET6, literal.data(), bytes.data()) != 1) return std::nullopt;
  out.high = read_number(bytes.data(), 8);
  out.low = read_number(bytes.data() + 8, 8);
  out.is_v6 = out.high != 0 || out.low >> 32 != kMappedPrefix;
  if (!out.is_v6) out.low &= 0xffffffff;
  return out;
}

std::optional<IpAddress> IpAddress::parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return parse(text);
  const bool has_port =
      text.front() == '[' ? text[colon - 1] == ']' : text.find(':') == colon;  // Else IPv6 alone.
  if (!has_port) return parse(text);
  return is_port(text.substr(colon + 1)) ? parse(text.substr(0, colon)) : std::nullopt;
}

std::string IpAddress::text() const {
  std::array<uint8_t, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v6) {
    write_number(high, bytes.data(), 8);
    write_number(low, bytes.data() + 8, 8);
  } else {
    write_number(low, bytes.data(), 4);
  }
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
  return out.data();
}

}  // namespace omni
