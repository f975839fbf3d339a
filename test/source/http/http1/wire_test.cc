// Whatever a filter or a configuration puts into a head, what leaves is one head with the fields
// that may stand in one.
#include "source/http/http1/wire.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "source/http/vocabulary.h"
#include "test/support/llhttp_heads.h"

namespace omni {
namespace {

using test::HeadType;

// Mostly harmless, with what has been used to split messages.
std::string random_text(std::mt19937& random, size_t most) {
  std::string text;
  for (size_t size = random() % (most + 1); size > 0; --size)
    text += random() % 40 == 0 ? "\r\n\0\t\x7f\x80: ,_."[random() % 12] : "aZ0-"[random() % 4];
  return text;
}

std::string random_name(std::mt19937& random) {
  constexpr std::string_view kNames[] = {"content-length", "transfer-encoding", "host",
                                         "connection",     "content-type",      "x-a\r\nx-b"};
  return random() % 4 == 0 ? std::string(kNames[random() % std::size(kNames)])
                           : random_text(random, 40);
}

void expect_written(const Headers& given, const std::string& wire, const test::OracleHead& head) {
  ASSERT_TRUE(head.is_complete);
  ASSERT_FALSE(head.fault) << wire;
  ASSERT_EQ(head.size, wire.size()) << wire;
  Headers expected;
  for (const Headers::Field field : given) {
    if (is_made_by_codec(field.name) || !is_token(field.name) || !is_field_value(field.value))
      continue;
    std::string_view value = field.value;
    constexpr std::string_view kBlank = " \t";
    while (!value.empty() && kBlank.find(value.front()) != kBlank.npos) value.remove_prefix(1);
    while (!value.empty() && kBlank.find(value.back()) != kBlank.npos) value.remove_suffix(1);
    expected.add(std::string(field.name), value);
  }
  const Headers& read = head.request.method.empty() ? head.response.headers : head.request.headers;
  ASSERT_EQ(read.size(), expected.size()) << wire;
  for (size_t i = 0; i < read.size(); ++i) {
    ASSERT_TRUE(std::equal(
        read[i].name.begin(), read[i].name.end(), expected[i].name.begin(), expected[i].name.end(),
        [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); }));
    ASSERT_EQ(read[i].value, expected[i].value);
  }
}

TEST(WireTest, NothingThatSplitsAHeadIsEverWritten) {
  std::mt19937 random(5);
  CodecLimits limits;
  for (int round = 0; round < 20000; ++round) {
    RequestHead request;
    request.method = random() % 4 == 0 ? random_text(random, 6) : "POST";
    if (request.method != "POST" && !is_known_method(request.method)) request.method = "A\r\nB";
    request.target = "/" + random_text(random, 30);
    request.authority = random_text(random, 20);
    for (size_t n = random() % 8; n > 0; --n)
      request.headers.add(random_name(random), random_text(random, 60));
    if (random() % 4 == 0) request.headers.remove("content-type");
    Buffer out;
    write_request_head(request, 5, BodyFraming::kFixed, out);
    std::string wire = out.to_string();
    expect_written(request.headers, wire,
                   test::read_head_by_llhttp(HeadType::kRequest, wire, limits));
    ResponseHead response;
    response.status = 200;
    response.headers = std::move(request.headers);
    Buffer answer;
    write_response_head(response, 5, BodyFraming::kFixed, ConnectionWord::kClose, answer);
    wire = answer.to_string();
    expect_written(response.headers, wire,
                   test::read_head_by_llhttp(HeadType::kResponse, wire, limits));
  }
}

}  // namespace
}  // namespace omni
