#include "source/net/http_connect.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <utility>

#include "source/base/secret.h"
#include "source/base/status.h"

namespace omni::net {
namespace {

// The authority form always names the port (RFC 9112 section 3.2.3).
std::string target_of(const Origin& origin) {
  const bool is_v6 = origin.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), origin.host, origin.port);
}

std::string request_for(const Proxy& proxy, const Origin& origin) {
  const std::string target = target_of(origin);
  std::string out = fmt::format("CONNECT {} HTTP/1.1\r\nhost: {}\r\n", target, target);
  if (proxy.has_credentials()) {
    // RFC 7617 section 2.
    std::string pair = proxy.username + ":";
    pair += proxy.password.reveal();
    out += "proxy-authorization: Basic ";
    out += absl::Base64Escape(absl::string_view(pair.data(), pair.size()));
    out += "\r\n";
    const Secret wiped(std::move(pair));
  }
  return out + "\r\n";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.x NNN" and a reason that nobody needs; 0 when it is none.
int status_of(std::string_view line) {
  if (line.size() < 12 || line.substr(0, 7) != "HTTP/1." || !is_digit(line[7]) || line[8] != ' ')
    return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  int out = 0;
  for (const char c : line.substr(9, 3)) {
    if (!is_digit(c)) return 0;
    out = out * 10 + (c - '0');
  }
  return out;
}

}  // namespace

HttpConnect::HttpConnect(const Proxy& proxy, const Origin& origin)
    : request_(request_for(proxy, origin)) {}

absl::StatusOr<bool> HttpConnect::step(Buffer& in, Buffer& out) {
  if (!request_.empty()) {
    out.append(request_.reveal());
    request_ = Secret();
  }
  while (!in.empty()) {
    const std::string_view bytes = in.front();
    const size_t end = bytes.find('\n');
    const size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
    taken_ += count;
    if (taken_ > kMostBytes) return invalid("its answer to CONNECT is too long");
    line_.append(bytes.substr(0, count));
    in.drop(count);
    if (end == std::string_view::npos) continue;
    OMNI_RETURN_IF_ERROR(take_line(std::exchange(line_, {})));
    if (is_over_) return true;
  }
  return false;
}

absl::Status HttpConnect::take_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return invalid("its answer to CONNECT is not HTTP");
  line.remove_suffix(2);
  if (status_ == 0) {
    status_ = status_of(line);
    return status_ >= 100 ? absl::OkStatus() : invalid("its answer to CONNECT is not HTTP");
  }
  // Fields say nothing that matters: those about a body do not count in a 2xx answer (RFC 9110
  // section 9.3.6), and after any other the connection is closed.
  if (!line.empty()) {
    const bool is_field = line.find(':') != std::string_view::npos && line[0] != ':';
    return is_field ? absl::OkStatus() : invalid("its answer to CONNECT is not HTTP");
  }
  if (status_ < 200) {  // Interim (RFC 9110 section 15.2); 101 was not asked for.
    if (status_ == 101) return judge();
    status_ = 0;
    return absl::OkStatus();
  }
  is_over_ = status_ < 300;
  return is_over_ ? absl::OkStatus() : judge();
}

absl::Status HttpConnect::judge() const {
  switch (status_) {
    case 407:
      return error(absl::StatusCode::kPermissionDenied,
                   "it answered 407: it wants other credentials");
    // It works and could not get through to the origin (RFC 9110 sections 15.6.3 and 15.6.5).
    case 502:
    case 504:
      return error(kOriginUnreachable, fmt::format("it answered CONNECT with {}", status_));
    default:
      return invalid(fmt::format("it answered CONNECT with {}", status_));
  }
}

}  // namespace omni::net
