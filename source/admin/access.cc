#include "source/admin/access.h"

#include <string>
#include <string_view>

#include "source/base/strings.h"
#include "source/net/cidr.h"

namespace omni {
namespace {

bool is_allowed(std::string_view peer, const AdminAccess& access) {
  const std::optional<net::SocketAddress> address = net::parse_peer(peer);
  // A Unix socket is guarded by its file permissions.
  if (!address) return peer.substr(0, 5) == "unix:";
  for (const std::string& text : access.allow) {
    const absl::StatusOr<net::Cidr> network = net::Cidr::parse(text);
    if (network.ok() && network->contains(*address)) return true;
  }
  return false;
}

std::string_view host_of(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') {
    const size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.rfind(':'));
}

bool is_loopback_name(std::string_view host) {
  if (equals_ignoring_case(host, "localhost")) return true;
  const std::optional<net::SocketAddress> address = net::SocketAddress::parse(host, 0);
  return address && address->is_loopback();
}

bool came_through_a_proxy(const Headers& headers) {
  for (const auto& field : headers)
    if (field.name == "forwarded" || field.name.substr(0, 12) == "x-forwarded-" ||
        field.name == "x-real-ip")
      return true;
  return false;
}

bool has_foreign_origin(const RequestHead& head) {
  const std::optional<std::string_view> origin = head.headers.get("origin");
  if (!origin) return false;
  const size_t scheme = origin->find("://");
  return scheme == std::string_view::npos || !is_loopback_name(host_of(origin->substr(scheme + 3)));
}

}  // namespace

std::optional<LocalReply> refuse_management(const RequestHead& head, const Door& door,
                                            const AdminAccess& access, bool has_password) {
  if (!is_allowed(door.peer, access))
    return LocalReply{.status = 403,
                      .code = "admin_address_refused",
                      .message = "Management is not open to this address."};
  if (has_password) return std::nullopt;
  const bool is_local = door.from_loopback && !came_through_a_proxy(head.headers);
  if (is_local && is_loopback_name(host_of(head.authority)) && !has_foreign_origin(head))
    return std::nullopt;
  return LocalReply{
      .status = 403,
      .code = "needs_setup",
      .message = "Management has no password yet, so it is open from this host only."};
}

}  // namespace omni
