// HTTP/2 bytes against the server's codec.
#include "source/http/http2/server_codec.h"
#include "test/fuzz/codec_play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  omni::test::ServerRecorder events;
  const omni::test::StillClock clock;
  omni::Http2ServerCodec codec(events, omni::test::fuzz_limits(), clock);
  omni::test::fuzz_server(codec, events, data, size);
  return 0;
}
