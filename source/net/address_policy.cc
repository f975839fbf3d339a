#include "source/net/address_policy.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "source/base/strings.h"

namespace omni::net {
namespace {

struct V4Rule {
  uint32_t network;
  int bits;
  std::string_view why;
};

// IANA's special-purpose registry (RFC 6890), everything that is not globally reachable.
constexpr V4Rule kV4Rules[] = {
    {0x7f000000, 8, "a loopback address"},
    {0x0a000000, 8, "a private address"},
    {0xac100000, 12, "a private address"},
    {0xc0a80000, 16, "a private address"},
    {0xa9fea9fe, 32, "a cloud metadata address"},
    {0xa9fe0000, 16, "a link-local address"},
    {0x64400000, 10, "a carrier-grade NAT address"},  // 100.64/10, RFC 6598
    {0x00000000, 8, "an address of this host"},
    {0xc0000000, 24, "a protocol assignment"},    // 192.0.0/24
    {0xc0000200, 24, "a documentation address"},  // 192.0.2/24, RFC 5737
    {0xc6336400, 24, "a documentation address"},  // 198.51.100/24
    {0xcb007100, 24, "a documentation address"},  // 203.0.113/24
    {0xc6120000, 15, "a benchmarking address"},   // 198.18/15, RFC 2544
    {0xc0586300, 24, "a 6to4 relay address"},     // 192.88.99/24, RFC 7526
    {0xe0000000, 4, "a multicast address"},
    {0xffffffff, 32, "a broadcast address"},
    {0xf0000000, 4, "a reserved address"},
};

std::string_view judge(uint32_t address) {
  for (const V4Rule& rule : kV4Rules)
    if (((address ^ rule.network) >> (32 - rule.bits)) == 0) return rule.why;
  return {};
}

using V6 = std::array<uint8_t, 16>;

uint32_t word(const V6& a, size_t at) {
  return uint32_t{a[at]} << 24 | uint32_t{a[at + 1]} << 16 | uint32_t{a[at + 2]} << 8 | a[at + 3];
}

// The IPv4 address that packets to `a` end up at.
std::optional<uint32_t> carried(const V6& a) {
  const uint32_t head = word(a, 0);
  const bool zeros_4_to_8 = word(a, 4) == 0;
  if (head == 0 && zeros_4_to_8 && word(a, 8) == 0x0000ffff)
    return word(a, 12);                                                  // RFC 4291 2.5.5.2
  if (head == 0 && zeros_4_to_8 && word(a, 8) == 0) return word(a, 12);  // RFC 4291 2.5.5.1
  if (head == 0x0064ff9b && zeros_4_to_8 && word(a, 8) == 0) return word(a, 12);  // RFC 6052
  if (a[0] == 0x20 && a[1] == 0x02)                                               // 6to4, RFC 3056
    return uint32_t{a[2]} << 24 | uint32_t{a[3]} << 16 | uint32_t{a[4]} << 8 | a[5];
  if (head == 0x20010000) return ~word(a, 12);  // Teredo client, RFC 4380 section 4
  return std::nullopt;
}

std::string_view judge(const V6& a) {
  static constexpr V6 kMetadata = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                   0,    0,    0,    0,    0, 0, 0x02, 0x54};
  static constexpr V6 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (a == kMetadata) return "a cloud metadata address";
  if (a == kLoopback) return "a loopback address";
  if (a == V6{}) return "an address of this host";
  if (const std::optional<uint32_t> inner = carried(a)) {
    // ::/96 is deprecated: nothing public answers there, whatever it carries.
    if (word(a, 0) == 0 && word(a, 8) == 0) return "an IPv4-compatible address";
    if (const std::string_view why = judge(*inner); !why.empty()) return why;
    // A Teredo packet goes to the server first, bytes 4 to 7.
    if (word(a, 0) == 0x20010000) return judge(word(a, 4));
    return {};
  }
  // RFC 8215: a translator on the local network, which may reach anything there.
  if (word(a, 0) == 0x0064ff9b && a[4] == 0 && a[5] == 1) return "a local NAT64 address";
  if ((a[0] & 0xfe) == 0xfc) return "a unique local address";                // RFC 4193
  if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) return "a link-local address";  // RFC 4291
  if (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0) return "a site-local address";  // RFC 3879
  if (a[0] == 0xff) return "a multicast address";
  if (word(a, 0) == 0x20010db8) return "a documentation address";                    // RFC 3849
  if (word(a, 0) == 0x01000000 && word(a, 4) == 0) return "a discard-only address";  // RFC 6666
  // Only 2000::/3 has been given out for the public internet; NAT64 was let through above.
  if ((a[0] & 0xe0) != 0x20) return "a reserved address";
  return {};
}

}  // namespace

std::string_view why_not_public(const SocketAddress& address) {
  if (!address.is_v6()) return judge(ntohl(address.v4().s_addr));
  V6 bytes;
  std::memcpy(bytes.data(), &address.v6(), bytes.size());
  return judge(bytes);
}

bool names_this_host(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  const std::string name = lower(host);
  return name == "localhost" || name.ends_with(".localhost");
}

bool literal_is_private(std::string_view host) {
  if (names_this_host(host)) return true;
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  const std::optional<SocketAddress> literal = SocketAddress::parse(lower(host), 0);
  return literal && !why_not_public(*literal).empty();
}

}  // namespace omni::net
