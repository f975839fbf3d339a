#include "source/net/socks5.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "source/base/status.h"

namespace omni::net {
namespace {

template <size_t kSize>
std::string bytes(const char (&literal)[kSize]) {
  return {literal, kSize - 1};
}
Origin at(std::string_view url) { return parse_base_url(url)->origin; }

// A proxy that says `answers`, cut into pieces of `size` bytes.
struct Talk {
  explicit Talk(std::string_view proxy = "socks5://proxy.example",
                std::string_view url = "https://api.example/v1")
      : socks(*parse_proxy(proxy), at(url)) {}

  std::string run(const std::string& answers, size_t size = 1000) {
    Buffer nothing, out;
    EXPECT_FALSE(*socks.step(nothing, out));
    said = out.to_string();
    for (size_t i = 0; i < answers.size(); i += size) {
      Buffer in(std::string_view(answers).substr(i, size)), more;
      const absl::StatusOr<bool> done = socks.step(in, more);
      said += more.to_string();
      if (!done.ok()) {
        code = done.status().code();
        return std::string(message(done.status()));
      }
      if (*done) {
        left = in.to_string() + (i + size < answers.size() ? answers.substr(i + size) : "");
        return "open";
      }
      EXPECT_TRUE(in.empty());
    }
    return "wait";
  }

  Socks5 socks;
  std::string said, left;
  absl::StatusCode code = absl::StatusCode::kOk;
};

const std::string kGreeting = bytes("\x05\x01\x00");
const std::string kAsk = bytes(
    "\x05\x01\x00\x03\x0b"
    "api.example\x01\xbb");
const std::string kReply = bytes("\x05\x00\x00\x01\x7f\x00\x00\x01\x10\x92");

TEST(Socks5Test, OpensWithoutALoginAtEverySplit) {
  for (const std::string& reply : {kReply, bytes("\x05\x00\x00\x04") + std::string(18, 'x'),
                                   bytes("\x05\x00\x00\x03\x05") + "hello" + std::string(2, 'p'),
                                   bytes("\x05\x00\x00\x03\x00\x00\x50"),
                                   bytes("\x05\x00\x00\x03\xff") + std::string(257, 'x')}) {
    for (size_t size = 1; size < 12; ++size) {
      Talk talk;
      EXPECT_EQ(talk.run(bytes("\x05\x00") + reply + "early", size), "open") << size;
      EXPECT_EQ(talk.said, kGreeting + kAsk);
      EXPECT_EQ(talk.left, "early");
    }
  }
}

TEST(Socks5Test, LogsInWhenItIsAsked) {
  const std::string_view proxy = "socks5://ann:hunter2@proxy.example";
  const std::string greeting = bytes("\x05\x02\x00\x02");
  for (size_t size = 1; size < 8; ++size) {
    Talk talk(proxy);
    EXPECT_EQ(talk.run(bytes("\x05\x02\x01\x00") + kReply, size), "open");
    EXPECT_EQ(talk.said, greeting +
                             bytes("\x01\x03"
                                   "ann\x07hunter2") +
                             kAsk);
  }
  Talk open(proxy);
  EXPECT_EQ(open.run(bytes("\x05\x00") + kReply), "open");
  EXPECT_EQ(open.said, greeting + kAsk) << "who does not ask is not told";
  Talk wrong(proxy);
  EXPECT_EQ(wrong.run(bytes("\x05\x02\x01\x01")), "it refused the user name or password");
  EXPECT_EQ(wrong.code, absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Talk(proxy).run(bytes("\x05\x02\x05\x00")), "it does not speak SOCKS5");
}

TEST(Socks5Test, NamesAndAddressesGoAsWhatTheyAre) {
  Talk v4("socks5://p", "http://192.0.2.1:8080");
  EXPECT_EQ(v4.run(bytes("\x05\x00") + kReply), "open");
  EXPECT_EQ(v4.said, kGreeting + bytes("\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90"));
  Talk v6("socks5://p", "http://[2001:db8::1]");
  EXPECT_EQ(v6.run(bytes("\x05\x00") + kReply), "open");
  EXPECT_EQ(v6.said, kGreeting + bytes("\x05\x01\x00\x04\x20\x01\x0d\xb8") + std::string(11, '\0') +
                         bytes("\x01\x00\x50"));
}

TEST(Socks5Test, ARefusalSaysWhoseItIs) {
  const struct {
    int reply;
    std::string_view text;
    bool is_of_origin;
  } cases[] = {{1, "general failure", false},          {2, "not allowed by its rules", false},
               {3, "network unreachable", true},       {4, "host unreachable", true},
               {5, "connection refused", true},        {6, "time to live expired", true},
               {7, "it does not know CONNECT", false}, {200, "an unknown failure", false}};
  for (const auto& [reply, text, is_of_origin] : cases) {
    Talk talk;
    EXPECT_EQ(talk.run(bytes("\x05\x00\x05") + static_cast<char>(reply)),
              "it refused the connection: " + std::string(text));
    EXPECT_EQ(talk.code == TunnelHandshake::kOriginUnreachable, is_of_origin) << reply;
  }
}

TEST(Socks5Test, JunkIsNoAnswer) {
  EXPECT_EQ(Talk().run("HTTP/1.1 400 Bad Request\r\n"), "it does not speak SOCKS5");
  EXPECT_EQ(Talk().run(bytes("\x04\x5a")), "it does not speak SOCKS5");
  EXPECT_EQ(Talk().run(bytes("\x05\xff")), "it wants credentials");
  EXPECT_EQ(Talk("socks5://a:b@p").run(bytes("\x05\xff")), "it takes no user name and password");
  EXPECT_EQ(Talk().run(bytes("\x05\x02")), "it chose a method that was not offered");
  EXPECT_EQ(Talk().run(bytes("\x05\x01")), "it chose a method that was not offered");
  EXPECT_EQ(Talk().run(bytes("\x05\x00\x04\x00\x00\x01")), "it does not speak SOCKS5");
  EXPECT_EQ(Talk().run(bytes("\x05\x00\x05\x00\x00\x02")),
            "its reply has an unknown type of address");
  EXPECT_EQ(Talk().run(bytes("\x05")), "wait");
}

}  // namespace
}  // namespace omni::net
