#include "source/net/socks5.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "source/base/status.h"
#include "source/net/socket_address.h"

namespace omni::net {
namespace {

constexpr char kVersion = 5;
// Methods (RFC 1928 section 3).
constexpr char kNoLogin = 0;
constexpr char kPasswordLogin = 2;
constexpr uint8_t kNoMethod = 0xff;
// RFC 1929 section 2.
constexpr char kLoginVersion = 1;
// RFC 1928 sections 4 and 5.
constexpr char kConnect = 1;
constexpr uint8_t kIpv4 = 1, kName = 3, kIpv6 = 4;

std::string request_for(const Origin& origin) {
  std::string out{kVersion, kConnect, 0};
  const std::optional<SocketAddress> literal = SocketAddress::parse(origin.host, 0);
  if (!literal) {
    out.push_back(kName);
    out.push_back(static_cast<char>(origin.host.size()));  // A host has at most 253.
    out += origin.host;
  } else if (literal->is_v6()) {
    out.push_back(kIpv6);
    out.append(reinterpret_cast<const char*>(&literal->v6()), 16);
  } else {
    out.push_back(kIpv4);
    out.append(reinterpret_cast<const char*>(&literal->v4()), 4);
  }
  out.push_back(static_cast<char>(origin.port >> 8));
  out.push_back(static_cast<char>(origin.port & 0xff));
  return out;
}

Secret login_for(const Proxy& proxy) {
  if (!proxy.has_credentials()) return {};
  std::string out{kLoginVersion, static_cast<char>(proxy.username.size())};
  out += proxy.username;
  out.push_back(static_cast<char>(proxy.password.size()));
  out += proxy.password.reveal();
  return Secret(std::move(out));
}

struct Refusal {
  std::string_view text;
  bool is_of_origin;
};
// RFC 1928 section 6.
Refusal refusal_of(uint8_t reply) {
  switch (reply) {
    case 1:
      return {"general failure", false};
    case 2:
      return {"not allowed by its rules", false};
    case 3:
      return {"network unreachable", true};
    case 4:
      return {"host unreachable", true};
    case 5:
      return {"connection refused", true};
    case 6:
      return {"time to live expired", true};
    case 7:
      return {"it does not know CONNECT", false};
    case 8:
      return {"it does not know this type of address", false};
    default:
      return {"an unknown failure", false};
  }
}

}  // namespace

Socks5::Socks5(const Proxy& proxy, const Origin& origin)
    : request_(request_for(origin)), login_(login_for(proxy)) {}

absl::StatusOr<bool> Socks5::step(Buffer& in, Buffer& out) {
  if (state_ == State::kBegin) {
    state_ = State::kMethod;
    if (login_.empty()) {
      out.append(std::string{kVersion, 1, kNoLogin});
    } else {
      out.append(std::string{kVersion, 2, kNoLogin, kPasswordLogin});
    }
  }
  while (!in.empty() && state_ != State::kOpen) {
    const std::string_view bytes = in.front().substr(0, wanted() - piece_.size());
    piece_.append(bytes);
    in.drop(bytes.size());
    if (piece_.size() < wanted()) continue;
    OMNI_RETURN_IF_ERROR(take_piece(out));
    piece_.clear();
  }
  return state_ == State::kOpen;
}

size_t Socks5::wanted() const {
  if (state_ == State::kAddress) return address_bytes_;
  return state_ == State::kNameLength ? 1 : 2;
}

absl::Status Socks5::take_piece(Buffer& out) {
  switch (state_) {
    case State::kMethod:
      return take_method(out);
    case State::kLogin:
      return take_login(out);
    case State::kReply:
      return take_reply();
    case State::kAddressType:
      return take_address_type();
    case State::kNameLength:
      expect_address(byte(0));
      return absl::OkStatus();
    default:
      state_ = State::kOpen;
      return absl::OkStatus();
  }
}

absl::Status Socks5::take_method(Buffer& out) {
  if (byte(0) != kVersion) return invalid("it does not speak SOCKS5");
  if (byte(1) == kNoMethod)
    return error(absl::StatusCode::kPermissionDenied,
                 login_.empty() ? "it wants credentials" : "it takes no user name and password");
  if (byte(1) == kPasswordLogin && !login_.empty()) {
    out.append(login_.reveal());
    state_ = State::kLogin;
    return absl::OkStatus();
  }
  if (byte(1) != kNoLogin) return invalid("it chose a method that was not offered");
  out.append(request_);
  state_ = State::kReply;
  return absl::OkStatus();
}

absl::Status Socks5::take_login(Buffer& out) {
  if (byte(0) != kLoginVersion) return invalid("it does not speak SOCKS5");
  if (byte(1) != 0)
    return error(absl::StatusCode::kPermissionDenied, "it refused the user name or password");
  out.append(request_);
  state_ = State::kReply;
  return absl::OkStatus();
}

// What would follow a refusal is not waited for: some proxies leave it out.
absl::Status Socks5::take_reply() {
  if (byte(0) != kVersion) return invalid("it does not speak SOCKS5");
  state_ = State::kAddressType;
  if (byte(1) == 0) return absl::OkStatus();
  const Refusal refusal = refusal_of(byte(1));
  return error(refusal.is_of_origin ? kOriginUnreachable : absl::StatusCode::kFailedPrecondition,
               fmt::format("it refused the connection: {}", refusal.text));
}

absl::Status Socks5::take_address_type() {
  switch (byte(1)) {
    case kIpv4:
      expect_address(4);
      return absl::OkStatus();
    case kIpv6:
      expect_address(16);
      return absl::OkStatus();
    case kName:
      state_ = State::kNameLength;
      return absl::OkStatus();
    default:
      return invalid("its reply has an unknown type of address");
  }
}

void Socks5::expect_address(size_t bytes) {
  constexpr size_t kPort = 2;
  address_bytes_ = bytes + kPort;
  state_ = State::kAddress;
}

}  // namespace omni::net
