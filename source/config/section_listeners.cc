// listeners: addresses, TLS and limits. Their rows of filters are in section_routes.cc.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr std::string_view kDefaultAddress = "127.0.0.1:20128";

struct ParsedAddress {
  bool is_loopback = false;  // Unix sockets too.
  bool takes_any_port = false;
  std::string plain;  // The same for all ways to write one address.
};

absl::StatusOr<uint16_t> parse_port(std::string_view text) {
  const std::optional<int64_t> port = parse_int(text);
  if (!port || text[0] == '-' || *port > 65535)
    return invalid(fmt::format("'{}' is not a port from 0 to 65535", text));
  return static_cast<uint16_t>(*port);
}

std::string plain_address(int family, const void* bytes, uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  inet_ntop(family, bytes, host.data(), host.size());
  return family == AF_INET6 ? fmt::format("[{}]:{}", host.data(), port)
                            : fmt::format("{}:{}", host.data(), port);
}

absl::StatusOr<ParsedAddress> parse_address(const std::string& text) {
  // sockaddr_un has room for 107 bytes and a final zero.
  constexpr size_t kMaxUnixPath = 107;
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    const std::string path = text.substr(kUnix.size());
    if (path.empty() || path.size() > kMaxUnixPath)
      return invalid(fmt::format("a socket path has 1 to {} bytes", kMaxUnixPath));
    return ParsedAddress{true, false, text};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return invalid("expected host:port, [v6]:port or unix:/path");
  std::string host = text.substr(0, colon);
  OMNI_ASSIGN_OR_RETURN(const uint16_t port, parse_port(std::string_view(text).substr(colon + 1)));
  ParsedAddress out{.takes_any_port = port == 0};
  if (host.empty() || host == "*")
    return invalid(fmt::format("name the address: 127.0.0.1:{0}, or 0.0.0.0:{0} for all", port));
  std::array<unsigned char, 16> bytes{};
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1)
      return invalid(fmt::format("'{}' is not an IPv6 address", host));
    constexpr std::array<unsigned char, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                         0, 0, 0, 0, 0, 0, 0, 1};
    out.is_loopback = bytes == kLoopback;
    out.plain = plain_address(AF_INET6, bytes.data(), port);
    return out;
  }
  if (host.find(':') != std::string::npos)
    return invalid("an IPv6 address is written in brackets, such as [::1]:20128");
  if (host == "localhost") host = "127.0.0.1";
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) != 1)
    return invalid(fmt::format("'{}' is not an IP address", host));
  out.is_loopback = bytes[0] == 127;
  out.plain = plain_address(AF_INET, bytes.data(), port);
  return out;
}

void read_tls(MappingReader& listener, SectionContext& context, ListenerConfig& config) {
  const ConfigValue* value = listener.find("tls");
  if (value == nullptr) return;
  MappingReader tls(*value, listener.path_of("tls"), context.errors);
  config.tls_at = listener.place_of("tls");
  TlsConfig& out = config.tls;
  out.certificate = tls.required_text("certificate").value_or("");
  out.private_key = tls.required_text("private_key").value_or("");
  out.client_ca = tls.text("client_ca").value_or("");
  check_pem_file(tls, "certificate", out.certificate, "-----BEGIN CERTIFICATE-----", context);
  check_pem_file(tls, "private_key", out.private_key, "PRIVATE KEY-----", context);
  check_pem_file(tls, "client_ca", out.client_ca, "-----BEGIN CERTIFICATE-----", context);
  tls.done();
}

void read_limits(MappingReader& listener, SectionContext& context, ListenerLimits& out) {
  const ConfigValue* value = listener.find("limits");
  if (value == nullptr) return;
  MappingReader limits(*value, listener.path_of("limits"), context.errors);
  const absl::Duration least = absl::Milliseconds(100);
  const absl::Duration most = absl::Hours(24);
  if (const auto size = limits.size_bytes("header_bytes", 4 * kKiB, kMiB))
    out.header_bytes = static_cast<size_t>(*size);
  if (const auto count = limits.integer("header_count", 16, 1000))
    out.header_count = static_cast<size_t>(*count);
  if (const auto size = limits.size_bytes("body_bytes", kKiB, 1024 * kMiB))
    out.body_bytes = static_cast<size_t>(*size);
  if (const auto count = limits.integer("concurrent_streams", 1, 10000))
    out.concurrent_streams = static_cast<uint32_t>(*count);
  if (const auto count = limits.integer("max_connections", 1, 1'000'000))
    out.max_connections = static_cast<uint32_t>(*count);
  if (const auto time = limits.duration("header_timeout", least, most)) out.header_timeout = *time;
  if (const auto time = limits.duration("body_timeout", least, most)) out.body_timeout = *time;
  if (const auto time = limits.duration("idle_timeout", least, most)) out.idle_timeout = *time;
  limits.done();
}

void read_address(MappingReader& listener, const absl::StatusOr<ParsedAddress>& parsed,
                  ListenerConfig& out, StringSet& taken) {
  if (!parsed.ok()) return listener.fail("address", message(parsed.status()));
  out.plain_address = parsed->plain;
  out.takes_any_port = parsed->takes_any_port;
  out.address_at = listener.place_of("address");
  if (!parsed->takes_any_port && !taken.insert(parsed->plain).second)
    listener.fail("address", fmt::format("another listener has the address {}", out.address));
}

void read_listener(const MappingReader::Item& item, SectionContext& context, StringSet& names,
                   StringSet& addresses) {
  MappingReader reader(*item.value, item.path, context.errors);
  ListenerConfig out;
  out.address = reader.text("address").value_or(std::string(kDefaultAddress));
  out.name = reader.text("name").value_or(context.config.listeners.empty() ? "main" : out.address);
  if (out.name.empty()) reader.fail("name", "must not be empty");
  if (!names.insert(out.name).second)
    reader.fail("name", fmt::format("another listener is named '{}'", out.name));
  const absl::StatusOr<ParsedAddress> address = parse_address(out.address);
  read_address(reader, address, out, addresses);
  read_tls(reader, context, out);
  out.management = reader.boolean("management").value_or(true);
  out.allow_open = reader.boolean("allow_open").value_or(false);
  read_limits(reader, context, out.limits);
  const bool needs_key = read_routes(reader, context, out);
  if (address.ok() && !address->is_loopback && !needs_key && out.tls.client_ca.empty() &&
      !out.allow_open)
    reader.fail("address",
                "open to other hosts without a key: set auth.required on every route, "
                "settings.require_api_key or tls.client_ca, or say allow_open: true");
  reader.done();
  context.config.listeners.push_back(std::move(out));
}

}  // namespace

void read_listeners(MappingReader& root, SectionContext& context) {
  StringSet names, addresses;
  for (const MappingReader::Item& item : root.items("listeners"))
    read_listener(item, context, names, addresses);
  if (!context.config.listeners.empty()) return;
  static const ConfigValue kNothing{.kind = ConfigValue::Kind::kMapping};
  read_listener({&kNothing, "listeners[0]"}, context, names, addresses);
}

void check_pem_file(MappingReader& reader, std::string_view key, const std::string& path,
                    std::string_view marker, SectionContext& context) {
  if (path.empty()) return;
  const absl::StatusOr<std::string> text = context.input.read_file(path);
  if (!text.ok())
    reader.fail(key, fmt::format("cannot read {}: {}", path, message(text.status())));
  else if (text->find(marker) == std::string::npos)
    reader.fail(key, fmt::format("{} holds no {} in PEM form", path,
                                 key == "private_key" ? "private key" : "certificate"));
}

}  // namespace omni
