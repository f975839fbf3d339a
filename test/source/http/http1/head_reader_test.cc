// Our reader of heads beside llhttp: accepted and refused heads in every split, every byte at every
// place, and random ones.
#include "source/http/http1/head_reader.h"

#include <gtest/gtest.h>
#include <llhttp.h>

#include <random>
#include <string>
#include <vector>

#include "test/support/head_comparison.h"

namespace omni {
namespace {

using test::HeadType;

std::string difference(HeadType type, std::string_view head, size_t piece = SIZE_MAX,
                       const CodecLimits& limits = {}) {
  return test::difference(type, head, limits, [piece] { return piece; });
}

std::string request(const std::string& fields) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: a.example:80\r\n" + fields + "\r\n";
}
std::string response(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

const std::vector<std::string>& field_blocks() {
  static const std::vector<std::string> blocks = {
      "",
      "A: b\r\n",
      "A:b\r\n",
      "A: \t b \t\r\n",
      "A:\r\n",
      "A:  \r\n",
      "A: b\tc\r\n",
      "A: \xff\x80\r\n",
      "a-Name_of.EVERY!char#$%&'*+^`|~0: x\r\n",
      "A-name-that-is-longer-than-the-usual-ones-and-than-any-room-for-them: x\r\n",
      "Exactly-Forty-Eight-Bytes-Long-Name-Of-A-Header-: x\r\n",
      "A: " + std::string(600, 'v') + "\r\nB: c\r\n",
      "A: 0123456789abcde\r\nB: 0123456789abcdef\r\nC: 0123456789abcdef0\r\n",
      "Content-Length: 5\r\n",
      "Content-Length: 5 \r\n",
      "Content-Length: 5\t\r\n",
      "Content-Length: 5 \t \r\n",
      "Content-Length: \t5\r\n",
      "Content-Length:\r\n",
      "Content-Length: 0\r\n",
      "Content-Length: 00\r\n",
      "Content-Length: 5, 5\r\n",
      "Content-Length: 5\r\nContent-Length: 5\r\n",
      "Content-Length: 123456789012345678\r\n",
      "Content-Length: 1234567890123456789\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Transfer-Encoding: ChunKed\t\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: chunked, gzip\r\n",
      "Transfer-Encoding: \r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n",
      "Connection: close\r\n",
      "Connection: Keep-Alive, X-Mine,, ,close\r\nX-Mine: 1\r\nX-Other: 2\r\n",
      "X-Mine: 1\r\nConnection: x-mine\r\nX-Mine: 2\r\n",
      "Connection: upgrade\r\nUpgrade: websocket\r\n",
      "TE: trailers\r\nTrailer: a\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nHTTP2-Settings: a\r\n",
      "Expect: 100-continue\r\nContent-Length: 5\r\n",
      "Expect: 100-Continue\r\n",
      "Expect: x\r\n",
      "Expect: 100-continue\r\nExpect: 100-continue\r\n",
      "Host: b\r\n",
      "Hos: b\r\nHosts: c\r\n",
      // Wrong everywhere.
      ": b\r\n",
      "A\r\n",
      "A : b\r\n",
      "A\t: b\r\n",
      " A: b\r\n",
      "A: b\r\n c\r\n",
      "A: b\nC: d\r\n",
      "A: b\rC: d\r\n",
      "A: b\r\r\n",
      "A(: b\r\n",
      "\xc3: b\r\n",
      std::string("A: \0\r\n", 6),
      "A: \x7f\r\n",
      "A: \x1f\r\n",
      "\n",
  };
  return blocks;
}

std::vector<std::string> first_lines() {
  return {"GET / HTTP/1.1",
          "POST /v1/chat/completions HTTP/1.1",
          "\r\nGET /x HTTP/1.1",
          "\r\n\r\nGET /x HTTP/1.1",
          "\nGET / HTTP/1.1",
          "GET / HTTP/1.0",
          "GET / HTTP/1.2",
          "GET / HTTP/2.0",
          "GET / HTTP/11",
          "GET / http/1.1",
          "GET /",
          "GET  / HTTP/1.1",
          "GET / HTTP/1.1 ",
          " GET / HTTP/1.1",
          "GET\t/ HTTP/1.1",
          "get / HTTP/1.1",
          "BREW / HTTP/1.1",
          "G(T / HTTP/1.1",
          "PRI * HTTP/1.1",
          "PRI * HTTP/2.0",
          "OPTIONS * HTTP/1.1",
          "OPTIONS http://a HTTP/1.1",
          "GET * HTTP/1.1",
          "GET *x HTTP/1.1",
          "GET a HTTP/1.1",
          "GET http://real:8080?q HTTP/1.1",
          "GET HTTPS://[::1]:80/x?y?z HTTP/1.1",
          "GET http:///x HTTP/1.1",
          "GET http://u@a/ HTTP/1.1",
          "GET ftp://a/ HTTP/1.1",
          "GET http:/a HTTP/1.1",
          "GET /a#b HTTP/1.1",
          "GET /\xc3\xa9 HTTP/1.1",
          "GET /a\"<>\\^`{|}~?/?'\" HTTP/1.1",
          "CONNECT a:443 HTTP/1.1",
          "HTTP/1.1 200 OK",
          "HTTP/1.1 200 Fine by me",
          "HTTP/1.1 200 ",
          "HTTP/1.1 200",
          "HTTP/1.0 200 OK",
          "HTTP/1.1 404 Not Found",
          "HTTP/1.1 999 \xff",
          "HTTP/1.1 099 x",
          "HTTP/1.1 20 x",
          "HTTP/1.1 2000 x",
          "HTTP/1.1 200\tOK",
          "HTTP/1.1 200 O\tK",
          "HTTP/2.0 200 OK",
          "HTTP/1.1  200 OK",
          "ICY 200 OK",
          ""};
}

TEST(HeadReaderTest, ReadsEveryFieldBlockAsLlhttpDoesInEverySplit) {
  for (const std::string& block : field_blocks()) {
    for (const auto& [type, head] : {std::pair(HeadType::kRequest, request(block)),
                                     std::pair(HeadType::kResponse, response(block)),
                                     std::pair(HeadType::kTrailers, block + "\r\n")}) {
      const std::string bytes = head + "behind";
      for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{2}, size_t{7}, size_t{17}})
        ASSERT_EQ(difference(type, bytes, piece), "") << bytes;
      for (size_t cut = 1; cut < bytes.size(); ++cut) {
        bool is_second = false;
        const auto pieces = [&] { return std::exchange(is_second, true) ? SIZE_MAX : cut; };
        ASSERT_EQ(test::difference(type, bytes, {}, pieces), "") << cut << " of " << bytes;
        ASSERT_EQ(difference(type, bytes.substr(0, cut)), "") << cut << " of " << bytes;
      }
    }
  }
}

