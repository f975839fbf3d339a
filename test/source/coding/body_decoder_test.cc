#include "source/coding/body_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "test/support/compressed.h"

namespace omni::coding {
namespace {

using test::compressed;
using testing::HasSubstr;

// Text that does not shrink to nothing, so that every split falls into something.
std::string sample(size_t size) {
  std::string out;
  uint32_t state = 1;
  while (out.size() < size) {
    state = state * 1664525 + 1013904223;
    out += "word" + std::to_string(state >> 20) + (state % 7 == 0 ? "\n\n" : " ");
  }
  return out.substr(0, size);
}

struct Decoded {
  std::string text;
  absl::Status status;    // Of the feed that failed, or of the last.
  absl::Status finished;  // Only when no feed failed.
  bool is_whole() const { return status.ok() && finished.ok(); }
};

Decoded decode(std::string_view codings, const std::vector<std::string_view>& pieces) {
  auto decoder = BodyDecoder::make(codings);
  EXPECT_TRUE(decoder.ok() && *decoder) << codings;
  Decoded out;
  for (const std::string_view piece : pieces) {
    Buffer bytes(piece);
    out.status = (*decoder)->feed(bytes);
    out.text += bytes.to_string();
    if (!out.status.ok()) return out;
  }
  out.finished = (*decoder)->finish();
  return out;
}

Decoded decode(std::string_view codings, std::string_view bytes) {
  return decode(codings, std::vector<std::string_view>{bytes});
}

std::vector<std::string_view> in_steps(std::string_view bytes, size_t step) {
  std::vector<std::string_view> out;
  for (size_t at = 0; at < bytes.size(); at += step) out.push_back(bytes.substr(at, step));
  return out;
}

// What a server says, and how a test's encoder calls it.
struct Form {
  std::string_view said, made;
};
constexpr Form kForms[] = {{"gzip", "gzip"},   {"X-GZip", "gzip"}, {"deflate", "deflate"},
                           {"deflate", "raw"}, {"br", "br"},       {"ZSTD", "zstd"}};

TEST(BodyDecoderTest, EveryCodingGivesBackTheText) {
  for (const auto& [said, made] : kForms)
    for (const size_t size : {0, 1, 5000, 300'000}) {
      const std::string text = sample(size);
      const Decoded got = decode(said, compressed(made, text));
      EXPECT_TRUE(got.is_whole()) << said << made << got.status << got.finished;
      EXPECT_EQ(got.text, text) << said << made;
    }
}

TEST(BodyDecoderTest, AnySplitGivesTheSame) {
  const std::string text = sample(600);
  for (const auto& [said, made] : kForms) {
    const std::string bytes = compressed(made, text);
    for (size_t at = 0; at <= bytes.size(); ++at) {
      const std::string_view all = bytes;
      const Decoded got = decode(said, {all.substr(0, at), all.substr(at)});
      EXPECT_TRUE(got.is_whole()) << said << made << at;
      EXPECT_EQ(got.text, text) << said << made << at;
    }
    for (const size_t step : {1, 2, 3, 7})
      EXPECT_EQ(decode(said, in_steps(bytes, step)).text, text) << said << made << step;
  }
}

TEST(BodyDecoderTest, WhatIsCutIsNeverWhole) {
  const std::string text = sample(400);
  for (const auto& [said, made] : kForms) {
    const std::string bytes = compressed(made, text);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const Decoded got = decode(said, bytes.substr(0, size));
      EXPECT_TRUE(got.status.ok()) << said << made << size << got.status;
      EXPECT_FALSE(got.finished.ok()) << said << made << size;
      EXPECT_EQ(got.text, text.substr(0, got.text.size())) << said << made << size;
    }
  }
}

TEST(BodyDecoderTest, WhatWasFlushedComesAtOnce) {
  const std::vector<std::string> events = {"data: one\n\n", "data: two\n\n", sample(40'000),
                                           "data: [DONE]\n\n"};
  for (const auto& [said, made] : kForms) {
    const test::Compressed stream = test::compress_flushed(made, events);
    auto decoder = BodyDecoder::make(said);
    size_t at = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      Buffer bytes(std::string_view(stream.bytes).substr(at, stream.ends[i] - at));
      at = stream.ends[i];
      ASSERT_TRUE((*decoder)->feed(bytes).ok());
      EXPECT_EQ(bytes.to_string(), events[i]) << said << made;
      EXPECT_FALSE((*decoder)->finish().ok());
    }
    Buffer rest(std::string_view(stream.bytes).substr(at));
    ASSERT_TRUE((*decoder)->feed(rest).ok());
    EXPECT_TRUE(rest.empty());
    EXPECT_TRUE((*decoder)->finish().ok());
  }
}

TEST(BodyDecoderTest, SmallEventsShareABlock) {
  const std::vector<std::string> events(8, "data: x\n\n");
  const test::Compressed stream = test::compress_flushed("gzip", events);
  auto decoder = BodyDecoder::make("gzip");
  std::vector<Buffer> kept;
  size_t at = 0;
  for (const size_t end : stream.ends) {
    kept.emplace_back(std::string_view(stream.bytes).substr(at, end - at));
    at = end;
    ASSERT_TRUE((*decoder)->feed(kept.back()).ok());
    EXPECT_EQ(kept.back().slice(0).owner(), kept.front().slice(0).owner());
  }
  for (const Buffer& each : kept) EXPECT_EQ(each.to_string(), "data: x\n\n");
}

TEST(BodyDecoderTest, MembersAndFramesMayFollowEachOther) {
  const std::string empty_zstd_note("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  for (const std::string_view coding : {"gzip", "zstd"}) {
    std::string bytes =
        compressed(coding, "one ") + compressed(coding, "") + compressed(coding, "two");
    if (coding == "zstd") bytes += empty_zstd_note;
    for (const size_t step : {size_t{1}, size_t{5}, bytes.size()}) {
      const Decoded got = decode(coding, in_steps(bytes, step));
      EXPECT_TRUE(got.is_whole()) << coding << got.status;
      EXPECT_EQ(got.text, "one two") << coding;
    }
    // Between two of them it could be over; inside the second it cannot.
    const size_t first = compressed(coding, "one ").size();
    EXPECT_TRUE(decode(coding, bytes.substr(0, first)).is_whole());
    EXPECT_FALSE(decode(coding, bytes.substr(0, first + 1)).is_whole());
  }
}

TEST(BodyDecoderTest, TwoCodingsAreUndoneLastToFirst) {
  const std::string text = sample(3000);
  const std::string bytes = compressed("br", compressed("gzip", text));
  for (const size_t step : {size_t{1}, size_t{100}, bytes.size()}) {
    const Decoded got = decode("gzip, identity ,br", in_steps(bytes, step));
    EXPECT_TRUE(got.is_whole()) << got.status;
    EXPECT_EQ(got.text, text);
  }
  EXPECT_FALSE(decode("br, gzip", bytes).status.ok());
  // The outer one whole, the inner one cut.
  const std::string inner = compressed("gzip", text);
  const Decoded cut = decode("gzip,br", compressed("br", inner.substr(0, inner.size() - 1)));
  EXPECT_TRUE(cut.status.ok());
  EXPECT_THAT(std::string(message(cut.finished)), HasSubstr("gzip: "));
}

TEST(BodyDecoderTest, IdentityIsNothingToUndo) {
  for (const std::string_view none : {"", "identity", " Identity ", "identity,identity", ","}) {
    auto decoder = BodyDecoder::make(none);
    ASSERT_TRUE(decoder.ok()) << none;
    EXPECT_EQ(*decoder, nullptr) << none;
  }
}

TEST(BodyDecoderTest, WhatIsNotKnownIsNamed) {
  for (const std::string_view unknown : {"compress", "aes128gcm", "gzip, exi", "gzip;q=1", "dcb"})
    EXPECT_FALSE(BodyDecoder::make(unknown).ok()) << unknown;
  EXPECT_THAT(std::string(message(BodyDecoder::make("br, exi").status())), HasSubstr("'exi'"));
  EXPECT_TRUE(BodyDecoder::make("gzip, br").ok());
  EXPECT_FALSE(BodyDecoder::make("gzip, gzip, gzip").ok());
}

TEST(BodyDecoderTest, OtherDataIsAnErrorThatNamesTheCoding) {
  for (const auto& [said, made] : kForms) {
    for (const std::string_view garbage : {R"({"choices":[]})", "<html><body>no</body></html>",
                                           "\xff\xff\xff\xff\xff\xff\xff\xff"}) {
      const Decoded got = decode(said, garbage);
      EXPECT_FALSE(got.is_whole()) << said << garbage;
      if (!got.status.ok()) {
        EXPECT_THAT(std::string(message(got.status)), testing::StartsWith(lower(said) + ": "));
      }
    }
  }
}

// gzip, zlib's form and our zstd frames hold a checksum: no flipped bit passes. The others may give
// other text, but never crash and never more than is allowed.
TEST(BodyDecoderTest, AFlippedBitIsNoticedOrHarmless) {
  const std::string text = sample(300);
  for (const auto& [said, made] : kForms) {
    const std::string bytes = compressed(made, text);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      const Decoded got = decode(said, flipped);
      EXPECT_LE(got.text.size(), BodyDecoder::kMaxFeedBytes + 64 * 1024);
      const bool is_checked = made == "gzip" || made == "deflate" || made == "zstd";
      EXPECT_TRUE(!is_checked || !got.is_whole() || got.text == text) << made << bit;
    }
  }
}

TEST(BodyDecoderTest, BytesBehindTheEndAreAnError) {
  for (const auto& [said, made] : kForms) {
    const std::string bytes = compressed(made, "whole");
    for (const std::string_view more : {std::string_view("\0", 1), std::string_view("{\"a\":1}")}) {
      Decoded got = decode(said, bytes + std::string(more));
      EXPECT_FALSE(got.is_whole()) << said << made;
      EXPECT_EQ(got.text, "whole") << said << made;
      got = decode(said, {bytes, more});
      EXPECT_FALSE(got.is_whole()) << said << made;
      EXPECT_EQ(got.text, "whole") << said << made;
    }
  }
}

TEST(BodyDecoderTest, ABombIsAnErrorAndNotGrowth) {
  for (const auto& [said, made] : kForms) {
    const std::string bomb = test::compressed_zeros(made, size_t{32} << 20);
    ASSERT_LT(bomb.size(), 70'000u);
    const Decoded got = decode(said, bomb);
    EXPECT_EQ(got.status.code(), absl::StatusCode::kResourceExhausted) << said << made;
    EXPECT_EQ(got.text, "");
  }
  const std::string twice = compressed("gzip", test::compressed_zeros("gzip", size_t{32} << 20));
  EXPECT_EQ(decode("gzip, gzip", twice).status.code(), absl::StatusCode::kResourceExhausted);
}

// The bound is for what comes at once: a long answer is no bomb.
TEST(BodyDecoderTest, ALongBodyInPiecesIsFine) {
  for (const auto& [said, made] : kForms) {
    const std::string bytes = test::compressed_zeros(made, size_t{12} << 20);
    auto decoder = BodyDecoder::make(said);
    size_t total = 0;
    for (const std::string_view piece : in_steps(bytes, std::max<size_t>(1, bytes.size() / 32))) {
      Buffer in(piece);
      ASSERT_TRUE((*decoder)->feed(in).ok()) << said << made;
      total += in.size();
    }
    EXPECT_EQ(total, size_t{12} << 20) << said << made;
    EXPECT_TRUE((*decoder)->finish().ok());
  }
}

// RFC 9659 section 3.
TEST(BodyDecoderTest, WindowsAreBounded) {
  const std::string text = sample(2000);
  EXPECT_TRUE(decode("zstd", test::zstd_with_window(text, 23)).is_whole());
  EXPECT_FALSE(decode("zstd", test::zstd_with_window(text, 24)).status.ok());
  EXPECT_TRUE(decode("br", test::brotli_with_window(text, 24)).is_whole());
  EXPECT_FALSE(decode("br", test::brotli_with_window(text, 30)).is_whole());
}

TEST(BodyDecoderTest, ADictionaryOfTheirOwnIsRefused) {
  // RFC 1950 section 2.2: the FDICT bit, and a dictionary's number.
  EXPECT_THAT(std::string(message(decode("deflate", "\x78\xbb\x01\x02\x03\x04zz").status)),
              HasSubstr("dictionary"));
  // RFC 8878 section 3.1.1.1: a frame with a Dictionary_ID of one byte.
  EXPECT_FALSE(
      decode("zstd", std::string("\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00", 10)).is_whole());
}

}  // namespace
}  // namespace omni::coding
