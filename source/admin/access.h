// Who may talk to the management side.
#pragma once

#include <optional>

#include "api/http.h"
#include "api/snapshot.h"
#include "source/http/exchange_host.h"

namespace omni {

// A refusal, or nothing. Peers outside `admin.allow` are refused. While no password is set,
// management is open from this host only: with a loopback Host, without a foreign Origin, and never
// through a proxy, which would make everyone look local. `has_password` leaves the rest to the
// login.
std::optional<LocalReply> refuse_management(const RequestHead& head, const Door& door,
                                            const AdminAccess& access, bool has_password);

}  // namespace omni
