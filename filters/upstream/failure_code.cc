#include "filters/upstream/failure_code.h"

namespace omni::filters {

FailureCode failure_code(UpstreamFailure kind) {
  switch (kind) {
    case UpstreamFailure::kResolve:
      return {502, "upstream_name_unknown"};
    case UpstreamFailure::kForbidden:
      return {502, "upstream_address_refused"};
    case UpstreamFailure::kConnect:
      return {502, "upstream_connect_failed"};
    case UpstreamFailure::kTls:
      return {502, "upstream_tls_failed"};
    case UpstreamFailure::kTimeout:
      return {504, "upstream_timeout"};
    case UpstreamFailure::kReset:
      return {502, "upstream_closed"};
    case UpstreamFailure::kProtocol:
      return {502, "upstream_protocol_error"};
    case UpstreamFailure::kProxy:
      return {503, "PROXY_ASSIGNED_UNAVAILABLE", 2};
    default:
      return {503, "upstream_queue_full"};
  }
}

routing::Failure::Kind failure_kind(UpstreamFailure kind, bool sent) {
  using Kind = routing::Failure::Kind;
  switch (kind) {
    case UpstreamFailure::kOverloaded:
    case UpstreamFailure::kForbidden:
    case UpstreamFailure::kProxy:
      return Kind::kOurs;
    case UpstreamFailure::kTimeout:
      return sent ? Kind::kTimeout : Kind::kTransport;
    default:
      return Kind::kTransport;
  }
}

}  // namespace omni::filters
