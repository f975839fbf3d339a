#include "source/catalog/proxy.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "source/base/digest.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/catalog/origin.h"

namespace omni {
namespace {

struct Scheme {
  std::string_view name;
  Proxy::Type type;
  uint16_t port;
};
// socks5h is curl's word for what socks5 is here: names are resolved by the proxy.
constexpr std::array<Scheme, 4> kSchemes = {{{"http", Proxy::Type::kHttp, 8080},
                                             {"https", Proxy::Type::kHttps, 443},
                                             {"socks5", Proxy::Type::kSocks5, 1080},
                                             {"socks5h", Proxy::Type::kSocks5, 1080}}};

// RFC 1929 section 2: one byte says how long each is.
constexpr size_t kMostSocksBytes = 255;

absl::StatusOr<Scheme> scheme_of(std::string_view url, std::string_view& rest) {
  const size_t mark = url.find("://");
  if (mark == std::string_view::npos) {
    rest = url;
    return kSchemes[0];
  }
  rest = url.substr(mark + 3);
  for (const Scheme& scheme : kSchemes)
    if (equals_ignoring_case(url.substr(0, mark), scheme.name)) return scheme;
  return invalid("the proxy must begin with http://, https:// or socks5://");
}

void take_user_info(std::string_view& rest, Proxy& out) {
  // A password may hold an '@' of its own, a host never.
  const size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view info = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const size_t colon = info.find(':');
  out.username = percent_decoded(info.substr(0, colon));
  if (colon != std::string_view::npos)
    out.password = Secret(percent_decoded(info.substr(colon + 1)));
}

// Whether there is a port. A wrong one is not quoted: without the '@' it may be a password.
absl::StatusOr<bool> check_port(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (colon == std::string_view::npos) return false;
  if (bracket != std::string_view::npos && bracket > colon) return false;
  const std::optional<int64_t> port = parse_int(authority.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535)
    return invalid("the proxy's port is not a number from 1 to 65535");
  return true;
}

bool has_controls(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  return false;
}

}  // namespace

std::string Proxy::name() const {
  const std::string_view scheme = type == Type::kHttp    ? "http"
                                  : type == Type::kHttps ? "https"
                                                         : "socks5";
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "{}://[{}]:{}" : "{}://{}:{}"), scheme, host, port);
}

std::string Proxy::key() const {
  std::string user;
  if (has_credentials()) {
    std::string both = fmt::format("{}:{}:", username.size(), username);
    both += password.reveal();
    const Digest digest = sha256(both);
    const Secret wiped(std::move(both));
    user = to_hex(as_bytes(digest));
  }
  return fmt::format("{}|private={}|open={}|ca={}|user={}", name(), allow_private ? 1 : 0,
                     fails_open ? 1 : 0, ca_file, user);
}

absl::Status Proxy::check_credentials() const {
  if (!has_credentials()) return absl::OkStatus();
  if (username.empty()) return invalid("a password without a user name");
  if (has_controls(username) || has_controls(password.reveal()))
    return invalid("the user name or password holds a control character");
  if (type != Type::kSocks5)
    return username.find(':') == std::string::npos
               ? absl::OkStatus()
               : invalid("the user name holds a colon, which HTTP cannot carry");
  if (username.size() > kMostSocksBytes || password.size() > kMostSocksBytes || password.empty())
    return invalid("SOCKS5 takes a user name and a password of 1 to 255 bytes each");
  return absl::OkStatus();
}

absl::StatusOr<Proxy> parse_proxy(std::string_view url) {
  std::string_view rest;
  OMNI_ASSIGN_OR_RETURN(const Scheme scheme, scheme_of(url, rest));
  Proxy out;
  out.type = scheme.type;
  take_user_info(rest, out);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos) return invalid("a proxy has no path");
  OMNI_ASSIGN_OR_RETURN(const bool has_port, check_port(rest));
  // Hosts have one set of rules, wherever they stand.
  OMNI_ASSIGN_OR_RETURN(const BaseUrl parsed, parse_base_url("http://" + std::string(rest)));
  out.host = parsed.origin.host;
  out.port = has_port ? parsed.origin.port : scheme.port;
  out.allow_private = is_private_literal(out.host);
  OMNI_RETURN_IF_ERROR(out.check_credentials());
  return out;
}

std::string proxy_failure(const Proxy& proxy, std::string_view why) {
  return fmt::format("Proxy unreachable ({}): {}", proxy.name(), why);
}

}  // namespace omni
