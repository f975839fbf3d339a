#include "source/catalog/origin.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni {
namespace {

constexpr size_t kMaxUrlBytes = 2048;
constexpr size_t kMaxHostBytes = 253;  // RFC 1035 section 2.3.4, without the final dot.
constexpr size_t kMaxLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

using Ipv4 = std::array<uint8_t, 4>;
using Ipv6 = std::array<uint8_t, 16>;

// inet_pton takes four decimal parts without leading zeros and nothing else, unlike the resolver.
std::optional<Ipv4> ipv4_from(std::string_view host) {
  Ipv4 out;
  if (inet_pton(AF_INET, std::string(host).c_str(), out.data()) != 1) return std::nullopt;
  return out;
}

std::optional<Ipv6> ipv6_from(std::string_view host) {
  Ipv6 out;
  if (inet_pton(AF_INET6, std::string(host).c_str(), out.data()) != 1) return std::nullopt;
  return out;
}

bool is_private(const Ipv4& ip) {
  return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 ||   // RFC 1122, 1918
         (ip[0] == 100 && (ip[1] & 0xc0) == 64) ||      // RFC 6598
         (ip[0] == 169 && ip[1] == 254) ||              // RFC 3927, and cloud metadata
         (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||      // RFC 1918
         (ip[0] == 192 && ip[1] == 168) ||              // RFC 1918
         (ip[0] == 192 && ip[1] == 0 && ip[2] == 0) ||  // RFC 6890
         (ip[0] == 198 && (ip[1] & 0xfe) == 18) ||      // RFC 2544
         ip[0] >= 224;                                  // Multicast, reserved, broadcast.
}

bool is_private(const Ipv6& ip) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};  // RFC 6052: 64:ff9b::/96
  const Ipv4 tail = {ip[12], ip[13], ip[14], ip[15]};
  if (std::memcmp(ip.data(), kMapped.data(), kMapped.size()) == 0) return is_private(tail);
  if (std::memcmp(ip.data(), kNat64.data(), kNat64.size()) == 0) return is_private(tail);
  constexpr std::array<uint8_t, 12> kZero = {};
  if (std::memcmp(ip.data(), kZero.data(), kZero.size()) == 0) return true;  // ::, ::1, ::a.b.c.d
  return (ip[0] & 0xfe) == 0xfc ||                                           // RFC 4193
         (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||                        // RFC 4291: link-local
         (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0) ||                        // Old site-local.
         ip[0] == 0xff;                                                      // Multicast.
}

// A host that ends in a number is an address for every resolver, in forms such as 127.1 and
// 0x7f000001 too; only the plain form is taken (WHATWG URL, "ends in a number").
bool ends_in_number(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.empty()) return false;
  if (last.find_first_not_of("0123456789") == std::string_view::npos) return true;
  return last.size() >= 2 && last[0] == '0' && lower(last[1]) == 'x';
}

absl::Status check_name(std::string_view host) {
  if (host.size() > kMaxHostBytes) return invalid("the host is longer than 253 characters");
  for (const char c : host) {
    if (static_cast<unsigned char>(c) >= 0x80)
      return invalid("the host holds non-ASCII characters; write its xn-- form");
    if (!is_alnum(c) && c != '-' && c != '.' && c != '_')
      return invalid(fmt::format("the host '{}' holds a character that no host name has", host));
  }
  for (const std::string_view label : split(host, '.'))
    if (label.empty() || label.size() > kMaxLabelBytes)
      return invalid(fmt::format("the host '{}' has an empty or overlong label", host));
  if (ends_in_number(host) && !ipv4_from(host))
    return invalid(fmt::format("'{}' is not an IPv4 address of four decimal parts", host));
  return absl::OkStatus();
}

absl::Status parse_port(std::string_view text, uint16_t& port) {
  const std::optional<int64_t> number = parse_int(text);
  if (!number || *number < 1 || *number > 65535 || !is_digit(text[0]))
    return invalid(fmt::format("the port '{}' is not a number from 1 to 65535", text));
  port = static_cast<uint16_t>(*number);
  return absl::OkStatus();
}

