// Whatever an upstream sends, in whatever pieces: each client gets the same valid bytes, an error
// where it broke off, and no finish that the upstream did not tell.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "test/support/client_view.h"

namespace {

using omni::Dialect;
using omni::test::ClientKind;
using omni::test::Relay;

constexpr size_t kMaxEvent = 2048;

bool says_an_end(std::string_view bytes) {
  // A key may be written in escapes.
  for (const std::string_view mark :
       {"finish_reason", "[DONE]", "message_stop", "completed", "response.incomplete",
        "finishReason", "blockReason", "done", "stop_reason", "output", "\\u"})
    if (bytes.find(mark) != std::string_view::npos) return true;
  return false;
}

// JSON libraries refuse what is not UTF-8, some of them also half a pair of surrogates; what an
// upstream's texts hold is passed on.
std::string plain(std::string_view bytes) {
  std::string out(bytes);
  for (char& c : out)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  for (size_t at = out.find('\\'); at != out.npos; at = out.find('\\', at + 2))
    if (out.substr(at + 1, 1) == "u" &&
        (out.substr(at + 2, 1) == "d" || out.substr(at + 2, 1) == "D"))
      out[at + 2] = 'c';
  return out;
}

void check(const Relay& relay, std::string_view input) {
  for (size_t i = 0; i < relay.kinds().size(); ++i) {
    const ClientKind kind = relay.kinds()[i];
    const omni::test::Told told = read_as_client(kind, plain(relay.out(i)));
    if (!told.problem.empty()) {
      std::fprintf(stderr, "%s: %s\n%s\n", name_of(kind).c_str(), told.problem.c_str(),
                   relay.out(i).c_str());
      OMNI_CHECK(false);
    }
    OMNI_CHECK(told.error.empty() || !told.is_finished);
    OMNI_CHECK(told.is_finished == relay.is_done() || !told.error.empty());
    OMNI_CHECK(!told.is_finished || says_an_end(input));
  }
}

}  // namespace

// One byte for the dialect and whether the answer is plain, one for the client, one for the pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3 || size > 8192) return 0;
  const Dialect from = omni::test::kDialects[data[0] % std::size(omni::test::kDialects)];
  const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::vector<ClientKind> kinds = omni::test::client_kinds();
  const std::vector<ClientKind> to = {kinds[data[1] % kinds.size()]};
  Relay whole(from, to, nullptr, kMaxEvent);
  if (data[0] >= 128) {
    whole.whole(input);
    check(whole, input);
    return 0;
  }
  whole.feed(input);
  whole.finish();
  Relay split(from, to, nullptr, kMaxEvent);
  uint32_t state = data[2];
  const uint32_t most = 1 + data[2] % 97;
  for (size_t at = 0; at < input.size();) {
    state = state * 1664525U + 1013904223U;
    const size_t piece = 1 + (state >> 16) % most;
    split.feed(input.substr(at, piece));
    at += piece;
  }
  split.finish();
  OMNI_CHECK(split.is_done() == whole.is_done());
  for (size_t i = 0; i < whole.kinds().size(); ++i) OMNI_CHECK(split.out(i) == whole.out(i));
  check(whole, input);
  return 0;
}
