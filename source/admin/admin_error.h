// How management says no.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "source/admin/control_plane.h"
#include "source/json/writer.h"

namespace omni {

inline AdminReply admin_error(int status, std::string_view code, std::string_view message) {
  AdminReply reply;
  reply.status = status;
  reply.body = fmt::format(R"({{"error":{{"message":{},"code":{}}}}})", json::quoted(message),
                           json::quoted(code));
  return reply;
}

}  // namespace omni
