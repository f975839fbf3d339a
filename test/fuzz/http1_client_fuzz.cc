// HTTP/1 bytes against the client's codec.
#include "source/http/http1/client_codec.h"
#include "test/fuzz/codec_play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  omni::test::ClientRecorder events;
  omni::Http1ClientCodec codec(events, omni::test::fuzz_limits());
  omni::test::fuzz_client(codec, events, data, size);
  return 0;
}
