// HTTP/1 bytes against the server's codec.
#include "source/http/http1/server_codec.h"
#include "test/fuzz/codec_play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  omni::test::ServerRecorder events;
  omni::Http1ServerCodec codec(events, omni::test::fuzz_limits(), "http");
  omni::test::fuzz_server(codec, events, data, size);
  return 0;
}