TEST(HeadReaderTest, ReadsEveryFirstLineAsLlhttpDoes) {
  for (const std::string& line : first_lines()) {
    for (const char* fields : {"Host: a\r\n\r\n", "\r\n", "Host: a\r\nHost: a\r\n\r\n",
                               "Host: a/b\r\nContent-Length: 1\r\n\r\n"}) {
      const std::string head = line + "\r\n" + fields;
      for (const HeadType type : {HeadType::kRequest, HeadType::kResponse})
        for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{5}})
          ASSERT_EQ(difference(type, head, piece), "") << head;
    }
  }
}

TEST(HeadReaderTest, KnowsTheMethodsThatLlhttpKnows) {
#define OMNI_METHOD(number, name, text) #text,
  for (const std::string method : {HTTP_ALL_METHOD_MAP(OMNI_METHOD) "GETS", "POS", "X"}) {
    for (const char* target : {"/", "*", "a:1"})
      ASSERT_EQ(
          difference(HeadType::kRequest, method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"),
          "")
          << method << " " << target;
  }
#undef OMNI_METHOD
}

TEST(HeadReaderTest, AgreesWithLlhttpOnEveryByteAtEveryPlace) {
  const std::string heads[] = {
      "GET /path/of?query=1 HTTP/1.1\r\nHost: a\r\nX-Long-Name-Of-A-Field: value of some "
      "size\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Long-Name-Of-A-Field: value of some size\r\n\r\n",
      "X-Long-Name-Of-A-Field: value of some size\r\n\r\n"};
  for (size_t i = 0; i < std::size(heads); ++i) {
    for (size_t at = 0; at < heads[i].size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string head = heads[i];
        head[at] = static_cast<char>(c);
        ASSERT_EQ(difference(static_cast<HeadType>(i), head), "") << at << " is " << c;
      }
    }
  }
}

