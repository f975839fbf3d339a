// One upstream's stream towards every client, each read by the rules of its dialect.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "test/support/client_view.h"

namespace omni::test {

// `check(told, kind, bytes)` for each client; a rule that is broken fails the test.
template <typename Check>
void for_every_client(Dialect from, std::string_view stream, Check check) {
  Relay relay(from);
  relay.feed(stream);
  relay.finish();
  for (size_t i = 0; i < relay.kinds().size(); ++i) {
    SCOPED_TRACE(fmt::format("{} to {}", omni::name_of(from), name_of(relay.kinds()[i])));
    const Told told = read_as_client(relay.kinds()[i], relay.out(i));
    ASSERT_EQ(told.problem, "") << relay.out(i);
    ASSERT_NO_FATAL_FAILURE(check(told, relay.kinds()[i], relay.out(i)));
  }
}

// Pieces that many streams are made of.
inline std::string chat_chunk(std::string_view delta, std::string_view finish = "null",
                              std::string_view more = "") {
  return fmt::format(
      "data: {{\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{},"
      "\"finish_reason\":{}}}]{}}}\n\n",
      delta, finish, more);
}
inline constexpr std::string_view kChatDone = "data: [DONE]\n\n";

// An event whose type stands in its data too: Anthropic's and Responses'.
inline std::string typed_event(std::string_view type, std::string_view members = "") {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}{2}}}\n\n", type,
                     members.empty() ? "" : ",", members);
}
inline std::string block_start(int index, std::string_view block) {
  return typed_event("content_block_start",
                     fmt::format(R"("index":{},"content_block":{})", index, block));
}
inline std::string block_delta(int index, std::string_view delta) {
  return typed_event("content_block_delta", fmt::format(R"("index":{},"delta":{})", index, delta));
}
inline std::string block_stop(int index) {
  return typed_event("content_block_stop", fmt::format(R"("index":{})", index));
}

}  // namespace omni::test
