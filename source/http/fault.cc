#include "source/http/fault.h"

#include <fmt/format.h>

#include "source/base/status.h"

namespace omni {

std::string_view fault_code(const Fault& fault) {
  switch (fault.status) {
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 414:
      return "uri_too_long";
    case 417:
      return "expectation_failed";
    case 431:
      return "headers_too_large";
    case 501:
      return "not_implemented";
    case 505:
      return "version_not_supported";
    default:
      return "bad_request";
  }
}

std::string fault_body(const Fault& fault) {
  return fmt::format(
      R"({{"error":{{"message":"{}","type":"invalid_request_error","param":null,"code":"{}"}}}})",
      fault.why, fault_code(fault));
}

absl::Status fault_status(const Fault& fault) {
  return invalid(fmt::format("{} {}: {}", fault.status, fault_code(fault), fault.why));
}

}  // namespace omni
