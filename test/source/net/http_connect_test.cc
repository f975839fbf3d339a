#include "source/net/http_connect.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"

namespace omni::net {
namespace {

Origin at(std::string_view url) { return parse_base_url(url)->origin; }

struct Talk {
  explicit Talk(std::string_view proxy = "http://proxy.example",
                std::string_view url = "https://api.example/v1")
      : connect(*parse_proxy(proxy), at(url)) {
    Buffer nothing, out;
    EXPECT_FALSE(*connect.step(nothing, out));
    said = out.to_string();
  }
  // What the proxy says, in pieces. "open", "wait" or the error.
  std::string hear(const std::vector<std::string_view>& pieces) {
    for (const std::string_view piece : pieces) {
      Buffer in(piece), out;
      const absl::StatusOr<bool> done = connect.step(in, out);
      EXPECT_TRUE(out.empty()) << "nothing is said twice";
      left += in.to_string();
      if (!done.ok()) {
        code = done.status().code();
        return std::string(message(done.status()));
      }
      if (*done) return "open";
      EXPECT_TRUE(in.empty());
    }
    return "wait";
  }

  HttpConnect connect;
  std::string said, left;
  absl::StatusCode code = absl::StatusCode::kOk;
};

constexpr std::string_view kOpen = "HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n";

TEST(HttpConnectTest, AsksForTheOriginWithItsPort) {
  EXPECT_EQ(Talk().said, "CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n\r\n");
  EXPECT_EQ(Talk("http://p", "http://api.example").said,
            "CONNECT api.example:80 HTTP/1.1\r\nhost: api.example:80\r\n\r\n");
  EXPECT_EQ(Talk("http://p", "https://[2001:db8::1]:8443").said,
            "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nhost: [2001:db8::1]:8443\r\n\r\n");
  EXPECT_EQ(Talk("http://Aladdin:open%20sesame@p").said,
            "CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n"
            "proxy-authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")
      << "the example of RFC 7617 section 2";
}

TEST(HttpConnectTest, OpensAtEverySplit) {
  for (const std::string_view answer :
       {kOpen, std::string_view("HTTP/1.0 204\r\n\r\n"),
        std::string_view(
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"),
        std::string_view("HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 \r\n\r\n")}) {
    for (size_t cut = 0; cut <= answer.size(); ++cut) {
      Talk talk;
      EXPECT_EQ(talk.hear({answer.substr(0, cut), answer.substr(cut)}), "open") << answer << cut;
    }
    Talk talk;
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < answer.size(); ++i) bytes.push_back(answer.substr(i, 1));
    EXPECT_EQ(talk.hear(bytes), "open") << answer;
  }
}

TEST(HttpConnectTest, LeavesWhatTheOriginSaid) {
  Talk talk;
  EXPECT_EQ(talk.hear({std::string(kOpen) + "PRI * early"}), "open");
  EXPECT_EQ(talk.left, "PRI * early");
}

TEST(HttpConnectTest, ARefusalSaysWhoseItIs) {
  const struct {
    std::string_view answer, text;
    absl::StatusCode code;
  } cases[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\nbody",
       "it answered 407: it wants other credentials", absl::StatusCode::kPermissionDenied},
      {"HTTP/1.1 403 No\r\n\r\n", "it answered CONNECT with 403",
       absl::StatusCode::kInvalidArgument},
      {"HTTP/1.1 503 Busy\r\n\r\n", "it answered CONNECT with 503",
       absl::StatusCode::kInvalidArgument},
      {"HTTP/1.1 101 Switching\r\n\r\n", "it answered CONNECT with 101",
       absl::StatusCode::kInvalidArgument},
      {"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n", "it answered CONNECT with 302",
       absl::StatusCode::kInvalidArgument},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "it answered CONNECT with 502",
       TunnelHandshake::kOriginUnreachable},
      {"HTTP/1.1 504 Timeout\r\n\r\n", "it answered CONNECT with 504",
       TunnelHandshake::kOriginUnreachable},
  };
  for (const auto& [answer, text, code] : cases) {
    Talk talk;
    EXPECT_EQ(talk.hear({answer}), text);
    EXPECT_EQ(talk.code, code) << answer;
  }
}

TEST(HttpConnectTest, JunkIsNoAnswer) {
  for (const std::string_view answer :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n", "\r\n",
        "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n"})
    EXPECT_EQ(Talk().hear({answer}), "its answer to CONNECT is not HTTP") << answer;
  EXPECT_EQ(Talk().hear({"HTTP/1.1 200 OK\r\n", "a: b\r"}), "wait");
}

TEST(HttpConnectTest, AnEndlessAnswerIsCut) {
  Talk talk;
  const std::string piece = "x-filler: " + std::string(1000, 'x') + "\r\n";
  std::string result = talk.hear({"HTTP/1.1 200 OK\r\n"});
  size_t said = 0;
  while (result == "wait" && said < 100'000) {
    result = talk.hear({piece});
    said += piece.size();
  }
  EXPECT_EQ(result, "its answer to CONNECT is too long");
  EXPECT_LE(said, TunnelHandshake::kMostBytes + piece.size());
  const std::string line(20'000, 'x');
  EXPECT_EQ(Talk().hear({line}), "its answer to CONNECT is too long");
}

}  // namespace
}  // namespace omni::net
