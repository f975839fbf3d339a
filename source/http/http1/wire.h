// Writing HTTP/1: heads as one append, bodies in the framing their head announced.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/http.h"
#include "source/buffer/buffer.h"

namespace omni {

// How the end of a body is told (RFC 9112 section 6.3).
enum class BodyFraming : uint8_t { kNone, kFixed, kChunked, kUntilClose };

// What a head says about its connection.
enum class ConnectionWord : uint8_t { kNothing, kClose, kKeepAlive };

// Fields whose name or value could not stand in a head (CR, LF, NUL and such) are left out, and so
// are those that the codec makes itself. `length` is written whatever the framing is, because the
// answer to HEAD announces a body that it does not have.
void write_response_head(const ResponseHead& head, std::optional<uint64_t> length,
                         BodyFraming framing, ConnectionWord word, Buffer& out);
void write_request_head(const RequestHead& head, std::optional<uint64_t> length,
                        BodyFraming framing, Buffer& out);

// Frames one body.
class BodyWriter {
 public:
  void begin(BodyFraming framing, uint64_t length = 0) {
    framing_ = framing;
    left_ = length;
  }
  // False when the body is longer than announced: the surplus is not written, and the message
  // cannot end cleanly any more.
  bool write(Buffer&& body, Buffer& out);
  // False when it is shorter than announced.
  bool finish(Buffer& out);

 private:
  BodyFraming framing_ = BodyFraming::kNone;
  uint64_t left_ = 0;
};

}  // namespace omni
