// Every known shape of request smuggling, by name, against the server's codec: all refused before
// an exchange exists, in one piece and byte by byte.
#include <gtest/gtest.h>

#include <string>

#include "source/base/status.h"
#include "source/http/http1/server_codec.h"
#include "test/support/codec_recorder.h"

namespace omni {
namespace {

using test::ServerRecorder;

struct Shape {
  const char* name;
  int status;
  std::string bytes;
  // The head itself is fine and only the body is refused.
  bool has_exchange = false;
};

std::string get(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string post(const std::string& lines, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}
std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

std::vector<Shape> shapes() {
  return {
      {"ContentLengthAndChunked", 400,
       post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")},
      {"ChunkedAndContentLength", 400,
       post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "8\r\nSMUGGLED\r\n0\r\n\r\n")},
      {"TwoContentLengths", 400, post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
      {"TwoEqualContentLengths", 400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
      {"ContentLengthList", 400, post("Content-Length: 5, 5\r\n", "hello")},
      {"SignedContentLength", 400, post("Content-Length: +5\r\n", "hello")},
      {"NegativeContentLength", 400, post("Content-Length: -5\r\n", "hello")},
      {"HexContentLength", 400, post("Content-Length: 0x5\r\n", "hello")},
      {"EmptyContentLength", 400, post("Content-Length:\r\n", "hello")},
      {"SpacedContentLength", 400, post("Content-Length: 5 5\r\n", "hello")},
      {"OverflowingContentLength", 400, post("Content-Length: 18446744073709551621\r\n", "hello")},
      {"XchunkedTransferEncoding", 501, post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"GzipChunkedTransferEncoding", 501,
       post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"ChunkedTwice", 501, post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
      {"ChunkedIdentity", 501, post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"TwoTransferEncodings", 501,
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"TransferEncodingIdentity", 501, post("Transfer-Encoding: identity\r\n", "")},
      {"QuotedTransferEncoding", 501, post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"EmptyTransferEncoding", 501, post("Transfer-Encoding:\r\n", "")},
      {"VerticalTabTransferEncoding", 400,
       post("Transfer-Encoding: \x0b"
            "chunked\r\n",
            "0\r\n\r\n")},
      {"FoldedTransferEncoding", 400, post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
      {"FoldedHeader", 400, get("X: a\r\n\tb\r\n")},
      {"SpaceBeforeFirstHeader", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"TransferEncodingOnHttp10", 400,
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"SpaceBeforeColon", 400, post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
      {"TabBeforeColon", 400, post("Content-Length\t: 5\r\n", "hello")},
      {"EmptyName", 400, get(": x\r\n")},
      {"NoColon", 400, get("Nothing\r\n")},
      {"NonTokenName", 400, get("X(y): 1\r\n")},
      {"HighByteInName", 400, get("X\xc3\xa9: 1\r\n")},
      {"BareLfLine", 400, "GET / HTTP/1.1\nHost: a\n\n"},
      {"BareLfHeader", 400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
      {"BareLfEnd", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"BareCrInValue", 400, get("X: a\rContent-Length: 5\r\n")},
      {"BareCrInName", 400, get("X\r: a\r\n")},
      {"CrLfCrX", 400, "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"},
      {"CrCrLf", 400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
      {"NulInValue", 400, get(std::string("X: a\0b\r\n", 8))},
      {"NulInName", 400, get(std::string("X\0: ab\r\n", 8))},
      {"NulInTarget", 400, std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29)},
      {"DelInValue", 400, get("X: a\x7f\r\n")},
      {"NoHost", 400, "GET / HTTP/1.1\r\n\r\n"},
      {"TwoHosts", 400, get("Host: b\r\n")},
      {"UserInHost", 400, "GET / HTTP/1.1\r\nHost: me@a\r\n\r\n"},
      {"PathInHost", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"BadPortInHost", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
      {"Http09", 400, "GET /\r\n\r\n"},
      {"Http2Version", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {"Http12Version", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
      {"LowerCaseVersion", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
      {"Rtsp", 400, "DESCRIBE /x RTSP/1.0\r\nHost: a\r\n\r\n"},
      {"IceSource", 400, "SOURCE /x ICE/1.0\r\nHost: a\r\n\r\n"},
      {"DoubleSpaceInRequestLine", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"TabInRequestLine", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"SpaceInTarget", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"FragmentInTarget", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"HighByteInTarget", 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"RelativeTarget", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"FtpTarget", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"UserInTarget", 400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"StarForGet", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"Connect", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
      {"UnknownExpectation", 417, post("Content-Length: 5\r\nExpect: 200-ok\r\n", "hello")},
      {"TwoLeadingEmptyLines", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"LeadingBareLf", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"ChunkSizeSemicolon", 400, chunked("5;\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSize0x", 400, chunked("0x5\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizePlus", 400, chunked("+5\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeMinus", 400, chunked("-5\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeLeadingSpace", 400, chunked(" 5\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeTrailingSpace", 400, chunked("5 \r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeUnderscore", 400, chunked("1_0\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeEmpty", 400, chunked("\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeTooLong", 400, chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeOverflow", 400, chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeBareLf", 400, chunked("5\nhello\r\n0\r\n\r\n"), true},
      {"ChunkSizeBareCr", 400, chunked("5\rXhello\r\n0\r\n\r\n"), true},
      {"ChunkExtensionBareLf", 400, chunked("5;a\nhello\r\n0\r\n\r\n"), true},
      {"ChunkExtensionBareCr", 400, chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkExtensionTooLong", 400,
       chunked("5;" + std::string(300, 'a') + "\r\nhello\r\n0\r\n\r\n"), true},
      {"ChunkWithoutCrLf", 400, chunked("5\r\nhello0\r\n\r\n"), true},
      {"ChunkEndsWithBareLf", 400, chunked("5\r\nhello\n0\r\n\r\n"), true},
      {"ChunkLongerThanItsSize", 400, chunked("5\r\nhello!!\r\n0\r\n\r\n"), true},
      {"TrailerBareLf", 400, chunked("0\r\nX: a\n\r\n"), true},
      {"TrailerFolded", 400, chunked("0\r\nX: a\r\n b\r\n\r\n"), true},
      {"TrailerWithoutName", 400, chunked("0\r\n: a\r\n\r\n"), true},
      {"TrailerNul", 400, chunked(std::string("0\r\nX: \0\r\n\r\n", 11)), true},
      {"TrailerSpaceBeforeColon", 400, chunked("0\r\nX : a\r\n\r\n"), true},
  };
}

class SmugglingTest : public testing::TestWithParam<Shape> {};

void expect_refused(const Shape& shape, size_t piece_bytes) {
  ServerRecorder events;
  Http1ServerCodec codec(events, CodecLimits{}, "http");
  absl::Status status;
  Buffer in;
  for (size_t at = 0; at < shape.bytes.size() && status.ok(); at += piece_bytes) {
    in.append(shape.bytes.substr(at, piece_bytes));
    status = codec.feed(in);
  }
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(message(status).substr(0, 3), std::to_string(shape.status));
  EXPECT_EQ(events.order.size(), shape.has_exchange ? 1u : 0u);
  for (const auto& [id, request] : events.requests) {
    EXPECT_FALSE(request.is_complete);
    EXPECT_EQ(request.reset, ResetReason::kProtocolError);
  }
  Buffer out;
  codec.drain(out);
  const std::string answer = out.to_string();
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::to_string(shape.status) + " ");
  EXPECT_NE(answer.find("\r\nconnection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\ncontent-type: application/json\r\n"), std::string::npos);
  EXPECT_NE(answer.find("{\"error\":{\"message\":\""), std::string::npos);
  EXPECT_TRUE(codec.is_finished());
}

TEST_P(SmugglingTest, IsRefusedInOnePiece) { expect_refused(GetParam(), GetParam().bytes.size()); }

TEST_P(SmugglingTest, IsRefusedByteByByte) { expect_refused(GetParam(), 1); }

INSTANTIATE_TEST_SUITE_P(Shapes, SmugglingTest, testing::ValuesIn(shapes()),
                         [](const auto& shape) { return std::string(shape.param.name); });

}  // namespace
}  // namespace omni