TEST(HeadReaderTest, AgreesWithLlhttpOnRandomHeads) {
  std::mt19937 random(11);
  const auto& blocks = field_blocks();
  const auto lines = first_lines();
  for (int round = 0; round < 30000; ++round) {
    std::string head = lines[random() % lines.size()] + "\r\n";
    for (size_t n = random() % 6; n > 0; --n) head += blocks[random() % blocks.size()];
    if (random() % 2 == 0) head += "Host: a\r\n";
    head += "\r\n";
    for (size_t n = random() % 3; n > 0; --n) {
      const size_t at = random() % head.size();
      if (random() % 2 == 0)
        head.erase(at, 1);
      else
        head.insert(at, 1, ":\r\n\t aZ,;\x7f\0"[random() % 11]);
    }
    CodecLimits limits;
    limits.header_bytes = random() % 4 == 0 ? random() % 300 : 4096;
    limits.header_count = random() % 4 == 0 ? random() % 5 : 20;
    const size_t most = 1 + random() % 40;
    const auto piece = [&] { return random() % most; };
    const auto type = static_cast<HeadType>(random() % 3);
    ASSERT_EQ(test::difference(type, head, limits, piece), "") << head;
  }
}

TEST(HeadReaderTest, EndsAtItsLimitsWhereLlhttpsGuardDid) {
  const std::string head = request("A: b\r\nC: d\r\nE: f\r\n") + "behind";
  for (size_t bytes = 0; bytes < head.size() + 2; ++bytes) {
    for (size_t count = 0; count < 6; ++count) {
      CodecLimits limits;
      limits.header_bytes = bytes;
      limits.header_count = count;
      for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{9}})
        ASSERT_EQ(difference(HeadType::kRequest, head, piece, limits), "") << bytes << " " << count;
    }
  }
}

TEST(HeadReaderTest, StartsOverAfterEachHead) {
  HeadReader reader(HeadReader::Kind::kRequest, {});
  Buffer in(request("Content-Length: 3\r\nConnection: close, x\r\nX: 1\r\nY: 2\r\n") +
            "GET /b HTTP/1.0\r\n\r\n");
  Framing framing;
  RequestHead head;
  ASSERT_EQ(reader.read(in), HeadReader::Verdict::kComplete);
  EXPECT_FALSE(reader.is_empty());
  ASSERT_FALSE(reader.finish("http", framing, head));
  EXPECT_EQ(head.headers.size(), 1u);
  EXPECT_FALSE(framing.keeps_alive);
  EXPECT_TRUE(reader.is_empty());
  ASSERT_EQ(reader.read(in), HeadReader::Verdict::kComplete);
  RequestHead second;
  Framing second_framing;
  ASSERT_FALSE(reader.finish("https", second_framing, second));
  EXPECT_EQ(second.target, "/b");
  EXPECT_EQ(second.authority, "");
  EXPECT_TRUE(second.headers.empty());
  EXPECT_TRUE(second_framing.is_old);
  EXPECT_FALSE(second.has_body);
}

}  // namespace
}  // namespace omni
