// A head read by us, in pieces of any size, means what it means to llhttp behind its guard.
#include <cstdio>

#include "source/base/check.h"
#include "test/fuzz/codec_play.h"
#include "test/support/head_comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using omni::test::HeadType;
  omni::test::Dice dice(data, size);
  constexpr HeadType kTypes[] = {HeadType::kRequest, HeadType::kResponse, HeadType::kTrailers};
  const HeadType type = kTypes[dice.roll() % 3];
  const bool is_whole = dice.roll() % 2 == 0;
  const auto piece = [&] { return is_whole ? size : dice.roll() % 64; };
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string why = omni::test::difference(type, bytes, omni::test::fuzz_limits(), piece);
  if (!why.empty()) std::fprintf(stderr, "%s\n", why.c_str());
  OMNI_CHECK(why.empty());
  return 0;
}
