#include "source/http/http1/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace omni {
namespace {

using Verdict = ChunkDecoder::Verdict;

TEST(ChunkDecoderTest, JoinsChunksAndLeavesWhatFollows) {
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in("5\r\nhello\r\n00A;n=\"v\"\r\n, world...\r\n0\r\n\r\nGET");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete);
  EXPECT_EQ(body.to_string(), "hello, world...");
  EXPECT_EQ(in.to_string(), "GET");
}

TEST(ChunkDecoderTest, GivesTheSameForEverySplit) {
  const std::string bytes = "3\r\nabc\r\n1;x\r\nd\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\n";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    ChunkDecoder decoder{CodecLimits{}};
    Buffer in(bytes.substr(0, cut));
    Buffer body;
    const Verdict first = decoder.decode(in, body);
    EXPECT_EQ(first, cut == bytes.size() ? Verdict::kComplete : Verdict::kIncomplete) << cut;
    if (cut < bytes.size()) {
      in.append(bytes.substr(cut));
      EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete) << cut;
    }
    EXPECT_EQ(body.to_string(), "abcd");
  }
}

TEST(ChunkDecoderTest, SharesTheInputInsteadOfCopyingIt) {
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in("5\r\nhello\r\n0\r\n\r\n");
  const char* where = in.front().data();
  Buffer body;
  decoder.decode(in, body);
  EXPECT_EQ(body.front().data(), where + 3);
}

// A stream of tokens comes as one run of bytes to whoever reads on.
TEST(ChunkDecoderTest, JoinsSmallChunksWhereTheyLie) {
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in("5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\nGET");
  const char* where = in.front().data();
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete);
  EXPECT_EQ(body.slice_count(), 1U);
  EXPECT_EQ(body.front().data(), where + 3);
  EXPECT_EQ(body.to_string(), "hello, world");
  EXPECT_EQ(in.to_string(), "GET");
}

TEST(ChunkDecoderTest, LeavesLargeChunksWhereTheyAre) {
  const std::string large(2000, 'l');
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in("1\r\na\r\n7d0\r\n" + large + "\r\n1\r\nb\r\n");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kIncomplete);
  EXPECT_EQ(body.slice_count(), 2U);
  EXPECT_EQ(body.to_string(), "a" + large + "b");
}

// Literals are not ours to write to.
TEST(ChunkDecoderTest, LeavesStaticTextAlone) {
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in;
  in.append_static("1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete);
  EXPECT_EQ(body.to_string(), "ab");
}

TEST(ChunkDecoderTest, TakesSizesOfEveryLengthAndLetter) {
  for (const std::string size : {"3", "03", "0000003", "00000003", "000000000000003"}) {
    ChunkDecoder decoder{CodecLimits{}};
    Buffer in(size + "\r\nabc\r\n0\r\n\r\n");
    Buffer body;
    EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete) << size;
    EXPECT_EQ(body.to_string(), "abc") << size;
  }
  for (const std::string size : {"aB", "Ab", "AB", "ab"}) {
    ChunkDecoder decoder{CodecLimits{}};
    Buffer in(size + "\r\n" + std::string(171, 'x') + "\r\n0\r\n\r\n");
    Buffer body;
    EXPECT_EQ(decoder.decode(in, body), Verdict::kComplete) << size;
  }
  for (const std::string size : {"@", "`", "g", "G", "-1", "+1", " 1", "1 ", "0x1", "1\t"}) {
    ChunkDecoder decoder{CodecLimits{}};
    Buffer in(size + "\r\nx\r\n0\r\n\r\n");
    Buffer body;
    EXPECT_EQ(decoder.decode(in, body), Verdict::kFault) << size;
  }
}

TEST(ChunkDecoderTest, RefusesTrailersAboveTheLimitOfAHead) {
  CodecLimits limits;
  limits.header_bytes = 100;
  ChunkDecoder decoder{limits};
  Buffer in("0\r\nX: " + std::string(200, 'a') + "\r\n\r\n");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kFault);
  EXPECT_EQ(decoder.fault().status, 431);
}

TEST(ChunkDecoderTest, RefusesTooManyTrailers) {
  CodecLimits limits;
  limits.header_count = 2;
  ChunkDecoder decoder{limits};
  Buffer in("0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kFault);
}

// One byte of data must not cost the reader hundreds (CVE-2023-39326).
TEST(ChunkDecoderTest, BoundsTheExtensionsOfAWholeBody) {
  ChunkDecoder decoder{CodecLimits{}};
  Buffer in;
  for (int i = 0; i < 100; ++i) in.append("1;" + std::string(200, 'e') + "\r\nx\r\n");
  Buffer body;
  EXPECT_EQ(decoder.decode(in, body), Verdict::kFault);
}

}  // namespace
}  // namespace omni