absl::Status parse_host(std::string_view authority, Origin& origin) {
  std::string_view host, port;
  if (!authority.empty() && authority[0] == '[') {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return invalid("the IPv6 address has no closing bracket");
    host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return invalid("text follows the IPv6 address");
    port = rest;
    const std::optional<Ipv6> address = ipv6_from(host);
    if (!address) return invalid(fmt::format("'{}' is not an IPv6 address", host));
    // One spelling for one address, so that one pool serves it.
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address->data(), text, sizeof text);
    origin.host = text;
  } else {
    const size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
    if (port.find(':', 1) != std::string_view::npos)
      return invalid("an IPv6 address is written in brackets, such as [::1]");
    if (host.empty()) return invalid("the host is missing");
    if (host.back() == '.') host.remove_suffix(1);
    OMNI_RETURN_IF_ERROR(check_name(host));
    origin.host = lower(host);
  }
  if (port.empty()) return absl::OkStatus();
  if (port == ":") return invalid("the port is missing after ':'");
  return parse_port(port.substr(1), origin.port);
}

absl::Status check_path(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2]))
        return invalid("the path holds a broken percent escape");
      const std::string code = lower(path.substr(i + 1, 2));
      if (code == "2f" || code == "5c") return invalid("the path holds a percent-encoded slash");
      if (code == "2e") return invalid("the path holds a percent-encoded dot");
      if (code == "25" || code < "20" || code == "7f")
        return invalid("the path holds a percent-encoded control character or percent sign");
    } else if (path[i] == '\\') {
      return invalid("the path holds a backslash");
    } else if (!is_alnum(path[i]) &&
               std::string_view("/-._~!$&'()*+,;=:@").find(path[i]) == std::string_view::npos) {
      return invalid("the path holds a character that must be percent-encoded");
    }
  }
  for (const std::string_view segment : split(path, '/'))
    if (segment == "." || segment == "..") return invalid("the path holds a dot segment");
  if (path.find("//") != std::string_view::npos) return invalid("the path holds an empty segment");
  return absl::OkStatus();
}

}  // namespace

std::string Origin::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

void Origin::seal() {
  key = fmt::format("{}://{}|{}|{}|private={}|h2={}|ca={}", tls ? "https" : "http", host, port,
                    tls ? "tls" : "plain", allow_private ? 1 : 0, http2_prior_knowledge ? 1 : 0,
                    ca_file);
  if (proxy) key += "|proxy=" + proxy->key();
}

absl::StatusOr<BaseUrl> parse_base_url(std::string_view url) {
  if (url.size() > kMaxUrlBytes) return invalid("the URL is longer than 2048 characters");
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return invalid("the URL holds a space or control character");
  BaseUrl out;
  std::string_view rest;
  if (starts_with_ignoring_case(url, "https://")) {
    out.origin.tls = true;
    out.origin.port = 443;
    rest = url.substr(8);
  } else if (starts_with_ignoring_case(url, "http://")) {
    rest = url.substr(7);
  } else {
    return invalid("the URL must begin with http:// or https://");
  }
  if (rest.find('?') != std::string_view::npos) return invalid("the URL must not hold a query");
  if (rest.find('#') != std::string_view::npos) return invalid("the URL must not hold a fragment");
  const size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return invalid("the URL must not hold a user name or password");
  if (authority.empty()) return invalid("the host is missing");
  OMNI_RETURN_IF_ERROR(parse_host(authority, out.origin));
  if (slash != std::string_view::npos) {
    std::string_view path = rest.substr(slash);
    if (path.back() == '/') path.remove_suffix(1);
    OMNI_RETURN_IF_ERROR(check_path(path));
    if (!path.empty() && path.back() == '/') return invalid("the path holds an empty segment");
    out.path = std::string(path);
  }
  out.origin.seal();
  return out;
}

bool is_private_literal(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  const std::string name = lower(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;  // RFC 6761 section 6.3
  if (const std::optional<Ipv4> ip = ipv4_from(name)) return is_private(*ip);
  if (const std::optional<Ipv6> ip = ipv6_from(name)) return is_private(*ip);
  return false;
}

}  // namespace omni
