#include <memory>

#include "source/http/http1/client_codec.h"
#include "source/http/http2/client_codec.h"
#include "source/upstream/pools.h"

namespace omni::upstream {

CodecFactory make_client_codecs(const CodecLimits& limits, const Clock& clock) {
  return [limits, &clock](Protocol protocol, ClientEvents& events) -> std::unique_ptr<ClientCodec> {
    if (protocol == Protocol::kHttp2) {
      return std::make_unique<Http2ClientCodec>(events, limits, clock);
    }
    return std::make_unique<Http1ClientCodec>(events, limits);
  };
}

}  // namespace omni::upstream
